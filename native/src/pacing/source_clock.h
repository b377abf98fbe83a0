// How fast a live source's clock runs against this machine's, and by how much its schedule follows.
// Pure: every instant is an argument.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.h"

namespace videopush::pacing {

/// The largest slew of a schedule, which nobody notices. Crystals differ by up to about 100 ppm.
inline constexpr double kMaxSlewPpm = 500;

/// Watches the *slack* of each frame: the time from the instant at which the decoder gave it to its
/// deadline. A source that is slower than its timestamps say uses the slack up, a faster one adds
/// to it. The schedule follows by as much as observe() says.
///
/// - Slewing keeps the slack at its target: by at most 500 ppm of the time that passes, in
///   proportion to what the slack lacks (time constant 60 s).
/// - What slewing can't follow, a source at 95 % or a clock that was set, is a *step*: once the
///   slack has been off by more than kStepBeyond for kStepAfter, it is brought back at once. A
///   burst of frames that were held up on their way is shorter than that.
///
/// The target is the slack of the beginning, so that latency stays what it was.
class SourceClock {
 public:
  static constexpr Nanoseconds kStepBeyond = 250 * kMillisecond;
  static constexpr Nanoseconds kStepAfter = kSecond;

  struct Correction {
    Nanoseconds shift = 0;  // added to the schedule; positive = later
    bool step = false;
  };
  /// Once per frame, in order. `produced`: when the decoder gave it. `media`: its time, ns.
  /// `slack`: its deadline by the schedule as it is, minus `produced`.
  Correction observe(Nanoseconds produced, Nanoseconds media, Nanoseconds slack);
  /// The decoder had to wait for the queue, so its frames say nothing about the source: the
  /// estimate begins again with the next frame. The target stays.
  void pause();
  /// The slack of the next frame is the new target: the schedule was moved on purpose.
  void retarget();

  /// Speed of the source's clock against ours, in parts per million; positive where it is faster.
  /// Unset until it has been watched for 60 s.
  std::optional<double> ppm() const;

 private:
  /// Averages over the time that passes, with an exponential window.
  class Average {
   public:
    explicit Average(Nanoseconds constant) : constant_(static_cast<double>(constant)) {}
    void add(double value, Nanoseconds elapsed);
    void reset() { started_ = false; }
    double value() const { return value_; }
    /// How far the average of a ramp of slope 1 lies behind the ramp, ns.
    double delay() const;

   private:
    double constant_, value_ = 0, age_ = 0;
    bool started_ = false;
  };

  std::optional<Nanoseconds> target_;
  std::optional<Nanoseconds> last_produced_;
  std::optional<Nanoseconds> off_since_;  // the slack has been off by more than kStepBeyond
  Nanoseconds first_produced_ = 0, origin_ = 0;
  double owed_ = 0;  // of the slew, below a nanosecond
  Average slack_{2 * kSecond};
  // Averages of the instants at which frames came, minus their media time. Two averages of a ramp
  // differ by its slope times the difference of their delays.
  Average quick_{30 * kSecond}, slow_{180 * kSecond};
};

}  // namespace videopush::pacing
