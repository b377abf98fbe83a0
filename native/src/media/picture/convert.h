// Between the decoder and the queue: size, rotation, pixel format, constant rate.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/av.h"
#include "core/format.h"

namespace videopush::media {

struct ConvertOptions {
  int width = 0,
      height = 0;    // 0 = the source's; only one given keeps the aspect ratio (even numbers)
  int rotation = 0;  // clockwise, from the descriptor
  int pixel_format = AV_PIX_FMT_NONE;  // NONE = the source's own
};

/// Scales (bicubic), rotates and converts. Colour matrix and range come from the frame's tags;
/// untagged YUV counts as BT.709 in HD sizes and as BT.601 below (color.h). RGB output is full
/// range; rgb24 frames are packed (row = 3 * width bytes). YUV made from RGB is limited range with
/// the matrix of its size, and tagged so. The picture keeps its shape on the display: when a scale
/// changes the proportions, the sample aspect ratio makes up for it. Frames pass untouched (same
/// buffers) when there is nothing to do. A picture size, pixel format or colour change mid-stream
/// is followed; the output's format stays. Errors: InvalidArgument (sizes outside 2..8192, a
/// rotation that is no quarter turn, a pixel format that can't be made).
class Converter {
 public:
  Converter(const VideoFormat& input, const ConvertOptions& options);
  ~Converter();
  const VideoFormat& output() const;
  /// A frame of output()'s size and format: `in` itself or a converted one with its timestamps.
  FramePtr convert(FramePtr in);
  /// True when convert() would return `in` itself.
  bool passthrough(const AVFrame& in) const;
  /// The same into the caller's planes (a ring slot), `stride` in bytes; copies when there is
  /// nothing to convert.
  void convert_into(const AVFrame& in, std::uint8_t* const data[4], const int stride[4]);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Constant frame rate by timestamps: tick n, at first_pts + n / rate, shows the newest frame that
/// is due by then, half a tick of tolerance included. Exact arithmetic; counts repeats and drops.
class RateConverter {
 public:
  /// Errors: InvalidArgument (rate or time base not positive).
  RateConverter(AVRational input_time_base, AVRational rate, std::int64_t first_pts);
  /// How many times a frame with `pts`, followed by one with `next_pts`, is shown: 0 = dropped. The
  /// last frame of a source: next_pts = pts + duration.
  std::int64_t copies(std::int64_t pts, std::int64_t next_pts);
  /// The tick that the next shown frame gets; its pts in units of 1 / rate.
  std::int64_t next_tick() const { return next_tick_; }
  /// Continues where an earlier process stopped: ticks below `next_tick` are not shown again.
  void resume(std::int64_t next_tick) { next_tick_ = next_tick; }
  std::uint64_t repeats() const { return repeats_; }
  std::uint64_t drops() const { return drops_; }

 private:
  std::int64_t first_tick(std::int64_t pts) const;  // the first that a frame with `pts` is due by

  std::int64_t ticks_per_unit_num_, ticks_per_unit_den_;
  std::int64_t first_pts_;
  std::int64_t next_tick_ = 0;
  std::uint64_t repeats_ = 0, drops_ = 0;
};

}  // namespace videopush::media
