#include "ring/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

namespace videopush::ring {
namespace {

constexpr Nanoseconds kSlice = 50'000'000;

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* timeout) {
  static_assert(sizeof word == sizeof(std::uint32_t));
  return syscall(SYS_futex, &word, operation, value, timeout, nullptr, 0);
}

}  // namespace

Nanoseconds monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<Nanoseconds>(now.tv_sec) * kSecond + now.tv_nsec;
}

void ring_bell(std::atomic<std::uint32_t>& bell) {
  bell.fetch_add(1);
  futex(bell, FUTEX_WAKE, INT_MAX, nullptr);
}

BellWait::BellWait(Nanoseconds limit) : until_(kForever) {
  const Nanoseconds now = monotonic_now();
  if (limit < kForever - now) until_ = now + std::max<Nanoseconds>(limit, 0);
}

bool BellWait::expired() const { return until_ != kForever && monotonic_now() >= until_; }

Nanoseconds BellWait::slice(std::atomic<std::uint32_t>& bell, std::uint32_t seen) {
  const Nanoseconds start = monotonic_now();
  const Nanoseconds sleep = std::min(kSlice, until_ - start);
  if (sleep <= 0) return 0;
  const timespec timeout{.tv_sec = 0, .tv_nsec = static_cast<long>(sleep)};
  // Returns at once with EAGAIN when the bell has rung since; a signal (EINTR) ends the slice
  // early. Both are fine.
  futex(bell, FUTEX_WAIT, seen, &timeout);
  return monotonic_now() - start;
}

}  // namespace videopush::ring
