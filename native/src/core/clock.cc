#include "core/clock.h"

#include <linux/types.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace videopush {
namespace {

/// The wait for descriptors ends this long before the deadline; the rest is one clock_nanosleep.
/// poll(2) may oversleep by 0.1 % of its timeout (select_estimate_accuracy in the kernel), an
/// absolute sleep only by the timer slack; and the early wake brings the core out of its deep idle
/// state.
constexpr Nanoseconds kLastStretch = 1'000'000;
/// One ppoll at most, so that the timeout always fits.
constexpr Nanoseconds kLongestPoll = 3600 * kSecond;

timespec to_timespec(Nanoseconds ns) {
  return {.tv_sec = static_cast<time_t>(ns / kSecond), .tv_nsec = static_cast<long>(ns % kSecond)};
}

Nanoseconds read(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<Nanoseconds>(t.tv_sec) * kSecond + t.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  Nanoseconds now() const override { return read(CLOCK_MONOTONIC); }
  Nanoseconds wall_now() const override { return read(CLOCK_REALTIME); }

  WakeReason wait_until(Nanoseconds deadline, const WaitOn& on) override {
    for (;;) {
      const Nanoseconds left = deadline - now();
      const Nanoseconds timeout = std::clamp<Nanoseconds>(left - kLastStretch, 0, kLongestPoll);
      const WakeReason reason = look(on, timeout);
      if (reason != WakeReason::Due) return reason;
      if (deadline - now() <= kLastStretch) break;
    }
    const timespec until = to_timespec(std::max<Nanoseconds>(deadline, 0));
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
    return WakeReason::Due;
  }

 private:
  /// Due when nothing happened within `timeout`.
  static WakeReason look(const WaitOn& on, Nanoseconds timeout) {
    enum { kAbort, kWake, kSocket };
    pollfd fds[] = {{on.abort_fd, POLLIN, 0}, {on.wake_fd, POLLIN, 0}, {on.socket_fd, POLLIN, 0}};
    const timespec limit = to_timespec(timeout);
    if (ppoll(fds, std::size(fds), &limit, nullptr) <= 0) return WakeReason::Due;
    if (fds[kAbort].revents != 0) return WakeReason::Aborted;
    if (fds[kWake].revents != 0) {
      std::uint64_t count;
      [[maybe_unused]] const ssize_t drained = ::read(on.wake_fd, &count, sizeof count);
      return WakeReason::Woken;
    }
    return WakeReason::Readable;
  }
};

// linux/sched/types.h clashes with glibc's sched.h, so the kernel's struct is spelled out
// (sched_setattr(2)).
struct SchedAttr {
  __u32 size;
  __u32 sched_policy;
  __u64 sched_flags;
  __s32 sched_nice;
  __u32 sched_priority;
  __u64 sched_runtime;
  __u64 sched_deadline;
  __u64 sched_period;
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

void make_thread_punctual() {
  constexpr unsigned long kSlackNs = 1'000;
  constexpr __u64 kSliceNs = 100'000;
  // Both are wishes: a kernel that refuses one leaves the thread as punctual as any other.
  prctl(PR_SET_TIMERSLACK, kSlackNs, 0, 0, 0);
  SchedAttr attr{};
  attr.size = sizeof attr;
  attr.sched_nice = getpriority(PRIO_PROCESS, 0);  // of the calling thread on Linux
  attr.sched_runtime = kSliceNs;
  syscall(SYS_sched_setattr, 0, &attr, 0);
}

}  // namespace videopush
