// By how much the schedule of a live source follows its clock. Pure: every instant is an argument.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.h"
#include "pacing/source_rate.h"

namespace videopush::pacing {

/// The largest slew of a schedule, which nobody notices. Crystals differ by up to about 100 ppm.
inline constexpr double kMaxSlewPpm = 500;

/// Watches the *slack* of each frame: the time from the instant at which the decoder gave it to its
/// deadline. A source that is slower than its timestamps say uses the slack up, a faster one adds
/// to it. The schedule follows by as much as observe() says.
///
/// - Slewing keeps the slack at its target: by at most 500 ppm of the time that passes, in
///   proportion to what the slack lacks (time constant 60 s).
/// - A source that is known to be off by more than that, such as one at 95 %, is *followed* at its
///   rate, so that no frame is late for it. Each quarter of a second is counted as a rebase.
/// - What is not known yet, or comes at once, such as a clock that was set, is a *step*: once the
///   slack has been off for kStepAfter, it is brought back at once, which is a rebase, too. It is
///   off from kStepBeyond on, and earlier where frames come after their deadlines. A burst of
///   frames that were held up on their way is shorter than that.
///
/// The target is the slack of the beginning, so that latency stays what it was.
class SourceClock {
 public:
  static constexpr Nanoseconds kStepBeyond = 250 * kMillisecond;
  static constexpr Nanoseconds kStepAfter = kSecond;

  struct Correction {
    Nanoseconds shift = 0;    // added to the schedule; positive = later
    Nanoseconds counted = 0;  // by how much it has moved beyond slewing since the last rebase, once
                              // that is to be counted as one; else 0
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
  std::optional<double> ppm() const { return rate_.ppm(); }

 private:
  /// Averages over the time that passes, with an exponential window.
  class Average {
   public:
    explicit Average(Nanoseconds constant) : constant_(static_cast<double>(constant)) {}
    void add(double value, Nanoseconds elapsed);
    void reset() { started_ = false; }
    double value() const { return value_; }

   private:
    double constant_, value_ = 0;
    bool started_ = false;
  };

  bool step_due(Nanoseconds off, Nanoseconds produced);
  Correction follow(Nanoseconds elapsed);

  std::optional<Nanoseconds> target_;
  std::optional<Nanoseconds> last_produced_;
  std::optional<Nanoseconds> off_since_;
  Nanoseconds origin_ = 0;
  double owed_ = 0;      // below a nanosecond
  double followed_ = 0;  // beyond slewing, not yet counted
  Average slack_{2 * kSecond};
  SourceRate rate_;
};

}  // namespace videopush::pacing
