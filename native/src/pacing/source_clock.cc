#include "pacing/source_clock.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace videopush::pacing {
namespace {

constexpr Nanoseconds kSlewConstant = 60 * kSecond;
/// A frame after a longer silence has the weight of one after this one.
constexpr Nanoseconds kLongestInterval = 10 * kSecond;
/// Jitter alone must not look like a step, however little slack is wanted.
constexpr Nanoseconds kLeastStep = 100 * kMillisecond;

/// What is whole of a sum that goes on with the rest.
Nanoseconds take_whole(double& sum) {
  const auto whole = static_cast<Nanoseconds>(std::trunc(sum));
  sum -= static_cast<double>(whole);
  return whole;
}

}  // namespace

void SourceClock::Average::add(double value, Nanoseconds elapsed) {
  if (!started_) value_ = value;
  started_ = true;
  value_ += (value - value_) * (1 - std::exp(-static_cast<double>(elapsed) / constant_));
}

SourceClock::Correction SourceClock::observe(Nanoseconds produced, Nanoseconds media,
                                             Nanoseconds slack) {
  if (!target_) target_ = slack;
  if (!last_produced_) origin_ = produced - media;
  const Nanoseconds elapsed =
      std::clamp<Nanoseconds>(last_produced_ ? produced - *last_produced_ : 0, 0, kLongestInterval);
  last_produced_ = produced;
  slack_.add(static_cast<double>(slack), elapsed);
  rate_.add(produced, produced - media - origin_);
  const Nanoseconds off = *target_ - slack;
  if (!step_due(off, produced)) return follow(elapsed);
  off_since_.reset();
  slack_.reset();
  return {.shift = off, .counted = off};
}

bool SourceClock::step_due(Nanoseconds off, Nanoseconds produced) {
  const Nanoseconds too_late = std::clamp(*target_, kLeastStep, kStepBeyond);
  if (off >= -kStepBeyond && off <= too_late) {
    off_since_.reset();
    return false;
  }
  if (!off_since_) off_since_ = produced;
  return produced - *off_since_ >= kStepAfter;
}

SourceClock::Correction SourceClock::follow(Nanoseconds elapsed) {
  const auto passed = static_cast<double>(elapsed);
  const double ppm = rate_.ppm().value_or(0);
  const bool beyond = std::abs(ppm) > kMaxSlewPpm;
  const double lacking = static_cast<double>(*target_) - slack_.value();
  const double limit = passed * std::max(kMaxSlewPpm, std::abs(ppm) / 2) / 1e6;
  double moved = std::clamp(lacking * passed / kSlewConstant, -limit, limit);
  if (beyond) {
    moved -= ppm / 1e6 * passed;
    followed_ += moved;
  }
  owed_ += moved;
  Correction correction{.shift = take_whole(owed_)};
  if (std::abs(followed_) >= kStepBeyond) correction.counted = take_whole(followed_);
  return correction;
}

void SourceClock::pause() {
  last_produced_.reset();
  off_since_.reset();
  slack_.reset();
  rate_.reset();
}

void SourceClock::retarget() {
  target_.reset();
  off_since_.reset();
  slack_.reset();
}

}  // namespace videopush::pacing
