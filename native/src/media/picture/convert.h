// Between the decoder and the queue: size, rotation, pixel format.
#pragma once

#include <cstdint>
#include <memory>

#include "core/av.h"
#include "core/format.h"
#include "media/picture/orientation.h"

namespace videopush::media {

struct ConvertOptions {
  int width = 0,
      height = 0;  // 0 = the source's; only one given keeps the aspect ratio (even numbers)
  Orientation orientation = {};        // the source's; what a picture says of itself wins
  int pixel_format = AV_PIX_FMT_NONE;  // NONE = the source's own
};

/// Turns pictures upright, scales (bicubic) and converts. Colour matrix and range come from the
/// frame's tags; untagged YUV counts as BT.709 in HD sizes and as BT.601 below (color.h). RGB
/// output is full range; rgb24 frames are packed (row = 3 * width bytes). YUV made from RGB is
/// limited range with the matrix of its size, and tagged so. The picture keeps its shape on the
/// display: when a scale changes the proportions, the sample aspect ratio makes up for it. Frames
/// pass untouched (same buffers) when there is nothing to do. A picture size, pixel format or
/// colour change mid-stream is followed; the output's format stays. Errors: InvalidArgument (sizes
/// outside 2..8192, a pixel format that can't be made).
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

}  // namespace videopush::media
