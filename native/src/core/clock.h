// The clocks of the pipeline. Deadlines are instants of the monotonic clock; the system clock is
// read once per session, to anchor RTCP sender reports. Both are injected, so that tests can run an
// hour in a second.
#pragma once

#include <cstdint>
#include <string_view>

namespace videopush {

using Nanoseconds = std::int64_t;

inline constexpr Nanoseconds kMillisecond = 1'000'000;
inline constexpr Nanoseconds kSecond = 1'000'000'000;

inline double to_seconds(Nanoseconds ns) {
  return static_cast<double>(ns) / static_cast<double>(kSecond);
}
inline Nanoseconds from_seconds(double seconds) {
  return static_cast<Nanoseconds>(seconds * static_cast<double>(kSecond));
}

enum class WakeReason { Due, Readable, Woken, Aborted };

/// What a wait listens to besides time. File descriptors < 0 are ignored.
struct WaitOn {
  int socket_fd = -1;  // readable -> WakeReason::Readable (also on hang-up or error)
  int wake_fd = -1;    // eventfd, drained by the clock -> WakeReason::Woken
  int abort_fd = -1;   // AbortSignal::fd() -> WakeReason::Aborted
};

class Clock {
 public:
  virtual ~Clock() = default;
  /// CLOCK_MONOTONIC, nanoseconds. The same in every process of one machine.
  virtual Nanoseconds now() const = 0;
  /// CLOCK_REALTIME, nanoseconds since 1970.
  virtual Nanoseconds wall_now() const = 0;
  /// Sleeps until `deadline` (absolute, `now()`'s clock) or an event. Precise: the last millisecond
  /// is slept by clock_nanosleep(TIMER_ABSTIME), deaf to events. A deadline that has passed, or is
  /// that near, still looks at the descriptors once. Of several events at once: Aborted before
  /// Woken before Readable.
  virtual WakeReason wait_until(Nanoseconds deadline, const WaitOn& on) = 0;
};

Clock& system_clock();

/// Timer slack of 1 us and, where the kernel honours it (>= 6.12), a short scheduling slice for the
/// calling thread.
void make_thread_punctual();

/// The deadline of a wait that has none of its own.
inline constexpr Nanoseconds kForever = INT64_MAX;

}  // namespace videopush
