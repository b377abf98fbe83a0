#include "media/picture/convert.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cmath>
#include <new>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/limits.h"
#include "media/picture/color.h"
#include "media/picture/filter_graph.h"

namespace videopush::media {
namespace {

constexpr Range kSide{2, limits::kSide.most};  // smaller than what can be encoded

AVPixelFormat pixel_format(int format) { return static_cast<AVPixelFormat>(format); }

int even(double side) { return std::max(2, 2 * static_cast<int>(std::lround(side / 2))); }

/// The sample aspect ratio that keeps the picture's shape; rounding to even sides counts as none.
AVRational scaled_aspect(AVRational sar, int from_width, int from_height, int width, int height) {
  if (sar.num <= 0 || sar.den <= 0) return {0, 1};
  const AVRational stretch = {height * from_width, width * from_height};
  const double change = av_q2d(stretch);
  return change > 0.99 && change < 1.01 ? sar : av_mul_q(sar, stretch);
}

/// Everything that decides how swscale must be set up.
struct Conversion {
  int width = 0, height = 0;
  AVPixelFormat format = AV_PIX_FMT_NONE;
  ColorMeaning color{AVCOL_SPC_UNSPECIFIED, false};
  bool operator==(const Conversion&) const = default;
};

VideoFormat upright(VideoFormat format, Orientation orientation) {
  if (orientation.turned()) {
    std::swap(format.width, format.height);
    if (format.sar_num > 0) std::swap(format.sar_num, format.sar_den);
  }
  return format;
}

void check_size(int width, int height) {
  for (const int side : {width, height}) {
    if (!kSide.holds(side))
      throw Error(ErrorCode::InvalidArgument,
                  "the picture's width and height each " + whole_number_from(kSide) + ", not " +
                      std::to_string(width) + "x" + std::to_string(height),
                  "choose another width and height");
  }
}

VideoFormat resolve_output(const VideoFormat& input, const ConvertOptions& options) {
  VideoFormat out = upright(input, options.orientation);
  const int from_width = out.width, from_height = out.height;
  if (options.width < 0 || options.height < 0) check_size(options.width, options.height);
  if (options.width > 0) out.width = options.width;
  if (options.height > 0) out.height = options.height;
  if (options.width > 0 && options.height == 0) {
    out.height = even(double(from_height) * out.width / from_width);
  } else if (options.height > 0 && options.width == 0) {
    out.width = even(double(from_width) * out.height / from_height);
  }
  check_size(out.width, out.height);
  const AVRational sar =
      scaled_aspect({out.sar_num, out.sar_den}, from_width, from_height, out.width, out.height);
  out.sar_num = sar.num;
  out.sar_den = sar.den;

  auto range = static_cast<AVColorRange>(out.color_range);
  const bool own_format = options.pixel_format == AV_PIX_FMT_NONE;
  const AVPixelFormat made =
      without_j(pixel_format(own_format ? input.pixel_format : options.pixel_format), range);
  const bool from_rgb = is_rgb(pixel_format(input.pixel_format)), to_rgb = is_rgb(made);
  out.pixel_format = made;
  out.color_range = range;
  if (to_rgb && !from_rgb) {
    out.color_matrix = AVCOL_SPC_RGB;
    out.color_range = AVCOL_RANGE_JPEG;
  } else if (from_rgb && !to_rgb) {
    out.color_matrix = default_matrix(out.width, out.height);
    out.color_range = AVCOL_RANGE_MPEG;
  } else if (!to_rgb && out.color_matrix == AVCOL_SPC_UNSPECIFIED &&
             default_matrix(input.width, input.height) != default_matrix(out.width, out.height)) {
    // Scaled from HD to SD or back, a viewer would guess another matrix than the source's.
    out.color_matrix = default_matrix(input.width, input.height);
  }
  return out;
}

void stamp(AVFrame& out, const AVFrame& in, const VideoFormat& format) {
  out.pts = in.pts;
  set_frame_duration(out, frame_duration(in));
  out.pict_type = in.pict_type;
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  out.flags |= in.flags & AV_FRAME_FLAG_KEY;
#else
  out.key_frame = in.key_frame;
#endif
  tag_picture(out, format);
}

}  // namespace

struct Converter::Impl {
  struct SwsDelete {
    void operator()(SwsContext* context) const { sws_freeContext(context); }
  };
  struct PoolDelete {
    void operator()(AVBufferPool* pool) const { av_buffer_pool_uninit(&pool); }
  };

  VideoFormat output;
  Orientation orientation;
  ColorMeaning output_color{AVCOL_SPC_UNSPECIFIED, false};
  Conversion current;  // what `scaler` was made for
  std::unique_ptr<SwsContext, SwsDelete> scaler;
  Conversion turner_input;
  std::unique_ptr<FilterGraph> turner;
  Orientation turn;  // what `turner` was made for
  std::unique_ptr<AVBufferPool, PoolDelete> pool;
  FramePtr padded;  // see draw()

  Conversion describe(const AVFrame& frame) const {
    AVColorRange range = frame.color_range;
    const AVPixelFormat format = without_j(pixel_format(frame.format), range);
    return {frame.width, frame.height, format,
            color_meaning(format, frame.colorspace, range, frame.width, frame.height)};
  }

  bool same_picture(const Conversion& in) const {
    return in.width == output.width && in.height == output.height &&
           in.format == output.pixel_format && in.color == output_color;
  }

  Orientation orientation_of(const AVFrame& in) const {
    return media::orientation_of(in).value_or(orientation);
  }

  /// libavfilter's transpose can't turn 4:2:2 and packed chroma: it converts by itself.
  FramePtr make_upright(const AVFrame& in, Orientation way) {
    const Conversion now = describe(in);
    if (!turner || now != turner_input || way != turn) {
      turner = std::make_unique<FilterGraph>(upright_chain(way), in, AVRational{1, 1000});
      turner_input = now;
      turn = way;
    }
    turner->push(in);
    FramePtr out = make_frame();
    if (!turner->pull(*out)) throw Error(ErrorCode::Internal, "turning gave no picture");
    out->pts = in.pts;
    return out;
  }

  void prepare(const Conversion& in) {
    if (scaler && in == current) return;
    scaler.reset(sws_alloc_context());
    if (!scaler) throw std::bad_alloc();
    // Ranges before the initialisation: it chooses a plain copy for equal formats otherwise.
    const std::pair<const char*, int> settings[] = {{"srcw", in.width},
                                                    {"srch", in.height},
                                                    {"src_format", in.format},
                                                    {"dstw", output.width},
                                                    {"dsth", output.height},
                                                    {"dst_format", output.pixel_format},
                                                    {"src_range", in.color.full_range},
                                                    {"dst_range", output_color.full_range},
                                                    {"sws_flags", SWS_BICUBIC}};
    for (const auto& [name, value] : settings) av_opt_set_int(scaler.get(), name, value, 0);
    const int result = sws_init_context(scaler.get(), nullptr, nullptr);
    if (result < 0) {
      scaler.reset();
      const char* from = av_get_pix_fmt_name(in.format);
      const char* to = av_get_pix_fmt_name(pixel_format(output.pixel_format));
      throw Error::from_averror(ErrorCode::InvalidArgument, result,
                                std::string("can't convert ") + (from ? from : "unknown") +
                                    " pictures to " + (to ? to : "unknown"));
    }
    // Between YUV and YUV the matrix stays what it is; only RGB on one side needs coefficients.
    const AVColorSpace from = in.color.matrix, to = output_color.matrix;
    const int* source = sws_getCoefficients(from == AVCOL_SPC_RGB ? to : from);
    const int* destination = sws_getCoefficients(to == AVCOL_SPC_RGB ? from : to);
    constexpr int kUnity = 1 << 16;
    sws_setColorspaceDetails(scaler.get(), source, in.color.full_range, destination,
                             output_color.full_range, 0, kUnity, kUnity);
    current = in;
  }

  void draw(const AVFrame& in, std::uint8_t* const data[4], const int stride[4]) {
    const Conversion now = describe(in);
    if (same_picture(now)) {
      av_image_copy(const_cast<std::uint8_t**>(data), const_cast<int*>(stride),
                    const_cast<const std::uint8_t**>(in.data), in.linesize, now.format, in.width,
                    in.height);
      return;
    }
    prepare(now);
    // swscale's vector code writes eight pixels at a time, and leaves the last ones of a row out
    // when the stride has no room for that.
    if (output.width % 8 != 0 && stride[0] % 64 != 0) {
      if (!padded) padded = padded_frame();
      scale(in, padded->data, padded->linesize);
      av_image_copy(const_cast<std::uint8_t**>(data), const_cast<int*>(stride),
                    const_cast<const std::uint8_t**>(padded->data), padded->linesize,
                    pixel_format(output.pixel_format), output.width, output.height);
    } else {
      scale(in, data, stride);
    }
  }

  void scale(const AVFrame& in, std::uint8_t* const data[4], const int stride[4]) {
    const int rows = sws_scale(scaler.get(), in.data, in.linesize, 0, in.height, data, stride);
    if (rows < 0) throw Error::from_averror(ErrorCode::Internal, rows, "picture conversion");
  }

  FramePtr padded_frame() const {
    FramePtr frame = make_frame();
    frame->width = output.width;
    frame->height = output.height;
    frame->format = output.pixel_format;
    const int result = av_frame_get_buffer(frame.get(), 64);
    if (result < 0) throw Error::from_averror(ErrorCode::Internal, result, "picture memory");
    return frame;
  }

  FramePtr allocate() {
    const AVPixelFormat format = pixel_format(output.pixel_format);
    const int align = format == AV_PIX_FMT_RGB24 ? 1 : 64;
    // swscale's vector code may write a little beyond the last row.
    constexpr int kMargin = 64;
    if (!pool) {
      const int bytes = av_image_get_buffer_size(format, output.width, output.height, align);
      if (bytes < 0) throw Error::from_averror(ErrorCode::InvalidArgument, bytes, "picture size");
      pool.reset(av_buffer_pool_init(static_cast<std::size_t>(bytes) + kMargin, av_buffer_alloc));
      if (!pool) throw std::bad_alloc();
    }
    FramePtr frame = make_frame();
    frame->buf[0] = av_buffer_pool_get(pool.get());
    if (!frame->buf[0]) throw std::bad_alloc();
    frame->width = output.width;
    frame->height = output.height;
    frame->format = format;
    av_image_fill_arrays(frame->data, frame->linesize, frame->buf[0]->data, format, output.width,
                         output.height, align);
    return frame;
  }
};

Converter::Converter(const VideoFormat& input, const ConvertOptions& options)
    : impl_(std::make_unique<Impl>()) {
  impl_->output = resolve_output(input, options);
  impl_->orientation = options.orientation;
  const VideoFormat& out = impl_->output;
  impl_->output_color =
      color_meaning(pixel_format(out.pixel_format), static_cast<AVColorSpace>(out.color_matrix),
                    static_cast<AVColorRange>(out.color_range), out.width, out.height);
}

Converter::~Converter() = default;

const VideoFormat& Converter::output() const { return impl_->output; }

bool Converter::passthrough(const AVFrame& in) const {
  return impl_->orientation_of(in).upright() && impl_->same_picture(impl_->describe(in)) &&
         in.format == impl_->output.pixel_format;
}

FramePtr Converter::convert(FramePtr in) {
  if (passthrough(*in)) return in;
  FramePtr out = impl_->allocate();
  convert_into(*in, out->data, out->linesize);
  stamp(*out, *in, impl_->output);
  return out;
}

void Converter::convert_into(const AVFrame& in, std::uint8_t* const data[4], const int stride[4]) {
  const Orientation way = impl_->orientation_of(in);
  if (way.upright()) {
    impl_->draw(in, data, stride);
  } else {
    impl_->draw(*impl_->make_upright(in, way), data, stride);
  }
}

}  // namespace videopush::media
