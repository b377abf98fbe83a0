#include "sessions/decode/decode_timeline.h"

#include <algorithm>
#include <utility>

namespace videopush::sessions {

DecodeTimeline::DecodeTimeline(AVRational source_time_base, std::optional<AVRational> rate,
                               std::int64_t frame_ticks)
    : source_time_base_(source_time_base),
      rate_(rate),
      frame_ticks_(std::max<std::int64_t>(1, frame_ticks)) {}

void DecodeTimeline::begin_pass() {
  ++pass_;
  next_index_ = 0;
  segment_pending_ = true;
  gap_ = 0;
}

void DecodeTimeline::begin_connection(std::int64_t gap) {
  segment_pending_ = true;
  discontinuity_ = true;
  gap_ = std::max<std::int64_t>(0, gap);
}

void DecodeTimeline::resume(const ring::SlotHeader& last) {
  pass_ = last.pass;
  next_index_ = last.source_index + 1;
  origin_ = last.segment_origin;
  start_ = last.segment_start;
  last_ = last.pts;
  end_ = last.pts + (last.duration > 0 ? last.duration : frame_ticks_);
  segment_pending_ = false;
  discontinuity_ = false;
  if (!rate_) return;
  converter_.emplace(source_time_base_, *rate_, origin_);
  converter_->resume(last.pts - start_ + 1);
  resumed_at_ = last.source_pts;
}

void DecodeTimeline::open_segment(std::int64_t pts) {
  origin_ = pts;
  start_ = last_ ? end_ + gap_ : 0;
  segment_pending_ = false;
  if (rate_) converter_.emplace(source_time_base_, *rate_, pts);
}

std::int64_t DecodeTimeline::copies(std::int64_t pts, std::int64_t next_pts) {
  if (segment_pending_) open_segment(pts);
  shown_ = std::exchange(resumed_at_, std::nullopt) == pts;
  if (!rate_) return 1;
  const std::int64_t count = converter_->copies(pts, next_pts);
  repeats_ += static_cast<std::uint64_t>(std::max<std::int64_t>(0, shown_ ? count : count - 1));
  if (count == 0 && !shown_) ++drops_;
  return count;
}

bool DecodeTimeline::place(std::int64_t pts, std::int64_t duration, ring::SlotHeader& out) {
  std::int64_t at = 0;
  if (rate_) {
    at = last_ ? std::max(*last_ + 1, start_) : start_;
  } else {
    at = start_ + (pts - origin_);
    if (last_) at = std::max(at, *last_ + 1);  // whatever a source does, an encoder's time moves on
  }
  const std::int64_t ticks = rate_ ? 1 : duration > 0 ? duration : frame_ticks_;
  out.pts = at;
  out.duration = ticks;
  out.flags = std::exchange(discontinuity_, false) ? ring::kDiscontinuity : 0u;
  out.pass = pass_;
  out.source_pts = pts;
  out.source_index = next_index_++;
  out.segment_origin = origin_;
  out.segment_start = start_;
  last_ = at;
  end_ = at + ticks;
  return !std::exchange(shown_, true);
}

}  // namespace videopush::sessions
