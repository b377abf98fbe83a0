#include "pacing/schedule.h"

#include <algorithm>
#include <cstdlib>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::pacing {
Schedule::Schedule(const ScheduleOptions& options, AVRational time_base, ScheduleState state)
    : options_(options), time_base_(time_base), state_(state) {}

Schedule::Plan Schedule::plan(std::int64_t dts, Nanoseconds arrived, RebaseReason reason) {
  if (!started()) {
    state_.t0 = arrived;
    state_.dts0 = dts;
    state_.started = 1;
  }
  Plan plan{.send_at = 0, .deadline = deadline(dts)};
  const bool foreign_clock = state_.t0 > arrived;
  const bool stalled = arrived - plan.deadline > options_.frame_interval;
  if (foreign_clock || (stalled && options_.catch_up == CatchUp::Rebase)) {
    plan.rebased = shift(arrived - plan.deadline, reason);
    plan.deadline = arrived;
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
  state_.rebases[index] += 1;
  state_.rebased_ns[index] += std::abs(by);
  return by;
}

}  // namespace videopush::pacing
