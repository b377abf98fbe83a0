// Counters and histograms that one thread writes and any thread reads (relaxed atomics).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/clock.h"

namespace videopush::pacing {

/// A Prometheus-style histogram over seconds. Bounds are upper limits in nanoseconds, ascending;
/// the last bucket (+Inf) is implicit.
class Histogram {
 public:
  static constexpr std::size_t kMaxBounds = 20;
  explicit Histogram(std::span<const Nanoseconds> bounds);
  void observe(Nanoseconds value) noexcept;

  struct Snapshot {
    std::vector<double> bounds;          // seconds
    std::vector<std::uint64_t> buckets;  // not cumulative; bounds.size() + 1 entries
    double sum = 0;                      // seconds
    std::uint64_t count = 0;
    /// Linear interpolation inside the bucket, q in 0..1, seconds; 0 when empty, the last bound
    /// when above it.
    double quantile(double q) const;
  };
  Snapshot snapshot() const;

 private:
  std::vector<Nanoseconds> bounds_;
  std::array<std::atomic<std::uint64_t>, kMaxBounds + 1> buckets_{};
  std::atomic<std::int64_t> sum_{0};
};

// Bucket bounds of the metrics table (seconds in the metric, nanoseconds here).
std::span<const Nanoseconds> lateness_bounds();        // .0001 ... 5
std::span<const Nanoseconds> interval_error_bounds();  // the same up to .25
std::span<const Nanoseconds> residence_bounds();       // .001 ... 5
std::span<const Nanoseconds> work_bounds();            // .0005 ... 1 (decode, encode)
std::span<const Nanoseconds> write_bounds();           // .00005 ... 1

/// Everything about how punctually one output sent. Written by its sender thread.
class PacingStats {
 public:
  PacingStats();
  /// One unit. `deadline` after any rebase; first byte `offered` (s_n) and last byte `accepted`
  /// (e_n) by the kernel; `media_interval`: ns of media since the previous unit, 0 for the first
  /// unit of a connection and for the first after a rebase (there is no interval to judge);
  /// `frame_interval`: later than this is late. `stall`: by how much the schedule was moved for
  /// this unit because it was late; that counts as lateness, too.
  void on_sent(Nanoseconds deadline, Nanoseconds offered, Nanoseconds accepted,
               Nanoseconds media_interval, Nanoseconds frame_interval, Nanoseconds stall = 0);
  void on_wait(Nanoseconds slept);

  Histogram lateness, interval_error, write_duration;
  std::atomic<std::uint64_t> late{0};           // lateness > one frame interval
  std::atomic<std::int64_t> interval_sum{0};    // ns
  std::atomic<double> interval_squared_sum{0};  // s^2
  std::atomic<std::int64_t> jitter{
      0};  // RFC 3550 section 6.4.1 filter (1/16) on the interval error, ns
  std::atomic<std::int64_t> wait_sum{0};    // ns slept for deadlines
  std::atomic<std::int64_t> send_lead{0};   // ns: deadline - offered at the last send, signed
  std::atomic<std::int64_t> total_lead{0};  // ns: the same without the schedule's shifts

 private:
  Nanoseconds last_offered_ = 0;
};

}  // namespace videopush::pacing
