// Between the decoder and the queue: which way up, which size, which colours, which pixel format.
#pragma once

#include <cstdint>
#include <memory>

#include "core/av.h"
#include "core/format.h"
#include "media/picture/layout.h"

namespace videopush::media {

/// Crops, turns pictures upright, scales (bicubic) and converts. Colour matrix and range come from
/// the frame's tags; untagged YUV counts as BT.709 in HD sizes and as BT.601 below (color.h). RGB
/// output is full range; rgb24 frames are packed (row = 3 * width bytes). YUV made from RGB is
/// limited range with the matrix of its size, and tagged so. Frames pass untouched (same buffers)
/// when there is nothing to do. A size, pixel shape, pixel format or colour that changes mid-stream
/// is followed; the output's format stays, so that a picture of another shape gets bars. Errors:
/// those of converted_format(); InvalidArgument for a pixel format that can't be made.
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
  /// Whether the last picture that was converted had another shape than the output.
  bool letterboxed() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace videopush::media
