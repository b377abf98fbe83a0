// Between the decoder and the queue: size, rotation, pixel format, constant rate.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/av.h"
#include "core/format.h"

namespace videopush::media {

struct ConvertOptions {
  int width = 0, height = 0;  // 0 = the source's; only one given keeps the aspect ratio (even numbers)
  int rotation = 0;           // clockwise, from the descriptor
  int pixel_format = AV_PIX_FMT_NONE;  // NONE = the source's own
};

/// Scales (bicubic), rotates and converts; colour matrix and range come from the frame's tags (BT.709 content converts with BT.709).
/// Passes frames through untouched (same buffers) when there is nothing to do. A picture size or format change mid-stream is followed;
/// the output's format stays.
class Converter {
 public:
  Converter(const VideoFormat& input, const ConvertOptions& options);
  ~Converter();
  const VideoFormat& output() const;
  /// Returns a frame of output()'s size and format: `in` itself or a converted one. `into`: optional destination planes (a ring slot) to write to.
  FramePtr convert(FramePtr in);
  bool passthrough(const AVFrame& in) const;
  void convert_into(const AVFrame& in, std::uint8_t* const data[4], const int stride[4]);
 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Constant frame rate by timestamps: tick n shows the newest frame with pts <= n/rate (+ half a tick of tolerance). Pure; counts repeats and drops.
class RateConverter {
 public:
  RateConverter(AVRational input_time_base, AVRational rate, std::int64_t first_pts);
  /// How many times a frame with `pts`, followed by one with `next_pts`, is shown: 0 = dropped.
  std::int64_t copies(std::int64_t pts, std::int64_t next_pts);
  std::int64_t next_tick() const;
  void resume(std::int64_t next_tick);
  std::uint64_t repeats() const, drops() const;
};

}  // namespace videopush::media
