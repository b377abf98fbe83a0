#include "media/picture/rate.h"

#include <algorithm>

#include "core/error.h"

namespace videopush::media {

RateConverter::RateConverter(AVRational input_time_base, AVRational rate, std::int64_t first_pts)
    : ticks_per_unit_num_(std::int64_t{input_time_base.num} * rate.num),
      ticks_per_unit_den_(std::int64_t{input_time_base.den} * rate.den),
      first_pts_(first_pts) {
  if (ticks_per_unit_num_ <= 0 || ticks_per_unit_den_ <= 0) {
    throw Error(ErrorCode::InvalidArgument, "a constant frame rate needs a positive rate",
                "give the rate as a number or a fraction, e.g. 25 or 30000/1001");
  }
}

std::int64_t RateConverter::first_tick(std::int64_t pts) const {
  // ceil(x - 1/2) with x = (pts - first) * num / den, in 128 bits: exact for any source.
  const __int128 top =
      2 * static_cast<__int128>(pts - first_pts_) * ticks_per_unit_num_ - ticks_per_unit_den_;
  const __int128 bottom = 2 * static_cast<__int128>(ticks_per_unit_den_);
  const __int128 quotient = top / bottom;  // toward zero
  return static_cast<std::int64_t>(quotient + (top % bottom > 0 ? 1 : 0));
}

std::int64_t RateConverter::copies(std::int64_t pts, std::int64_t next_pts) {
  const std::int64_t end = first_tick(std::max(pts, next_pts));
  const std::int64_t count = std::max<std::int64_t>(0, end - next_tick_);
  next_tick_ += count;
  if (count == 0) {
    ++drops_;
  } else {
    repeats_ += static_cast<std::uint64_t>(count - 1);
  }
  return count;
}

}  // namespace videopush::media
