#include "pacing/schedule.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/limits.h"

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::pacing {
namespace {

constexpr Nanoseconds kLongestWait = limits::kLongestGapSeconds * kSecond;

}  // namespace

Schedule::Schedule(const ScheduleOptions& options, AVRational time_base, ScheduleState state)
    : options_(options), time_base_(time_base), state_(state) {}

Schedule::Plan Schedule::plan(std::int64_t dts, Nanoseconds arrived, RebaseReason reason) {
  if (!started()) {
    state_.t0 = state_.begun = arrived;
    state_.dts0 = dts;
    state_.started = 1;
  }
  Plan plan{.send_at = 0, .deadline = deadline(dts)};
  const bool foreign_clock = state_.t0 > arrived;
  const bool stalled = arrived - plan.deadline > options_.frame_interval;
  const bool burst = catching_up(arrived - plan.deadline) || options_.catch_up == CatchUp::Burst;
  const Nanoseconds by_source = std::exchange(source_late_, 0);
  if (foreign_clock || (stalled && !burst && options_.catch_up == CatchUp::Rebase)) {
    plan.rebased = shift(arrived - plan.deadline, reason);
    plan.deadline = arrived;
    // What the source delayed has its latency restored, what was delayed here keeps the new one.
    if (by_source == 0) source_clock_.retarget();
  }
  if (plan.deadline - arrived > kLongestWait) {
    const Nanoseconds due = arrived + options_.latency_budget;
    plan.rebased = shift(due - plan.deadline, RebaseReason::Discontinuity);
    plan.deadline = due;
    has_last_ = false;  // the distance to the unit before says nothing
    source_clock_.retarget();
  }
  const bool late_here = arrived - plan.deadline - by_source > options_.frame_interval;
  plan.skip = late_here && options_.catch_up == CatchUp::Skip;
  plan.send_at = plan.deadline;
  if (burst && has_last_) {
    // For a unit on time behind a unit on time this lies before the deadline and changes nothing.
    const Nanoseconds spacing = media_ns(std::max<std::int64_t>(dts - last_dts_, 0));
    plan.send_at = std::max(plan.send_at, last_sent_ + av_rescale_rnd(spacing, kBurstRate.den,
                                                                      kBurstRate.num, AV_ROUND_UP));
  }
  return plan;
}

bool Schedule::follow(std::int64_t dts, Nanoseconds produced) {
  if (!started()) return false;
  const SourceClock::Correction correction =
      source_clock_.observe(produced, media_ns(dts - state_.dts0), deadline(dts) - produced);
  state_.t0 += correction.shift;
  state_.begun += correction.shift - correction.counted;
  if (correction.counted != 0) count(correction.counted, RebaseReason::SourceClock);
  if (correction.shift < -options_.frame_interval) late_by_step_ = -correction.shift;
  source_late_ = std::max<Nanoseconds>(0, produced - deadline(dts));
  return correction.shift != 0;
}

/// Units are late because of a step only while they are no later than it made them.
bool Schedule::catching_up(Nanoseconds late) {
  const Nanoseconds excused = late_by_step_ + options_.frame_interval;
  if (late <= 0 || late > excused) late_by_step_ = 0;
  return late_by_step_ > 0 && options_.catch_up != CatchUp::Skip;
}

void Schedule::sent(std::int64_t dts, Nanoseconds first_byte_offered) {
  has_last_ = true;
  last_dts_ = dts;
  last_sent_ = first_byte_offered;
}

Nanoseconds Schedule::deadline(std::int64_t dts) const {
  return state_.t0 + options_.latency_budget + media_ns(dts - state_.dts0);
}

Nanoseconds Schedule::lead(std::int64_t dts, Nanoseconds now) const {
  return started() ? media_ns(dts - state_.dts0) - (now - state_.t0) : 0;
}

Nanoseconds Schedule::media_ns(std::int64_t ticks) const {
  return av_rescale_q(ticks, time_base_, kNanosecond);
}

Nanoseconds Schedule::shift(Nanoseconds by, RebaseReason reason) {
  state_.t0 += by;
  if (reason == RebaseReason::Discontinuity) state_.begun += by;
  count(by, reason);
  return by;
}

void Schedule::count(Nanoseconds moved, RebaseReason reason) {
  const auto index = static_cast<std::size_t>(reason);
  state_.rebases[index] += 1;
  state_.rebased_ns[index] += std::abs(moved);
}

}  // namespace videopush::pacing
