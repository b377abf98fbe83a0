#include "media/picture/convert.h"

extern "C" {
#include <libavutil/imgutils.h>
}

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/processors.h"
#include "media/picture/filter_chain.h"
#include "media/picture/filter_graph.h"
#include "media/picture/scaler.h"

namespace videopush::media {
namespace {

AVPixelFormat pixel_format(int format) { return static_cast<AVPixelFormat>(format); }

/// Tone mapping takes a core 40 ms for a picture of 1080p; nothing else here is worth a thread.
int threads_for(const FilterWork& work, int asked) {
  constexpr int kMost = 4;
  if (!work.to_sdr) return 1;
  return asked > 0 ? std::min(asked, kMost) : automatic_threads();
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

/// Returns a view of a part of the same pixels.
FramePtr cropped(const AVFrame& in, const Crop& crop) {
  FramePtr view = make_frame();
  if (av_frame_ref(view.get(), &in) < 0) throw std::bad_alloc();
  view->crop_left = static_cast<std::size_t>(crop.left);
  view->crop_top = static_cast<std::size_t>(crop.top);
  view->crop_right = static_cast<std::size_t>(crop.right);
  view->crop_bottom = static_cast<std::size_t>(crop.bottom);
  const int result = av_frame_apply_cropping(view.get(), AV_FRAME_CROP_UNALIGNED);
  if (result < 0)
    throw Error(ErrorCode::InvalidArgument,
                "the crop leaves nothing of a picture of " + std::to_string(in.width) + "x" +
                    std::to_string(in.height),
                "crop less");
  return view;
}

}  // namespace

struct Converter::Impl {
  struct PoolDelete {
    void operator()(AVBufferPool* pool) const { av_buffer_pool_uninit(&pool); }
  };

  const ConvertOptions options;
  const AVRational input_aspect;
  const VideoFormat output;
  Scaler scaler;
  FilterWork work;  // what `filter` was made for, and for which pixels
  Pixels work_pixels;
  std::unique_ptr<FilterGraph> filter;
  std::unique_ptr<AVBufferPool, PoolDelete> pool;
  std::int64_t filtered_frames = 0;
  bool letterboxed = false;

  Impl(const VideoFormat& input, const ConvertOptions& asked)
      : options(asked),
        input_aspect{input.sar_num, input.sar_den},
        output(converted_format(input, asked)),
        scaler(output) {}

  Orientation orientation_of(const AVFrame& in) const {
    return media::orientation_of(in).value_or(options.orientation);
  }

  /// Where the cropped picture `in` lies in the output once it is upright.
  Area area_of(const AVFrame& in, Orientation way) const {
    AVRational aspect = in.sample_aspect_ratio.num > 0 ? in.sample_aspect_ratio : input_aspect;
    int width = in.width, height = in.height;
    if (way.turned()) {
      std::swap(width, height);
      aspect = av_inv_q(aspect);
    }
    return area_within(output, width, height, aspect);
  }

  FilterWork work_for(const AVFrame& in, Orientation way, const Area& area) const {
    FilterWork found{.orientation = way};
    if (options.background && has_alpha(in.format) && !has_alpha(output.pixel_format))
      found.background = options.background;
    if (options.hdr == Hdr::ToneMap && beyond_sdr(in.color_primaries, in.color_trc))
      found.to_sdr = {.transfer = in.color_trc,
                      .primaries = in.color_primaries,
                      .width = way.turned() ? area.height : area.width,
                      .height = way.turned() ? area.width : area.height,
                      .pixel_format = output.pixel_format};
    return found;
  }

  bool passthrough(const AVFrame& in) const {
    const Orientation way = orientation_of(in);
    const Area area = area_of(in, way);
    return options.crop.empty() && area.is_whole(output) && in.format == output.pixel_format &&
           scaler.same_picture(in) && work_for(in, way, area).nothing();
  }

  /// libavfilter's transpose can't turn 4:2:2 and packed chroma: it converts by itself.
  FramePtr filtered(const AVFrame& in, const FilterWork& wanted) {
    const Pixels pixels = pixels_of(in);
    if (!filter || pixels != work_pixels || wanted != work) {
      filter = std::make_unique<FilterGraph>(filter_chain(wanted, in), in, AVRational{1, 1000},
                                             threads_for(wanted, options.threads));
      work_pixels = pixels;
      work = wanted;
    }
    // Filters with two inputs go by time, which jumps back at a seek.
    FramePtr timed = make_frame();
    if (av_frame_ref(timed.get(), &in) < 0) throw std::bad_alloc();
    timed->pts = ++filtered_frames;
    filter->push(*timed);
    FramePtr out = make_frame();
    if (!filter->pull(*out)) throw Error(ErrorCode::Internal, "a filter gave no picture");
    return out;
  }

  void draw(const AVFrame& in, std::uint8_t* const data[4], const int stride[4]) {
    const Orientation way = orientation_of(in);
    FramePtr made;  // what `from` is, unless that is `in`
    const AVFrame* from = &in;
    if (!options.crop.empty()) {
      made = cropped(in, before_turning(options.crop, way));
      from = made.get();
    }
    const Area area = area_of(*from, way);
    letterboxed = !area.is_whole(output);
    const FilterWork wanted = work_for(*from, way, area);
    if (!wanted.nothing()) {
      made = filtered(*from, wanted);
      from = made.get();
    }
    scaler.draw(*from, area, data, stride);
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
    : impl_(std::make_unique<Impl>(input, options)) {}

Converter::~Converter() = default;

const VideoFormat& Converter::output() const { return impl_->output; }

bool Converter::passthrough(const AVFrame& in) const { return impl_->passthrough(in); }

bool Converter::letterboxed() const { return impl_->letterboxed; }

FramePtr Converter::convert(FramePtr in) {
  if (passthrough(*in)) {
    impl_->letterboxed = false;
    return in;
  }
  FramePtr out = impl_->allocate();
  convert_into(*in, out->data, out->linesize);
  stamp(*out, *in, impl_->output);
  return out;
}

void Converter::convert_into(const AVFrame& in, std::uint8_t* const data[4], const int stride[4]) {
  impl_->draw(in, data, stride);
}

}  // namespace videopush::media
