#include "media/encode/encoder.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "media/encode/encoder_open.h"
#include "media/encode/encoder_settings.h"
#include "media/encode/gop_clock.h"
#include "media/encode/rate_budget.h"
#include "media/encode/rate_control.h"
#include "media/encode/rate_watch.h"
#include "media/picture/convert.h"

namespace videopush::media {
namespace {

constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();

/// What must come out with a frame's packet. Kept beside the encoder by timestamp: neither of the
/// supported FFmpeg versions carries it through in the same way.
struct SideData {
  std::int64_t pts, duration;
  std::uint64_t sequence;
};

bool same_picture(const VideoFormat& input, const EncoderSettings& settings) {
  return input.width == settings.width && input.height == settings.height &&
         input.pixel_format == settings.pixel_format;
}

}  // namespace

struct Encoder::Impl {
  EncoderSettings settings;
  VideoFormat input, picture;  // `picture`: as the encoder is given it
  bool global_header;
  std::unique_ptr<Converter> converter;  // only when size or pixel format differ
  CodecContextPtr context;
  CodecParametersPtr parameters;
  PacketPtr packet = make_packet();
  std::int64_t bit_rate = 0;  // as opened; the context's changes with a Budget
  GopClock gop;
  std::optional<RateBudget> budget;  // with a Restart only for the VBV's level
  std::optional<RateWatch> watch;
  std::map<std::int64_t, SideData> inside;  // by the timestamp the encoder was given
  std::int64_t last_pts = kNone, last_stamp = kNone, last_dts = kNone;

  Impl(const EncoderOptions& options, const VideoFormat& format, bool header)
      : settings(encoder_settings(options, format, header)),
        input(format),
        picture(format),
        global_header(header),
        gop(settings.gop_seconds, format.time_base()) {
    if (!same_picture(input, settings)) {
      converter =
          std::make_unique<Converter>(input, ConvertOptions{.width = settings.width,
                                                            .height = settings.height,
                                                            .pixel_format = settings.pixel_format,
                                                            .hdr = Hdr::Keep});
      picture = converter->output();
    }
    context = open_encoder(settings, picture, global_header);
    parameters.reset(avcodec_parameters_alloc());
    if (!parameters || avcodec_parameters_from_context(parameters.get(), context.get()) < 0)
      throw std::bad_alloc();
    bit_rate = context->bit_rate;
    if (settings.frame_time == FrameTime::Stamps) return;
    const bool target = bit_rate > 0;
    budget.emplace(target ? bit_rate : settings.max_bit_rate,
                   target ? RateBudget::Goal::Target : RateBudget::Goal::Cap, context->framerate,
                   input.time_base());
    if (settings.frame_time == FrameTime::Restart)
      watch.emplace(settings.frame_rate, input.time_base());
  }
  ~Impl() { make_closable(*context, last_pts != kNone); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  bool rescales() const { return av_cmp_q(settings.time_base, input.time_base()) != 0; }

  /// The timestamp for the encoder: strictly increasing in its own clock.
  std::int64_t stamp(std::int64_t pts) const {
    if (!rescales()) return pts;
    const std::int64_t exact = av_rescale_q(pts, input.time_base(), settings.time_base);
    return last_stamp == kNone ? exact : std::max(exact, last_stamp + 1);
  }

  /// The frame as the encoder may keep it: converted, or sharing the caller's buffers, or, where
  /// those are a slot that will be written again and the encoder looks at frames later, a copy.
  FramePtr prepared(const AVFrame& frame) {
    FramePtr own = make_frame();
    if (converter) {
      FramePtr shared = make_frame();
      if (av_frame_ref(shared.get(), &frame) < 0) throw std::bad_alloc();
      shared->sample_aspect_ratio = {input.sar_num, input.sar_den};  // the input's holds for all
      own = converter->convert(std::move(shared));
    } else if (copies_input() || frame.buf[0] == nullptr || av_buffer_is_writable(frame.buf[0])) {
      if (av_frame_ref(own.get(), &frame) < 0) throw std::bad_alloc();
    } else {
      own->format = frame.format;
      own->width = frame.width;
      own->height = frame.height;
      if (av_frame_get_buffer(own.get(), 0) < 0) throw std::bad_alloc();
      av_frame_copy(own.get(), &frame);
      av_frame_copy_props(own.get(), &frame);
    }
    return own;
  }

  bool copies_input() const {
    return std::string_view(settings.codec->name).starts_with("libx264");
  }

  void require_fit(const AVFrame& frame) const {
    if (frame.width != input.width || frame.height != input.height ||
        frame.format != input.pixel_format)
      throw Error(ErrorCode::InvalidArgument,
                  "a frame's size or pixel format is not the one the encoder was opened for",
                  "open a new encoder for the new format");
    if (frame.pts == AV_NOPTS_VALUE || (last_pts != kNone && frame.pts <= last_pts))
      throw Error(ErrorCode::InvalidArgument,
                  "a frame's timestamp does not lie after the one before it",
                  "give each frame a larger timestamp than the last");
  }

  void submit(const AVFrame* frame, std::vector<EncodedPacket>& out) {
    int result = avcodec_send_frame(context.get(), frame);
    while (result >= 0) {
      result = avcodec_receive_packet(context.get(), packet.get());
      if (result >= 0) out.push_back(finished());
    }
    if (result != AVERROR(EAGAIN) && result != AVERROR_EOF)
      throw Error::from_averror(ErrorCode::EncoderRejected, result,
                                std::string(settings.codec->name) + " failed to encode a frame",
                                "the log says what the encoder itself reported");
  }

  /// Lets the bit rate hold when the frame rate varies. True when the next frame is the first one
  /// of an encoder that was opened again.
  bool follow_rate(std::int64_t pts, std::vector<EncodedPacket>& out) {
    if (!budget) return false;
    const auto worth = budget->next(pts);
    const auto frame_rate = watch ? watch->changed(pts) : std::nullopt;
    if (frame_rate) reopen(*frame_rate, out);
    if (worth && !watch) {
      // x264 lowers the VBV's rate to the target by itself, and complains of the reverse.
      context->rc_max_rate = bit_rate > 0 ? budget->highest() : *worth;
      if (bit_rate > 0) context->bit_rate = *worth;
    }
    return frame_rate.has_value();
  }

  void reopen(AVRational frame_rate, std::vector<EncodedPacket>& out) {
    submit(nullptr, out);
    make_closable(*context, last_pts != kNone);
    EncoderSettings changed = at_frame_rate(settings, frame_rate);
    begin_vbv_at(changed, budget->level());
    context = open_encoder(changed, picture, global_header);
  }

  EncodedPacket finished() {
    PacketPtr own = make_packet();
    av_packet_move_ref(own.get(), packet.get());
    const auto side_data = inside.find(own->pts);
    if (side_data == inside.end())
      throw Error(ErrorCode::Internal,
                  std::string(settings.codec->name) + " returned a packet of no known frame",
                  "please report this with the encoder's name and settings");
    const auto [pts, duration, sequence] = side_data->second;
    inside.erase(side_data);
    std::int64_t dts = own->dts == AV_NOPTS_VALUE ? own->pts : own->dts;
    if (rescales()) dts = av_rescale_q(dts, settings.time_base, input.time_base());
    // Muxers want them so; a codec clock coarser than the input's may round two together.
    dts = std::min(dts, pts);
    if (last_dts != kNone) dts = std::max(dts, last_dts + 1);
    last_dts = dts;
    own->pts = pts;
    own->dts = dts;
    own->duration = duration;
    if (budget) budget->spent(8LL * own->size);
    const bool key = (own->flags & AV_PKT_FLAG_KEY) != 0;
    return {std::move(own), sequence, key};
  }
};

Encoder::Encoder(const EncoderOptions& options, const VideoFormat& input, bool global_header)
    : impl_(std::make_unique<Impl>(options, input, global_header)) {}

Encoder::~Encoder() = default;

void Encoder::encode(const AVFrame& frame, std::uint64_t sequence, bool force_key,
                     std::vector<EncodedPacket>& out) {
  impl_->require_fit(frame);
  FramePtr own = impl_->prepared(frame);
  const std::int64_t stamp = impl_->stamp(frame.pts);
  // What the decoder says of its own pictures must not steer the encoder.
  const bool reopened = impl_->follow_rate(frame.pts, out);
  const bool key = impl_->gop.begins(frame.pts, force_key || reopened);
  own->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  own->quality = 0;
  own->pts = stamp;
  impl_->inside[stamp] = {frame.pts, frame_duration(frame), sequence};
  impl_->last_pts = frame.pts;
  impl_->last_stamp = stamp;
  impl_->submit(own.get(), out);
}

void Encoder::flush(std::vector<EncodedPacket>& out) {
  if (!impl_->inside.empty()) impl_->submit(nullptr, out);
}

const AVCodecParameters& Encoder::parameters() const { return *impl_->parameters; }
AVRational Encoder::time_base() const { return impl_->input.time_base(); }
AVRational Encoder::frame_rate() const { return impl_->settings.frame_rate; }
int Encoder::held() const { return static_cast<int>(impl_->inside.size()); }
bool Encoder::copies_input() const { return impl_->copies_input() || impl_->converter != nullptr; }

Encoder::Effective Encoder::effective() const {
  const AVCodecContext& context = *impl_->context;
  return {.encoder = impl_->settings.codec->name,
          .bit_rate = impl_->bit_rate,
          .gop_frames = impl_->settings.gop_seconds > 0 ? 0 : context.gop_size,
          .gop_seconds = impl_->settings.gop_seconds,
          .max_b_frames = context.max_b_frames,
          .threads = context.thread_count,
          .width = context.width,
          .height = context.height,
          .pixel_format = av_get_pix_fmt_name(context.pix_fmt)};
}

}  // namespace videopush::media
