// What one video track looks like between the decoder and the encoder: the parameter record that
// travels first through the frame queue.
#pragma once

#include <cstdint>
#include <string>

#include "core/av.h"

namespace videopush {

/// Plain, fixed-size and trivially copyable: it is stored as it is in the ring's header page.
struct VideoFormat {
  std::int32_t width = 0;                       // pixels
  std::int32_t height = 0;                      // pixels
  std::int32_t pixel_format = AV_PIX_FMT_NONE;  // AVPixelFormat, planar or packed, system memory
  std::int32_t time_base_num = 0;               // unit of pts and duration, seconds
  std::int32_t time_base_den = 1;
  std::int32_t frame_rate_num = 0;  // nominal (average) rate; 0/1 when unknown
  std::int32_t frame_rate_den = 1;
  std::int32_t sar_num = 0;  // 0/1 unknown
  std::int32_t sar_den = 1;
  std::int32_t color_range = AVCOL_RANGE_UNSPECIFIED;
  std::int32_t color_primaries = AVCOL_PRI_UNSPECIFIED;
  std::int32_t color_transfer = AVCOL_TRC_UNSPECIFIED;
  std::int32_t color_matrix = AVCOL_SPC_UNSPECIFIED;
  std::int32_t chroma_location = AVCHROMA_LOC_UNSPECIFIED;
  std::int32_t gop_frames = 0;  // measured at the source; 0 unknown
  std::int32_t reserved = 0;
  std::int64_t bit_rate = 0;  // of the source, b/s; 0 unknown

  AVRational time_base() const { return {time_base_num, time_base_den}; }
  AVRational frame_rate() const { return {frame_rate_num, frame_rate_den}; }
  /// Bytes of one frame with 64-byte aligned rows (av_image_get_buffer_size, align 64); 0 when the
  /// size or pixel format is invalid.
  std::size_t frame_bytes() const;
  /// One frame interval in nanoseconds (40 ms when the rate is unknown).
  std::int64_t frame_interval_ns() const;
  bool operator==(const VideoFormat&) const = default;
};

/// Puts the pixels' shape and colour tags where an AVFrame or AVCodecContext keeps them.
template <typename Target>
void tag_picture(Target& out, const VideoFormat& format) {
  out.sample_aspect_ratio = {format.sar_num, format.sar_den};
  out.color_range = static_cast<AVColorRange>(format.color_range);
  out.color_primaries = static_cast<AVColorPrimaries>(format.color_primaries);
  out.color_trc = static_cast<AVColorTransferCharacteristic>(format.color_transfer);
  out.colorspace = static_cast<AVColorSpace>(format.color_matrix);
  const auto siting = static_cast<AVChromaLocation>(format.chroma_location);
  if constexpr (requires { out.chroma_location; }) {
    out.chroma_location = siting;
  } else {
    out.chroma_sample_location = siting;
  }
}

}  // namespace videopush
