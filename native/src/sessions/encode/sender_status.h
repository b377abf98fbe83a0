// What one output shows of itself: phase, last error, counters. It lasts as long as the session,
// over changes of format.
#pragma once

#include <atomic>
#include <limits>
#include <mutex>
#include <optional>

#include "core/error.h"
#include "pacing/stats.h"
#include "sessions/encode/output.h"

namespace videopush::sessions {

/// What ended a connection, or kept one from being made: the `reason` label.
enum class FailureKind { Refused, Timeout, Reset, Protocol };
inline constexpr std::size_t kFailureKinds = 4;
FailureKind failure_kind(ErrorCode code);

class SenderStatus {
 public:
  void connecting();
  /// Ends an outage, clears the error.
  void connected(Nanoseconds now);
  /// The connection that was just made took over from one that was given up by plan.
  void renewed();
  /// Connection lost, or not made; a new attempt follows, at once or when something changes
  /// (`permanent`).
  void failed(const Error& error, Nanoseconds now, bool permanent);
  void closed();

  OutputPhase phase() const;
  std::optional<Error> error() const;
  /// Fills phase, error, reconnect and pacing figures.
  void describe(OutputSnapshot& out, Nanoseconds now) const;

  pacing::PacingStats pacing;
  std::atomic<std::uint64_t> key_frames{0};
  std::atomic<std::uint64_t> backlog_bytes{0};
  std::atomic<double> source_ppm{std::numeric_limits<double>::quiet_NaN()};  // NaN: not known
  std::atomic<Nanoseconds> due{0};  // when the current unit is sent; 0: no unit waits

 private:
  mutable std::mutex mutex_;
  OutputPhase phase_ = OutputPhase::Idle;
  std::optional<Error> error_;
  std::uint64_t connects_ = 0, renewals_ = 0;
  std::uint64_t failures_[kFailureKinds] = {};
  Nanoseconds outage_ = 0;
  std::optional<Nanoseconds> outage_since_;
};

}  // namespace videopush::sessions
