#include "pacing/stats.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace videopush::pacing {
namespace {

constexpr Nanoseconds us(std::int64_t value) { return value * 1'000; }
constexpr Nanoseconds ms(std::int64_t value) { return value * kMillisecond; }

constexpr Nanoseconds kLateness[] = {us(100), us(250),   us(500),    ms(1),      ms(2),   ms(4),
                                     ms(8),   ms(16),    us(33'300), us(66'700), ms(133), ms(250),
                                     ms(500), ms(1'000), ms(2'500),  ms(5'000)};
constexpr std::size_t kLatenessUpToQuarterSecond = 12;
constexpr Nanoseconds kResidence[] = {ms(1),   ms(5),   ms(10),  ms(33),    ms(67),    ms(100),
                                      ms(200), ms(333), ms(667), ms(1'000), ms(2'000), ms(5'000)};
constexpr Nanoseconds kWork[] = {us(500), ms(1),  ms(2),   ms(4),   ms(8),    ms(16),
                                 ms(33),  ms(67), ms(133), ms(250), ms(1'000)};
constexpr Nanoseconds kWrite[] = {us(50), us(100), us(250), us(500), ms(1),   ms(2),    ms(4),
                                  ms(8),  ms(16),  ms(33),  ms(67),  ms(250), ms(1'000)};

/// One writer: a plain load and store, no locked instruction.
template <typename T>
void add(std::atomic<T>& sum, T value) {
  sum.store(sum.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

}  // namespace

std::span<const Nanoseconds> lateness_bounds() { return kLateness; }
std::span<const Nanoseconds> interval_error_bounds() {
  return std::span(kLateness).first(kLatenessUpToQuarterSecond);
}
std::span<const Nanoseconds> residence_bounds() { return kResidence; }
std::span<const Nanoseconds> work_bounds() { return kWork; }
std::span<const Nanoseconds> write_bounds() { return kWrite; }

Histogram::Histogram(std::span<const Nanoseconds> bounds) : bounds_(bounds.begin(), bounds.end()) {
  if (bounds_.size() > kMaxBounds || !std::is_sorted(bounds_.begin(), bounds_.end())) {
    throw std::invalid_argument("histogram bounds: at most 20, ascending");
  }
}

void Histogram::observe(Nanoseconds value) noexcept {
  const Nanoseconds seen = std::max<Nanoseconds>(value, 0);
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), seen) - bounds_.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(seen, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot out;
  for (const Nanoseconds bound : bounds_) out.bounds.push_back(to_seconds(bound));
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    out.buckets.push_back(buckets_[i].load(std::memory_order_relaxed));
    out.count += out.buckets.back();  // never at odds with the buckets, whenever it is read
  }
  out.sum = to_seconds(sum_.load(std::memory_order_relaxed));
  return out;
}

double Histogram::Snapshot::quantile(double q) const {
  if (count == 0 || bounds.empty()) return 0;
  const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(count);
  double below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto inside = static_cast<double>(buckets[i]);
    if (inside > 0 && below + inside >= rank) {
      const double lower = i == 0 ? 0 : bounds[i - 1];
      return lower + (bounds[i] - lower) * (rank - below) / inside;
    }
    below += inside;
  }
  return bounds.back();  // in the last, open bucket: all that is known is that it lies above
}

PacingStats::PacingStats()
    : lateness(lateness_bounds()),
      interval_error(interval_error_bounds()),
      write_duration(write_bounds()) {}

void PacingStats::on_sent(Nanoseconds deadline, Nanoseconds offered, Nanoseconds accepted,
                          Nanoseconds media_interval, Nanoseconds frame_interval,
                          Nanoseconds stall) {
  const Nanoseconds behind = offered - deadline + stall;
  lateness.observe(behind);
  write_duration.observe(accepted - offered);
  send_lead.store(deadline - offered, std::memory_order_relaxed);
  if (behind > frame_interval) add<std::uint64_t>(late, 1);
  if (media_interval > 0) {
    const Nanoseconds interval = offered - last_offered_;
    const Nanoseconds error = std::abs(interval - media_interval);
    interval_error.observe(error);
    add(interval_sum, interval);
    const double seconds = to_seconds(interval);
    add(interval_squared_sum, seconds * seconds);
    add(jitter, (error - jitter.load(std::memory_order_relaxed)) / 16);
  }
  last_offered_ = offered;
}

void PacingStats::on_wait(Nanoseconds slept) { add(wait_sum, slept); }

}  // namespace videopush::pacing
