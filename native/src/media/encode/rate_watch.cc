#include "media/encode/rate_watch.h"

#include <algorithm>
#include <cmath>

#include "core/limits.h"

namespace videopush::media {
namespace {

/// By how much the encoder's time may be wrong, seconds: a twentieth of the 5 s over which a bit
/// rate is to hold.
constexpr double kMaxError = 0.25;
constexpr int kLeastFrames = 3;
/// A difference of rates that is left alone.
constexpr double kAllowed = 0.05;
/// A gap is no frame rate: it counts as this many intervals at most.
constexpr double kMaxIntervals = 4;

}  // namespace

RateWatch::RateWatch(AVRational rate, AVRational time_base)
    : expected_(1 / av_q2d(rate)), tick_(av_q2d(time_base)) {}

void RateWatch::Drift::add(double by, double interval) {
  error += by;
  seconds += interval;
  ++frames;
  if (error <= 0) *this = {};
}

bool RateWatch::Drift::lasting() const { return error > kMaxError && frames >= kLeastFrames; }

std::optional<AVRational> RateWatch::changed(std::int64_t pts) {
  const std::int64_t before = last_.value_or(pts);
  last_ = pts;
  if (before == pts) return std::nullopt;
  const double interval = static_cast<double>(pts - before) * tick_;
  const double counted = std::min(interval, kMaxIntervals * expected_);
  slower_.add(counted - expected_ * (1 + kAllowed), interval);
  faster_.add(expected_ * (1 - kAllowed) - counted, interval);
  const Drift* drift = slower_.lasting() ? &slower_ : faster_.lasting() ? &faster_ : nullptr;
  if (drift == nullptr) return std::nullopt;
  const double rate = std::clamp(drift->frames / drift->seconds, 1.0 / limits::kMaxFrameRate,
                                 static_cast<double>(limits::kMaxFrameRate));
  expected_ = 1 / rate;
  slower_ = faster_ = {};
  return av_d2q(rate, limits::kMaxFrameRate);
}

}  // namespace videopush::media
