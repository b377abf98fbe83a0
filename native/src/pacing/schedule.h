// When is a unit due? Pure arithmetic: no clock is read here, every instant is an argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>

#include "core/av.h"
#include "core/clock.h"
#include "pacing/source_clock.h"

namespace videopush::pacing {

/// What happens to a unit that reaches the sender after its deadline.
enum class CatchUp {
  // More than one frame interval late: t0 moves, so that the unit is due at once. Units that are
  // late because a step of the source's clock made them so catch up as under Burst.
  Rebase,
  Burst,  // at most 1.25 times the media's own rate until on time again
  Skip,   // sent at once, and the encode side is asked to drop raw frames
};

/// Why a unit was late; a label of the count, it does not change what is done.
enum class RebaseReason { Stall, Resume, Discontinuity, SourceClock };
inline constexpr std::size_t kRebaseReasons = 4;

/// Burst sends `dts` apart units at least 1 / kBurstRate of that apart: 1.25 as a fraction, 5/4.
inline constexpr AVRational kBurstRate{5, 4};

struct ScheduleOptions {
  Nanoseconds latency_budget = 100'000'000;  // L
  CatchUp catch_up = CatchUp::Rebase;
  Nanoseconds frame_interval = 40'000'000;  // lateness beyond one of these is a stall
};

/// What must survive a SIGKILL of the sender's process; kept in the ring's header page as
/// words, byte for byte. All zero = not started.
struct ScheduleState {
  std::int64_t t0 = 0;                           // monotonic ns; moved by counted rebases and slews
  std::int64_t begun = 0;                        // the first unit's t0; only rebases don't move it
  std::int64_t dts0 = 0;                         // ticks of the schedule's time base
  std::int64_t started = 0;                      // 0 or 1
  std::int64_t rebases[kRebaseReasons] = {};     // by RebaseReason
  std::int64_t rebased_ns[kRebaseReasons] = {};  // by RebaseReason: sum of |shift|

  std::int64_t total_rebases() const {
    return std::accumulate(rebases, std::end(rebases), std::int64_t{0});
  }
  Nanoseconds total_rebased() const {
    return std::accumulate(rebased_ns, std::end(rebased_ns), Nanoseconds{0});
  }
};
static_assert(sizeof(ScheduleState) == 12 * sizeof(std::int64_t));

/// One output's schedule: deadline(dts) = t0 + L + (dts - dts0). The difference is rescaled from
/// `dts0` in one step (av_rescale_q, to the nearest nanosecond), so that no rounding accumulates.
/// Belongs to one thread.
class Schedule {
 public:
  /// `state` of an earlier process is continued; the default starts with the first unit.
  Schedule(const ScheduleOptions& options, AVRational time_base, ScheduleState state = {});

  struct Plan {
    Nanoseconds send_at;      // when to offer the first byte; may be <= now
    Nanoseconds deadline;     // for lateness, after any rebase
    Nanoseconds rebased = 0;  // shift applied by this call (Rebase policy), 0 otherwise
    bool skip = false;        // Skip policy: more than one interval late; drop raw frames
  };

  /// Called once per unit when it reaches the connected sender; `arrived`: now. The first unit
  /// starts the schedule. `reason`: what a shift, should there be one, is counted as (Resume for
  /// the first unit of a new process or connection).
  ///
  /// A restored t0 that lies in the future was written under another boot's clock: it is shifted as
  /// if the unit were late, whatever the policy. A unit that is due further ahead than any gap of a
  /// source (limits::kLongestGapSeconds) has timestamps of another time: it is due after the
  /// latency budget, and the shift counts as a Discontinuity.
  Plan plan(std::int64_t dts, Nanoseconds arrived, RebaseReason reason = RebaseReason::Stall);

  /// Follows a live source's clock (SourceClock), before plan(): `produced` is when the decoder
  /// gave the picture of the unit. True when the schedule was moved.
  /// A step that makes units late is caught up with by policy.
  bool follow(std::int64_t dts, Nanoseconds produced);
  SourceClock& source_clock() { return source_clock_; }

  /// The unit planned last was offered to the sink at this instant; paces what follows under Burst.
  void sent(std::int64_t dts, Nanoseconds first_byte_offered);

  bool started() const { return state_.started != 0; }
  Nanoseconds deadline(std::int64_t dts) const;
  /// Media time from dts0 to `dts` minus the time since t0, ns, signed: the lead of whatever `dts`
  /// stands for. 0 before the start.
  Nanoseconds lead(std::int64_t dts, Nanoseconds now) const;
  /// By how much all shifts together have put the stream behind the clock since its first unit.
  Nanoseconds lost() const { return state_.t0 - state_.begun; }
  const ScheduleState& state() const { return state_; }

 private:
  Nanoseconds media_ns(std::int64_t ticks) const;
  bool catching_up(Nanoseconds late);
  Nanoseconds shift(Nanoseconds by, RebaseReason reason);
  void count(Nanoseconds moved, RebaseReason reason);

  ScheduleOptions options_;
  AVRational time_base_;
  ScheduleState state_;
  SourceClock source_clock_;
  Nanoseconds source_late_ = 0;   // by how much the unit followed last left its source too late
  Nanoseconds late_by_step_ = 0;  // by how much a step made units late that are not caught up yet
  bool has_last_ = false;
  std::int64_t last_dts_ = 0;
  Nanoseconds last_sent_ = 0;
};

}  // namespace videopush::pacing
