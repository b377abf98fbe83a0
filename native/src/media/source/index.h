// Frame numbers of a seekable source: for access by index, by time and by GOP.
#pragma once

#include <cstdint>
#include <vector>

#include "core/abort.h"
#include "core/av.h"
#include "media/source/source.h"

namespace videopush::media {

/// Frames from one key frame to the next, in display order.
struct Gop {
  std::int64_t first;  // index of its key frame
  std::int64_t count;
};

/// Maps frame index (0 = the first that the source gives) to timestamp. Immutable.
class FrameIndex {
 public:
  /// Reads the whole source once, without decoding it where its packets say enough. It takes 8
  /// bytes per frame, and 24 per key frame of a source whose clock jumps or may do so; at most
  /// 8,388,608 frames (38 h at 60 a second). A damaged or truncated source is indexed as far as it
  /// can be read. Errors: NotSeekable, OutOfRange (too long), and those of open_source().
  static FrameIndex build(const SourceOptions& options, const AbortSignal& abort);

  /// `pts`: ascending; `gop_starts`: ascending indices, beginning with 0.
  FrameIndex(std::vector<std::int64_t> pts, std::vector<std::int64_t> gop_starts,
             AVRational time_base);

  std::int64_t size() const;  // INT64_MAX for an endless pattern
  AVRational time_base() const { return time_base_; }
  std::int64_t pts(std::int64_t index) const;  // OutOfRange
  Place place(std::int64_t index) const;       // what FrameSource::seek() takes; OutOfRange
  /// The frame on display at `seconds` of the source's own clock (that of its timestamps, which
  /// need not begin at 0): the newest with a timestamp not after it. OutOfRange before the first
  /// frame and from one frame interval after the last one on.
  std::int64_t index_at(double seconds) const;
  std::int64_t index_of(std::int64_t pts) const;  // the first frame with at least this timestamp
  Gop gop_of(std::int64_t index) const;           // the GOP that contains it; OutOfRange

 private:
  FrameIndex() = default;
  void check(std::int64_t index) const;

  std::vector<std::int64_t> pts_, gop_starts_;
  std::vector<Place> keys_;  // of the key frames that have a position, ascending
  std::int64_t generated_ =
      0;  // test pattern: that many frames, pts = index, all of them key frames
  AVRational time_base_{1, 1};
};

}  // namespace videopush::media
