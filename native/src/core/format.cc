#include "core/format.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/mathematics.h>
}

namespace videopush {

std::size_t VideoFormat::frame_bytes() const {
  const int bytes =
      av_image_get_buffer_size(static_cast<AVPixelFormat>(pixel_format), width, height, 64);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

std::int64_t VideoFormat::frame_interval_ns() const {
  constexpr std::int64_t kUnknownRate = 40'000'000;
  if (frame_rate_num <= 0 || frame_rate_den <= 0) return kUnknownRate;
  return av_rescale(kSecond, frame_rate_den, frame_rate_num);
}

}  // namespace videopush
