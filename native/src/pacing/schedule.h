// When is a unit due? Pure arithmetic: no clock is read here, every instant is an argument.
#pragma once

#include <cstdint>

#include "core/av.h"
#include "pacing/clock.h"

namespace videopush::pacing {

enum class CatchUp { Rebase, Burst, Skip };

struct ScheduleOptions {
  Nanoseconds latency_budget = 100'000'000;  // L
  CatchUp catch_up = CatchUp::Rebase;
  Nanoseconds frame_interval = 40'000'000;  // lateness beyond one of these is a stall
};

/// What must survive a SIGKILL of the sender's process; kept in the ring's header page.
/// All zero = not started.
struct ScheduleState {
  std::int64_t t0 = 0;        // monotonic ns; moves only by a counted rebase
  std::int64_t dts0 = 0;      // ticks of `time_base`
  std::int64_t started = 0;   // 0 or 1
  std::int64_t rebases = 0;
  std::int64_t rebased_ns = 0;  // sum of the shifts
};

enum class RebaseReason { Stall, Resume, Discontinuity };

/// One output's schedule. deadline(dts) = t0 + L + (dts - dts0), exactly: the difference is rescaled
/// from `dts0` in one step (av_rescale), so no rounding accumulates.
class Schedule {
 public:
  Schedule(const ScheduleOptions& options, AVRational time_base, ScheduleState state = {});

  struct Plan {
    Nanoseconds send_at;      // when to offer the first byte; may be <= now
    Nanoseconds deadline;     // for lateness, after any rebase
    Nanoseconds rebased = 0;  // shift applied by this call (Rebase policy), 0 otherwise
    bool skip = false;        // Skip policy: this unit is late by more than one interval: ask the encode side to drop raw frames
  };
  /// Called once per unit when it reaches the sender (`arrived`: now). Starts the schedule on the first
  /// unit. Rebase: a unit that arrives more than one frame interval after its deadline shifts t0
  /// so that it is due now. Burst: send_at >= last_sent + (dts - last dts)/1.25.
  /// Skip: reports `skip`.
  Plan plan(std::int64_t dts, Nanoseconds arrived, RebaseReason reason = RebaseReason::Stall);
  void sent(std::int64_t dts, Nanoseconds first_byte_offered);

  bool started() const { return state_.started != 0; }
  Nanoseconds deadline(std::int64_t dts) const;
  /// Media time from dts0 to `dts` minus the time since t0, ns: the lead of whatever `dts` stands for.
  Nanoseconds lead(std::int64_t dts, Nanoseconds now) const;
  const ScheduleState& state() const { return state_; }

 private:
  ScheduleOptions options_;
  AVRational time_base_;
  ScheduleState state_;
  bool has_last_ = false;
  std::int64_t last_dts_ = 0;
  Nanoseconds last_sent_ = 0;
};

}  // namespace videopush::pacing
