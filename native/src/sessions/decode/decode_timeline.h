// Where each frame of a source stands in the queue: its timestamp, its ordinal, its pass. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "core/av.h"
#include "media/picture/rate.h"
#include "ring/layout.h"

namespace videopush::sessions {

/// Queue time runs on through passes, reconnects and restarts. It is a chain of segments: within
/// one, queue time and source time differ by a constant (variable rate) or the queue counts ticks
/// of 1 / rate from the segment's first frame (constant rate). Frames of a source come with
/// strictly increasing pts within a pass.
class DecodeTimeline {
 public:
  /// `rate` set: constant rate, queue time base 1 / rate. Unset: the queue's time base is the
  /// source's. `frame_ticks`: the nominal duration of a frame in queue time, for frames that name
  /// none.
  DecodeTimeline(AVRational source_time_base, std::optional<AVRational> rate,
                 std::int64_t frame_ticks);

  /// The source begins again: the next frame follows the last one without a gap.
  void begin_pass();
  /// The source is another connection: the next frame is a discontinuity, `gap` ticks after the end
  /// of the last one.
  void begin_connection(std::int64_t gap);
  /// Continues exactly behind a published frame, as if that one had just been placed. The source
  /// goes on with the frame after it, or, at a constant rate, with the frame itself (it may have
  /// more copies).
  void resume(const ring::SlotHeader& last);

  /// How many times the frame at `pts` is shown when the next one is at `next_pts` (constant rate;
  /// else once). Call before place(), once per frame.
  std::int64_t copies(std::int64_t pts, std::int64_t next_pts);
  /// Fills all of the header that is about time for one copy of the frame at `pts`. Returns whether
  /// it is the first copy.
  bool place(std::int64_t pts, std::int64_t duration, ring::SlotHeader& out);

  bool constant_rate() const { return rate_.has_value(); }
  std::uint32_t pass() const { return pass_; }
  /// Ordinal of the next frame within its pass.
  std::int64_t next_index() const { return next_index_; }
  /// Source pts of the first frame of the current segment.
  std::int64_t origin() const { return origin_; }
  /// Constant rate: copies beyond the first of a frame, and frames not shown.
  std::uint64_t repeats() const { return repeats_; }
  std::uint64_t drops() const { return drops_; }

 private:
  void open_segment(std::int64_t pts);

  AVRational source_time_base_;
  std::optional<AVRational> rate_;
  std::int64_t frame_ticks_;
  std::optional<media::RateConverter> converter_;
  std::optional<std::int64_t> resumed_at_;  // source pts of a frame some copies of which were
                                            // placed in an earlier process run
  bool shown_ = false;                      // a copy of the frame at hand was placed
  bool segment_pending_ = true;
  bool discontinuity_ = false;
  std::int64_t origin_ = 0, start_ = 0, gap_ = 0;
  std::optional<std::int64_t> last_;  // queue pts
  std::int64_t end_ = 0;              // of the last frame: pts + duration
  std::uint32_t pass_ = 0;
  std::int64_t next_index_ = 0;
  std::uint64_t repeats_ = 0, drops_ = 0;
};

}  // namespace videopush::sessions
