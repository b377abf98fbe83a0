#include "media/encode/rate_budget.h"

#include <algorithm>
#include <cmath>

namespace videopush::media {
namespace {

constexpr double kBucketSeconds = 1;
/// x264 begins with a VBV that is 90 % full, and goes for a level somewhat above half.
constexpr double kFirstFill = 0.9, kWantedFill = 0.6;
/// Measured with rates that go 10, 50, 10 and 25, 12.5, 25: with less of it a change takes seconds,
/// with more the rate swings.
constexpr double kGain = 2, kLeastShare = 0.5, kMostShare = 2;
/// One frame is worth this many seconds at most, since another one may follow at once.
constexpr double kMaxFrameSeconds = 0.5;
/// Share of the nominal interval by which another one may differ and count as the same.
constexpr double kJitter = 0.02;
constexpr double kLeastBitRate = 1000;  // less is 0 for x264, which counts in kb/s

}  // namespace

RateBudget::RateBudget(std::int64_t bit_rate, Goal goal, AVRational nominal, AVRational time_base)
    : bit_rate_(static_cast<double>(bit_rate)),
      nominal_(av_q2d(nominal)),
      tick_(av_q2d(time_base)),
      most_share_(goal == Goal::Target ? kMostShare : 1),
      fill_(kFirstFill) {}

std::int64_t RateBudget::highest() const {
  return std::llround(bit_rate_ * std::max(1.0, kMaxFrameSeconds * nominal_));
}

std::optional<std::int64_t> RateBudget::next(std::int64_t pts) {
  const double interval = last_ ? static_cast<double>(pts - *last_) * tick_ : 1 / nominal_;
  last_ = pts;
  fill_ = std::min(kBucketSeconds, fill_ + interval);
  // Timestamps are rounded to their ticks.
  const double tolerance = std::max(1.001 * tick_, kJitter / nominal_);
  varies_ = varies_ || std::abs(interval - 1 / nominal_) > tolerance;
  if (!varies_) return std::nullopt;
  const double share = std::clamp(1 + kGain * (fill_ - kWantedFill), kLeastShare, most_share_);
  const double worth = std::min(interval * share, kMaxFrameSeconds);
  return std::llround(std::max(kLeastBitRate, bit_rate_ * worth * nominal_));
}

void RateBudget::spent(std::int64_t bits) { fill_ -= static_cast<double>(bits) / bit_rate_; }

}  // namespace videopush::media
