// swscale behind one call: pictures of any size and format into an area of given planes.
#pragma once

#include <cstdint>
#include <memory>

#include "core/av.h"
#include "core/format.h"
#include "media/picture/color.h"
#include "media/picture/layout.h"

struct SwsContext;

namespace videopush::media {

/// Everything about a picture that decides how swscale must be set up.
struct Pixels {
  int width = 0, height = 0;
  AVPixelFormat format = AV_PIX_FMT_NONE;
  ColorMeaning color{AVCOL_SPC_UNSPECIFIED, false};
  bool operator==(const Pixels&) const = default;
};

Pixels pixels_of(const AVFrame& frame);

/// Draws pictures into pictures of one format. Errors: InvalidArgument (a pair of pixel formats
/// that swscale can't convert), Internal.
class Scaler {
 public:
  explicit Scaler(const VideoFormat& output);
  ~Scaler();
  /// True when `in` needs no work to fill the whole output.
  bool same_picture(const AVFrame& in) const;
  /// Fills the output's planes: with the picture in `area`, and with black around it.
  void draw(const AVFrame& in, const Area& area, std::uint8_t* const data[4], const int stride[4]);

 private:
  void fill(const AVFrame& in, Pixels from, const Area& area, std::uint8_t* const data[4],
            const int stride[4]);
  void prepare(const Pixels& from, const Area& area);
  void blacken(std::uint8_t* const data[4], const int stride[4]) const;
  AVFrame& own_picture(const Area& area);

  const VideoFormat output_;
  const ColorMeaning color_;
  Pixels from_;                       // what `context_` was made for
  int to_width_ = 0, to_height_ = 0;  // likewise
  struct Delete {
    void operator()(SwsContext* context) const;
  };
  std::unique_ptr<SwsContext, Delete> context_;
  FramePtr own_;
};

}  // namespace videopush::media
