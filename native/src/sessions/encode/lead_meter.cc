#include "sessions/encode/lead_meter.h"

extern "C" {
#include <libavutil/mathematics.h>
}

#include <algorithm>
#include <utility>

namespace videopush::sessions {

LeadMeter::LeadMeter(const FrameInput& input, const VideoFormat& format, Nanoseconds max_lead,
                     ScheduleSource schedule)
    : input_(input), format_(format), max_lead_(max_lead), schedule_(std::move(schedule)) {}

void LeadMeter::taken(std::int64_t pts) {
  const std::lock_guard lock(mutex_);
  if (taken_.first_pts == AV_NOPTS_VALUE) taken_.first_pts = pts;
  taken_.last_pts = pts;
}

void LeadMeter::encoder_opened() {
  const std::lock_guard lock(mutex_);
  encoder_ = {};
}

void LeadMeter::encoder_took(std::int64_t pts) {
  const std::lock_guard lock(mutex_);
  if (encoder_.first_pts == AV_NOPTS_VALUE) encoder_.first_pts = pts;
  encoder_.last_pts = pts;
}

void LeadMeter::encoder_gave(std::int64_t pts, std::int64_t dts) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(reorder_known_, true)) reorder_ticks_ = pts - dts;
  encoder_.given_dts = dts;
}

Nanoseconds LeadMeter::lead(Nanoseconds now) const {
  AcceptedMedia media = input_.accepted();
  if (media.last_pts == AV_NOPTS_VALUE) {
    const std::lock_guard lock(mutex_);
    media = taken_;
  }
  return media.last_pts == AV_NOPTS_VALUE ? 0 : lead_of(media, now);
}

Nanoseconds LeadMeter::sendable_lead(Nanoseconds now) const { return lead(now) - held_back(); }

Nanoseconds LeadMeter::accept_at(const AcceptedMedia& media, Nanoseconds now) const {
  if (max_lead_ == 0) return now;
  // What the encoder holds back must be let in, or nothing would come out.
  const Nanoseconds excess = lead_of(media, now) - std::max(max_lead_, held_back());
  if (excess <= 0) return now;
  return schedule_() ? now + excess : kForever;
}

Nanoseconds LeadMeter::lead_of(const AcceptedMedia& media, Nanoseconds now) const {
  // With B-frames the schedule counts from the first DTS, which lies before the first picture.
  if (const auto schedule = schedule_())
    return schedule->lead(media.last_pts - reorder_ticks_, now);
  return av_rescale_q(media.last_pts - media.first_pts, format_.time_base(), kNanosecond);
}

/// Units leave in the order of their DTS, which is that of the pictures' times, `reorder_ticks_`
/// earlier. Frames are not counted, since their distance may vary.
Nanoseconds LeadMeter::held_back() const {
  const std::lock_guard lock(mutex_);
  const auto& [first_pts, last_pts, given_dts] = encoder_;
  if (last_pts == AV_NOPTS_VALUE) return 0;
  const auto media = [this](std::int64_t ticks) {
    return std::max<Nanoseconds>(0, av_rescale_q(ticks, format_.time_base(), kNanosecond));
  };
  if (given_dts == AV_NOPTS_VALUE) return media(last_pts - first_pts) + format_.frame_interval_ns();
  return media(last_pts - (given_dts + reorder_ticks_));
}

}  // namespace videopush::sessions
