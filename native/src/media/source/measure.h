// Measures what a video track is like from its packets, instead of believing headers.
#pragma once

#include <cstdint>
#include <vector>

#include "media/source/demuxer.h"
#include "media/source/source.h"

namespace videopush::media {

/// Fed with packets in decode order. Pure.
class PacketScan {
 public:
  explicit PacketScan(AVRational time_base) : time_base_(time_base) {}
  void add(const AVPacket& packet);
  /// The last packet of the track was seen: the tail counts as a GOP, and counts are exact.
  void complete();

  bool is_complete() const { return complete_; }
  double seconds() const;  // media time covered
  std::int64_t bytes() const { return bytes_; }
  std::int64_t frames() const { return frames_; }
  int gop_frames() const { return gop_frames_; }  // 0: no two key frames seen
  int reorder_frames() const {                    // -1: packets had no timestamps
    return timestamps_ ? reorder_frames_ : -1;
  }
  std::int64_t first_pts() const { return first_pts_; }  // AV_NOPTS_VALUE: unknown
  bool variable_rate() const;
  std::int64_t bit_rate() const;  // 0: the end was not seen, so the rest may differ

 private:
  AVRational time_base_;
  std::vector<std::int64_t> pts_;
  std::int64_t first_pts_ = AV_NOPTS_VALUE, last_pts_ = AV_NOPTS_VALUE;
  std::int64_t bytes_ = 0, frames_ = 0, since_key_ = -1;
  int gop_frames_ = 0, reorder_frames_ = 0;
  bool timestamps_ = true, complete_ = false;
};

/// True when the intervals differ by more than rounding to the time base explains.
bool intervals_vary(const std::vector<std::int64_t>& sorted_timestamps);

/// Everything about the track in `demuxer`, measured by `scan` where it can be.
/// `format.pixel_format` may be NONE when only decoding can show it.
SourceDescriptor describe(Demuxer& demuxer, const PacketScan& scan);

}  // namespace videopush::media
