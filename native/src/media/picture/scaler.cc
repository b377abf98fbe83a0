#include "media/picture/scaler.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <cstddef>
#include <new>
#include <string>
#include <utility>

#include "core/error.h"

namespace videopush::media {
namespace {

AVPixelFormat pixel_format(int format) { return static_cast<AVPixelFormat>(format); }

void copy(const std::uint8_t* const from[4], const int from_stride[4], std::uint8_t* const data[4],
          const int stride[4], int format, int width, int height) {
  av_image_copy(const_cast<std::uint8_t**>(data), const_cast<int*>(stride),
                const_cast<const std::uint8_t**>(from), from_stride, pixel_format(format), width,
                height);
}

}  // namespace

Pixels pixels_of(const AVFrame& frame) {
  AVColorRange range = frame.color_range;
  const AVPixelFormat format = without_j(pixel_format(frame.format), range);
  return {frame.width, frame.height, format,
          color_meaning(format, frame.colorspace, range, frame.width, frame.height)};
}

void Scaler::Delete::operator()(SwsContext* context) const { sws_freeContext(context); }

Scaler::Scaler(const VideoFormat& output)
    : output_(output),
      color_(color_meaning(
          pixel_format(output.pixel_format), static_cast<AVColorSpace>(output.color_matrix),
          static_cast<AVColorRange>(output.color_range), output.width, output.height)) {}

Scaler::~Scaler() = default;

bool Scaler::same_picture(const AVFrame& in) const {
  return pixels_of(in) ==
         Pixels{output_.width, output_.height, pixel_format(output_.pixel_format), color_};
}

void Scaler::draw(const AVFrame& in, const Area& area, std::uint8_t* const data[4],
                  const int stride[4]) {
  Pixels from = pixels_of(in);
  from.width = trimmed(from.width, area.width, column_step(output_.pixel_format));
  from.height = trimmed(from.height, area.height, row_step(output_.pixel_format));
  const bool same = from.width == area.width && from.height == area.height &&
                    from.format == output_.pixel_format && from.color == color_;
  if (!area.is_whole(output_)) {
    AVFrame& own = own_picture(area);
    fill(in, from, area, own.data, own.linesize);
    blacken(data, stride);
    std::uint8_t* inner[4];
    for (int plane = 0; plane < 4; ++plane) inner[plane] = data[plane];
    const AVPixFmtDescriptor* pixels = av_pix_fmt_desc_get(pixel_format(output_.pixel_format));
    for (int i = pixels->nb_components - 1; i >= 0; --i) {
      const AVComponentDescriptor& part = pixels->comp[i];
      const bool chroma = i == 1 || i == 2;
      const int x = area.x >> (chroma ? pixels->log2_chroma_w : 0);
      const int y = area.y >> (chroma ? pixels->log2_chroma_h : 0);
      inner[part.plane] =
          data[part.plane] + std::ptrdiff_t{y} * stride[part.plane] + std::ptrdiff_t{x} * part.step;
    }
    copy(own.data, own.linesize, inner, stride, output_.pixel_format, area.width, area.height);
  } else if (same) {
    copy(in.data, in.linesize, data, stride, from.format, from.width, from.height);
  } else if (area.width % 8 != 0 && stride[0] % 64 != 0) {
    // swscale's vector code writes eight pixels at a time, and leaves the last ones of a row out
    // when the stride has no room for that.
    AVFrame& own = own_picture(area);
    fill(in, from, area, own.data, own.linesize);
    copy(own.data, own.linesize, data, stride, output_.pixel_format, area.width, area.height);
  } else {
    fill(in, from, area, data, stride);
  }
}

void Scaler::fill(const AVFrame& in, Pixels from, const Area& area, std::uint8_t* const data[4],
                  const int stride[4]) {
  prepare(from, area);
  const int rows = sws_scale(context_.get(), in.data, in.linesize, 0, from.height, data, stride);
  if (rows < 0) throw Error::from_averror(ErrorCode::Internal, rows, "picture conversion");
}

void Scaler::prepare(const Pixels& from, const Area& area) {
  if (context_ && from == from_ && to_width_ == area.width && to_height_ == area.height) return;
  context_.reset(sws_alloc_context());
  if (!context_) throw std::bad_alloc();
  // Ranges before the initialisation: it chooses a plain copy for equal formats otherwise.
  const std::pair<const char*, int> settings[] = {{"srcw", from.width},
                                                  {"srch", from.height},
                                                  {"src_format", from.format},
                                                  {"dstw", area.width},
                                                  {"dsth", area.height},
                                                  {"dst_format", output_.pixel_format},
                                                  {"src_range", from.color.full_range},
                                                  {"dst_range", color_.full_range},
                                                  {"sws_flags", SWS_BICUBIC}};
  for (const auto& [name, value] : settings) av_opt_set_int(context_.get(), name, value, 0);
  const int result = sws_init_context(context_.get(), nullptr, nullptr);
  if (result < 0) {
    context_.reset();
    const char* source = av_get_pix_fmt_name(from.format);
    const char* made = av_get_pix_fmt_name(pixel_format(output_.pixel_format));
    throw Error::from_averror(ErrorCode::InvalidArgument, result,
                              std::string("can't convert ") + (source ? source : "unknown") +
                                  " pictures to " + (made ? made : "unknown"));
  }
  // Between YUV and YUV the matrix stays what it is; only RGB on one side needs coefficients.
  const AVColorSpace matrix = from.color.matrix, to = color_.matrix;
  const int* source = sws_getCoefficients(matrix == AVCOL_SPC_RGB ? to : matrix);
  const int* destination = sws_getCoefficients(to == AVCOL_SPC_RGB ? matrix : to);
  constexpr int kUnity = 1 << 16;
  sws_setColorspaceDetails(context_.get(), source, from.color.full_range, destination,
                           color_.full_range, 0, kUnity, kUnity);
  from_ = from;
  to_width_ = area.width;
  to_height_ = area.height;
}

void Scaler::blacken(std::uint8_t* const data[4], const int stride[4]) const {
  std::ptrdiff_t strides[4];
  for (int plane = 0; plane < 4; ++plane) strides[plane] = stride[plane];
  const auto range = color_.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  const int result =
      av_image_fill_black(const_cast<std::uint8_t**>(data), strides,
                          pixel_format(output_.pixel_format), range, output_.width, output_.height);
  if (result < 0) throw Error::from_averror(ErrorCode::Internal, result, "the bars of a picture");
}

/// A picture with room for what swscale writes beyond its edge.
AVFrame& Scaler::own_picture(const Area& area) {
  if (own_ && own_->width == area.width && own_->height == area.height) return *own_;
  own_ = make_frame();
  own_->width = area.width;
  own_->height = area.height;
  own_->format = output_.pixel_format;
  const int result = av_frame_get_buffer(own_.get(), 64);
  if (result < 0) throw Error::from_averror(ErrorCode::Internal, result, "picture memory");
  return *own_;
}

}  // namespace videopush::media
