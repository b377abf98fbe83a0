#include "pacing/source_rate.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace videopush::pacing {
namespace {

constexpr Nanoseconds kSpan = 20 * kSecond;
constexpr std::size_t kFewest = 3, kMost = 12;
/// A comparison that is further from the usual one is that of a step.
constexpr double kUsualPpm = 300;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace

void SourceRate::add(Nanoseconds produced, Nanoseconds delay) {
  if (!began_) began_ = origin_ = produced;
  if (produced - *began_ >= kSpan) {
    close_span();
    began_ = produced;
  }
  sum_at_ += static_cast<double>(produced - origin_);
  sum_delay_ += static_cast<double>(delay);
  ++count_;
}

void SourceRate::reset() { *this = SourceRate(); }

void SourceRate::close_span() {
  const auto count = static_cast<double>(count_);
  spans_.push_back({sum_at_ / count, sum_delay_ / count});
  if (spans_.size() > kMost) spans_.pop_front();
  sum_at_ = sum_delay_ = 0;
  count_ = 0;
  if (spans_.size() < kFewest) return;
  std::vector<double> rates;
  for (std::size_t i = 1; i < spans_.size(); ++i) {
    // Frames that come ever later belong to a clock that is slower than ours.
    const double later = spans_[i].delay - spans_[i - 1].delay;
    rates.push_back(-later / (spans_[i].at - spans_[i - 1].at) * 1e6);
  }
  const double usual = median(rates);
  double sum = 0, within = 0;
  for (const double rate : rates) {
    if (std::abs(rate - usual) > kUsualPpm) continue;
    sum += rate;
    ++within;
  }
  ppm_ = within > 0 ? sum / within : usual;
}

}  // namespace videopush::pacing
