// Moving pictures made on the spot, and what a stream made of them contains.
#pragma once

#include <cstdint>

#include "core/av.h"
#include "core/format.h"

namespace videopush::test {

struct PictureOptions {
  int width = 320, height = 192;
  AVPixelFormat pixel_format = AV_PIX_FMT_YUV420P;
  AVRational time_base{1, 90'000};
  AVRational frame_rate{25, 1};
};

inline VideoFormat video_format(const PictureOptions& options = {}) {
  VideoFormat format;
  format.width = options.width;
  format.height = options.height;
  format.pixel_format = options.pixel_format;
  format.time_base_num = options.time_base.num;
  format.time_base_den = options.time_base.den;
  format.frame_rate_num = options.frame_rate.num;
  format.frame_rate_den = options.frame_rate.den;
  return format;
}

/// Picture `index` of a moving texture with a little noise (seeded by the index); pts = index frame
/// intervals.
inline FramePtr picture(const VideoFormat& format, std::int64_t index) {
  FramePtr frame = make_frame();
  frame->format = format.pixel_format;
  frame->width = format.width;
  frame->height = format.height;
  av_frame_get_buffer(frame.get(), 0);
  std::uint32_t noise = 2'463'534'242u + static_cast<std::uint32_t>(index) * 7919u;
  const auto* pixels = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format.pixel_format));
  for (int plane = 0;
       plane < av_pix_fmt_count_planes(static_cast<AVPixelFormat>(format.pixel_format)); ++plane) {
    const bool chroma = plane > 0;
    const int height =
        chroma ? AV_CEIL_RSHIFT(format.height, pixels->log2_chroma_h) : format.height;
    const int width = frame->linesize[plane];
    for (int y = 0; y < height; ++y) {
      std::uint8_t* row =
          frame->data[plane] + static_cast<std::ptrdiff_t>(y) * frame->linesize[plane];
      for (int x = 0; x < width; ++x) {
        noise = noise * 1'664'525u + 1'013'904'223u;
        const int wave =
            (x + static_cast<int>(index) * 3) % 96 + (y * 2 + static_cast<int>(index)) % 64;
        row[x] = static_cast<std::uint8_t>(40 + wave + (noise >> 29));
      }
    }
  }
  frame->pts = av_rescale_q(index, av_inv_q(format.frame_rate()), format.time_base());
  set_frame_duration(*frame, av_rescale_q(1, av_inv_q(format.frame_rate()), format.time_base()));
  return frame;
}

}  // namespace videopush::test
