// Where a group of pictures begins when its length is a time.
#pragma once

#include <cstdint>
#include <optional>

#include "core/av.h"

namespace videopush::media {

/// Counts media time since the last key frame, so that the distance of key frames is the same at
/// every frame rate and over every gap. Pure.
class GopClock {
 public:
  /// `seconds` between key frames; 0 = only the forced ones.
  GopClock(double seconds, AVRational time_base);
  /// True when the frame at `pts` (in the time base, rising) begins a GOP: the first frame of all,
  /// a `forced` one, and the one that lies nearest to the GOP's end or is the first behind it.
  bool begins(std::int64_t pts, bool forced);

 private:
  bool due(std::int64_t pts) const;

  std::int64_t length_;  // in the time base; 0 = never due
  std::optional<std::int64_t> key_, last_;
};

}  // namespace videopush::media
