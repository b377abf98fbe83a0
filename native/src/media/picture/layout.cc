#include "media/picture/layout.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/limits.h"
#include "media/picture/color.h"

namespace videopush::media {
namespace {

constexpr Range kSide{2, limits::kSide.most};  // smaller than what can be encoded
/// Two shapes that differ by less are the same, rounded differently.
constexpr double kSameShape = 0.015;
constexpr int kSameShapePixels = 2;

AVPixelFormat pixel_format(int format) { return static_cast<AVPixelFormat>(format); }

int even(double side) { return std::max(2, 2 * static_cast<int>(std::lround(side / 2))); }

std::string size_text(int width, int height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

bool known(AVRational ratio) { return ratio.num > 0 && ratio.den > 0; }

AVRational or_square(AVRational ratio) { return known(ratio) ? ratio : AVRational{1, 1}; }

void check_size(int width, int height) {
  for (const int side : {width, height}) {
    if (!kSide.holds(side))
      throw Error(ErrorCode::InvalidArgument,
                  "the picture's width and height each " + whole_number_from(kSide) + ", not " +
                      size_text(width, height),
                  "choose another width and height");
  }
}

void turn(VideoFormat& format, Orientation orientation) {
  if (!orientation.turned()) return;
  std::swap(format.width, format.height);
  if (format.sar_num > 0) std::swap(format.sar_num, format.sar_den);
}

void cut(VideoFormat& format, const Crop& crop) {
  const int width = format.width - crop.left - crop.right;
  const int height = format.height - crop.top - crop.bottom;
  if (!crop.empty() && (width < kSide.least || height < kSide.least))
    throw Error(ErrorCode::InvalidArgument,
                "the crop leaves nothing of a picture of " + size_text(format.width, format.height),
                "crop less");
  format.width = width;
  format.height = height;
}

/// Sets the width and height that were asked for, and those that follow from them.
void resize(VideoFormat& format, const ConvertOptions& options) {
  const int width = options.width, height = options.height;
  if (width < 0 || height < 0) check_size(width, height);
  const double shape =
      options.square_pixels ? av_q2d(or_square({format.sar_num, format.sar_den})) : 1.0;
  const double columns = format.width * shape, rows = format.height;
  if (width > 0 || height > 0) {
    format.width = width > 0 ? width : even(columns * height / rows);
    format.height = height > 0 ? height : even(rows * width / columns);
  } else if (shape > 1) {
    format.width = even(columns);
  } else if (shape < 1) {
    format.height = even(rows / shape);
  }
}

void trim(VideoFormat& format, const ConvertOptions& options) {
  if (options.pixel_format == AV_PIX_FMT_NONE) return;
  if (options.width == 0) format.width -= format.width % column_step(options.pixel_format);
  if (options.height == 0) format.height -= format.height % row_step(options.pixel_format);
}

/// Sets the shape of pixels that keeps the picture's; rounding to even sides counts as no change.
void keep_shape(VideoFormat& format, int from_width, int from_height) {
  from_width = trimmed(from_width, format.width, column_step(format.pixel_format));
  from_height = trimmed(from_height, format.height, row_step(format.pixel_format));
  const AVRational stretch = {format.height * from_width, format.width * from_height};
  const double change = av_q2d(stretch);
  if (change > 0.99 && change < 1.01) return;
  const AVRational aspect = av_mul_q(or_square({format.sar_num, format.sar_den}), stretch);
  format.sar_num = aspect.num;
  format.sar_den = aspect.den;
}

void recolor(VideoFormat& format, const VideoFormat& input, Hdr hdr) {
  const bool from_rgb = is_rgb(pixel_format(input.pixel_format));
  const bool to_rgb = is_rgb(pixel_format(format.pixel_format));
  if (hdr == Hdr::ToneMap && beyond_sdr(input.color_primaries, input.color_transfer)) {
    format.color_primaries = AVCOL_PRI_BT709;
    format.color_transfer = AVCOL_TRC_BT709;
    format.color_matrix = to_rgb ? AVCOL_SPC_RGB : AVCOL_SPC_BT709;
    format.color_range = to_rgb ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  } else if (to_rgb && !from_rgb) {
    format.color_matrix = AVCOL_SPC_RGB;
    format.color_range = AVCOL_RANGE_JPEG;
  } else if (from_rgb && !to_rgb) {
    format.color_matrix = default_matrix(format.width, format.height);
    format.color_range = AVCOL_RANGE_MPEG;
  } else if (!to_rgb && format.color_matrix == AVCOL_SPC_UNSPECIFIED &&
             default_matrix(input.width, input.height) !=
                 default_matrix(format.width, format.height)) {
    // Scaled from HD to SD or back, a viewer would guess another matrix than the source's.
    format.color_matrix = default_matrix(input.width, input.height);
  }
}

/// The given share of a side, as a multiple of `step`.
int fitted(int side, double share, int step) {
  return std::max(step, static_cast<int>(std::lround(side * share / step)) * step);
}

bool same_side(int side, double share) {
  return side * (1 - share) <= std::max<double>(kSameShapePixels, side * kSameShape);
}

}  // namespace

VideoFormat converted_format(const VideoFormat& input, const ConvertOptions& options) {
  VideoFormat out = input;
  turn(out, options.orientation);
  cut(out, options.crop);
  const int from_width = out.width, from_height = out.height;
  auto range = static_cast<AVColorRange>(input.color_range);
  const bool own = options.pixel_format == AV_PIX_FMT_NONE;
  out.pixel_format =
      without_j(pixel_format(own ? input.pixel_format : options.pixel_format), range);
  out.color_range = range;
  resize(out, options);
  trim(out, options);
  check_size(out.width, out.height);
  if (options.square_pixels) {
    out.sar_num = out.sar_den = 1;
  } else {
    keep_shape(out, from_width, from_height);
  }
  recolor(out, input, options.hdr);
  return out;
}

Area area_within(const VideoFormat& output, int width, int height, AVRational aspect) {
  const double shape = width * av_q2d(or_square(aspect)) / height;
  const double room =
      output.width * av_q2d(or_square({output.sar_num, output.sar_den})) / output.height;
  Area area{0, 0, output.width, output.height};
  const int column = column_step(output.pixel_format), row = row_step(output.pixel_format);
  if (shape < room && !same_side(output.width, shape / room)) {
    area.width = fitted(output.width, shape / room, column);
    area.x = (output.width - area.width) / 2 / column * column;
  } else if (shape > room && !same_side(output.height, room / shape)) {
    area.height = fitted(output.height, room / shape, row);
    area.y = (output.height - area.height) / 2 / row * row;
  }
  return area;
}

int trimmed(int side, int wanted, int step) {
  return side > wanted && side - wanted < step ? wanted : side;
}

int column_step(int format) {
  const AVPixFmtDescriptor* pixels = av_pix_fmt_desc_get(pixel_format(format));
  return pixels ? 1 << pixels->log2_chroma_w : 1;
}

int row_step(int format) {
  const AVPixFmtDescriptor* pixels = av_pix_fmt_desc_get(pixel_format(format));
  return pixels ? 1 << pixels->log2_chroma_h : 1;
}

Crop before_turning(Crop crop, Orientation orientation) {
  // A quarter turn clockwise brings the left side to the top.
  for (int degrees = 0; degrees < orientation.rotation; degrees += 90)
    crop = {.left = crop.top, .top = crop.right, .right = crop.bottom, .bottom = crop.left};
  if (orientation.mirrored) std::swap(crop.left, crop.right);
  return crop;
}

bool beyond_sdr(int primaries, int transfer) {
  return transfer == AVCOL_TRC_SMPTE2084 || transfer == AVCOL_TRC_ARIB_STD_B67 ||
         primaries == AVCOL_PRI_BT2020;
}

bool has_alpha(int format) {
  const AVPixFmtDescriptor* pixels = av_pix_fmt_desc_get(pixel_format(format));
  return pixels && (pixels->flags & AV_PIX_FMT_FLAG_ALPHA);
}

}  // namespace videopush::media
