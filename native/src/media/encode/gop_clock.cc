#include "media/encode/gop_clock.h"

#include <algorithm>
#include <cmath>

namespace videopush::media {
namespace {

/// A GOP may be shorter by one part in this many. Where pictures stand for long, the frame that is
/// nearest to its end would come far too early.
constexpr std::int64_t kEarlyDivisor = 8;

}  // namespace

GopClock::GopClock(double seconds, AVRational time_base)
    : length_(std::llround(seconds / av_q2d(time_base))) {}

bool GopClock::begins(std::int64_t pts, bool forced) {
  const bool key = forced || due(pts);
  if (key) key_ = pts;
  last_ = pts;
  return key;
}

bool GopClock::due(std::int64_t pts) const {
  if (length_ <= 0) return false;
  if (!key_) return true;
  // The next frame is expected as far behind this one as this one is behind the last.
  const std::int64_t early = std::min((pts - *last_) / 2, length_ / kEarlyDivisor);
  return pts - *key_ >= length_ - early;
}

}  // namespace videopush::media
