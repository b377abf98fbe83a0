#include "pacing/schedule.h"

#include <algorithm>
#include <cstdlib>

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
  if (foreign_clock || (stalled && options_.catch_up == CatchUp::Rebase)) {
    plan.rebased = shift(arrived - plan.deadline, reason);
    plan.deadline = arrived;
    source_clock_.retarget();
  }
  if (plan.deadline - arrived > kLongestWait) {
    const Nanoseconds due = arrived + options_.latency_budget;
    plan.rebased = shift(due - plan.deadline, RebaseReason::Discontinuity);
    plan.deadline = due;
    has_last_ = false;  // the distance to the unit before says nothing
    source_clock_.retarget();
  }
  plan.skip = stalled && options_.catch_up == CatchUp::Skip;
  plan.send_at = plan.deadline;
  if (options_.catch_up == CatchUp::Burst && has_last_) {
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
  if (correction.step) {
    shift(correction.shift, RebaseReason::SourceClock);
  } else {
    state_.t0 += correction.shift;
  }
  return correction.shift != 0;
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
  const auto index = static_cast<std::size_t>(reason);
  state_.t0 += by;
  if (reason == RebaseReason::Discontinuity) state_.begun += by;
  state_.rebases[index] += 1;
  state_.rebased_ns[index] += std::abs(by);
  return by;
}

}  // namespace videopush::pacing
