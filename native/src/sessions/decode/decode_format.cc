#include "sessions/decode/decode_format.h"

#include <algorithm>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::sessions {

VideoFormat queue_format(const media::SourceDescriptor& source, const VideoFormat& converted,
                         AVRational constant_rate) {
  VideoFormat format = converted;
  const AVRational source_rate = source.format.frame_rate();
  format.gop_frames = source.gop_frames;
  format.bit_rate = source.bit_rate;
  if (constant_rate.num > 0) {
    format.frame_rate_num = format.time_base_den = constant_rate.num;
    format.frame_rate_den = format.time_base_num = constant_rate.den;
    if (source_rate.num > 0 && format.gop_frames > 0) {
      const AVRational ratio = av_div_q(constant_rate, source_rate);
      format.gop_frames =
          std::max(1, static_cast<int>(av_rescale(format.gop_frames, ratio.num, ratio.den)));
    }
  }
  // A smaller picture needs fewer bits, about by its area.
  const std::int64_t area = std::int64_t{source.format.width} * source.format.height;
  if (area > 0)
    format.bit_rate = av_rescale(format.bit_rate, std::int64_t{format.width} * format.height, area);
  return format;
}

std::uint32_t retained_frames(const DecodeSessionOptions& options, const VideoFormat& queue) {
  const std::int64_t interval = std::max<std::int64_t>(1, queue.frame_interval_ns());
  const std::int64_t in_budget = (options.latency_budget + interval - 1) / interval;
  const std::int64_t retained = options.encoder_delay_frames + in_budget + 2;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(retained, 2, ring::kMaxSlots));
}

}  // namespace videopush::sessions
