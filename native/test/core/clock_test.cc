#include "core/clock.h"

#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "core/abort.h"
#include "support/sim_clock.h"

using namespace videopush;

namespace {

struct SocketPair {
  int ends[2];
  SocketPair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0); }
  ~SocketPair() {
    close(ends[0]);
    close(ends[1]);
  }
};

struct EventFd {
  int fd = eventfd(0, EFD_NONBLOCK);
  ~EventFd() { close(fd); }
};

}  // namespace

TEST_CASE("a wait ends on its deadline, never before, and soon after") {
  Clock& clock = system_clock();
  make_thread_punctual();
  std::vector<Nanoseconds> over;
  for (int i = 0; i < 40; ++i) {
    const Nanoseconds deadline = clock.now() + 3 * kMillisecond;
    REQUIRE(clock.wait_until(deadline, {}) == WakeReason::Due);
    over.push_back(clock.now() - deadline);
  }
  std::sort(over.begin(), over.end());
  CHECK(over.front() >= 0);
  MESSAGE("median oversleep ", over[over.size() / 2] / 1000, " us");
  CHECK(over[over.size() / 2] < 2 * kMillisecond);
}

TEST_CASE("a wait returns what ended it, the abort before the wake-up before the socket") {
  Clock& clock = system_clock();
  AbortSignal abort;
  EventFd wake;
  SocketPair pair;
  const WaitOn on{pair.ends[0], wake.fd, abort.fd()};
  REQUIRE(write(pair.ends[1], "x", 1) == 1);
  CHECK(clock.wait_until(kForever, on) == WakeReason::Readable);
  REQUIRE(eventfd_write(wake.fd, 3) == 0);
  CHECK(clock.wait_until(kForever, on) == WakeReason::Woken);
  CHECK(clock.wait_until(kForever, on) == WakeReason::Readable);  // the wake-up was drained
  abort.abort();
  CHECK(clock.wait_until(kForever, on) == WakeReason::Aborted);
}

TEST_CASE("a deadline that has passed still looks at the descriptors") {
  SocketPair pair;
  REQUIRE(write(pair.ends[1], "x", 1) == 1);
  CHECK(system_clock().wait_until(0, {.socket_fd = pair.ends[0]}) == WakeReason::Readable);
  CHECK(system_clock().wait_until(0, {}) == WakeReason::Due);
}

TEST_CASE("a socket that hangs up ends the wait") {
  SocketPair pair;
  shutdown(pair.ends[1], SHUT_RDWR);
  CHECK(system_clock().wait_until(kForever, {.socket_fd = pair.ends[0]}) == WakeReason::Readable);
}

TEST_CASE("an abort from another thread ends a long wait within 100 ms") {
  Clock& clock = system_clock();
  AbortSignal abort;
  Nanoseconds aborted_at = 0;
  std::thread other([&] {
    clock.wait_until(clock.now() + 20 * kMillisecond, {});
    aborted_at = clock.now();
    abort.abort();
  });
  CHECK(clock.wait_until(clock.now() + 60 * kSecond, {.abort_fd = abort.fd()}) ==
        WakeReason::Aborted);
  const Nanoseconds noticed = clock.now();
  other.join();
  CHECK(noticed - aborted_at < 100 * kMillisecond);
}

TEST_CASE("a punctual thread has a timer slack of one microsecond") {
  std::thread([] {
    make_thread_punctual();
    CHECK(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) == 1'000);
  }).join();
}

TEST_CASE("the simulated clock passes an hour at once and runs what was planned on the way") {
  test::SimClock clock(10 * kSecond);
  SocketPair pair;
  const Nanoseconds wall = clock.wall_now();
  clock.at(1'000 * kSecond, [&] { clock.step_wall(-3'600 * kSecond); });
  clock.at(2'000 * kSecond, [&] { REQUIRE(write(pair.ends[1], "x", 1) == 1); });
  const WaitOn on{.socket_fd = pair.ends[0]};
  CHECK(clock.wait_until(3'610 * kSecond, on) == WakeReason::Readable);
  CHECK(clock.now() == 2'000 * kSecond);
  CHECK(clock.wall_now() - wall == (1'990 - 3'600) * kSecond);
  char byte;
  REQUIRE(read(pair.ends[0], &byte, 1) == 1);
  CHECK(clock.wait_until(3'610 * kSecond, on) == WakeReason::Due);
  CHECK(clock.now() == 3'610 * kSecond);
  CHECK_THROWS_AS(clock.wait_until(kForever, on), std::logic_error);
}
