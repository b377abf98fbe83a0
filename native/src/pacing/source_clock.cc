#include "pacing/source_clock.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace videopush::pacing {
namespace {

constexpr Nanoseconds kSlewConstant = 60 * kSecond;
/// The estimate is not shown earlier: jitter of some milliseconds would look like hundreds of ppm.
constexpr Nanoseconds kWatchedEnough = 60 * kSecond;
/// A frame after a longer silence has the weight of one after this one.
constexpr Nanoseconds kLongestInterval = 10 * kSecond;

}  // namespace

void SourceClock::Average::add(double value, Nanoseconds elapsed) {
  if (!started_) {
    value_ = value;
    age_ = 0;
    started_ = true;
    return;
  }
  age_ += static_cast<double>(elapsed);
  value_ += (value - value_) * (1 - std::exp(-static_cast<double>(elapsed) / constant_));
}

double SourceClock::Average::delay() const { return constant_ * (1 - std::exp(-age_ / constant_)); }

SourceClock::Correction SourceClock::observe(Nanoseconds produced, Nanoseconds media,
                                             Nanoseconds slack) {
  if (!target_) target_ = slack;
  if (!last_produced_) {
    first_produced_ = produced;
    origin_ = produced - media;
  }
  const Nanoseconds elapsed =
      std::clamp<Nanoseconds>(last_produced_ ? produced - *last_produced_ : 0, 0, kLongestInterval);
  last_produced_ = produced;
  slack_.add(static_cast<double>(slack), elapsed);
  const auto offset = static_cast<double>(produced - media - origin_);
  quick_.add(offset, elapsed);
  slow_.add(offset, elapsed);

  const Nanoseconds off = *target_ - slack;
  if (std::abs(off) <= kStepBeyond) {
    off_since_.reset();
  } else if (!off_since_) {
    off_since_ = produced;
  } else if (produced - *off_since_ >= kStepAfter) {
    off_since_.reset();
    slack_.reset();
    return {.shift = off, .step = true};
  }
  const double lacking = static_cast<double>(*target_) - slack_.value();
  const double limit = static_cast<double>(elapsed) * kMaxSlewPpm / 1e6;
  owed_ += std::clamp(lacking * static_cast<double>(elapsed) / kSlewConstant, -limit, limit);
  const auto shift = static_cast<Nanoseconds>(std::trunc(owed_));
  owed_ -= static_cast<double>(shift);
  return {.shift = shift, .step = false};
}

void SourceClock::pause() {
  last_produced_.reset();
  off_since_.reset();
  slack_.reset();
  quick_.reset();
  slow_.reset();
}

void SourceClock::retarget() {
  target_.reset();
  pause();
}

std::optional<double> SourceClock::ppm() const {
  if (!last_produced_ || *last_produced_ - first_produced_ < kWatchedEnough) return std::nullopt;
  const double apart = slow_.delay() - quick_.delay();
  // Frames that come ever later belong to a clock that is slower than ours.
  return apart <= 0 ? 0 : -(quick_.value() - slow_.value()) / apart * 1e6;
}

}  // namespace videopush::pacing
