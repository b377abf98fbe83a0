#include "media/encode/encoder_open.h"

#include <algorithm>
#include <new>
#include <string_view>

#include "core/error.h"
#include "media/source/no_realtime.h"

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/opt.h>
}

namespace videopush::media {
namespace {

constexpr AVRational kLeastRate{2, 1};

CodecContextPtr configured(const EncoderSettings& settings, const VideoFormat& picture,
                           bool global_header) {
  CodecContextPtr context(avcodec_alloc_context3(settings.codec));
  if (!context) throw std::bad_alloc();
  context->width = settings.width;
  context->height = settings.height;
  context->pix_fmt = static_cast<AVPixelFormat>(settings.pixel_format);
  context->time_base = settings.time_base;
  context->framerate =
      av_cmp_q(settings.frame_rate, kLeastRate) < 0 ? kLeastRate : settings.frame_rate;
  tag_picture(*context, picture);
  context->bit_rate = settings.bit_rate;
  context->rc_min_rate = settings.min_bit_rate;
  context->rc_max_rate = settings.max_bit_rate;
  context->rc_buffer_size = static_cast<int>(settings.max_bit_rate);  // one second
  context->gop_size = settings.gop_frames;
  context->keyint_min = settings.gop_frames;
  context->max_b_frames = settings.max_b_frames;
  context->thread_count = settings.threads;
  context->flags |= AV_CODEC_FLAG_CLOSED_GOP;
  // MJPEG of limited range, as nearly every video is: the tag stays true instead.
  if (settings.codec->id == AV_CODEC_ID_MJPEG)
    context->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
  if (global_header) context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  return context;
}

/// 0 or an AVERROR. Options that nobody took are an error, too.
int try_open(const EncoderSettings& settings, const VideoFormat& picture, bool global_header,
             CodecContextPtr& out) {
  CodecContextPtr context = configured(settings, picture, global_header);
  AVDictionary* options = nullptr;
  for (const auto& [name, value] : settings.options)
    av_dict_set(&options, name.c_str(), value.c_str(), 0);
  const NoRealtime no_realtime;
  int result = avcodec_open2(context.get(), settings.codec, &options);
  if (result >= 0 && av_dict_count(options) > 0) result = AVERROR_OPTION_NOT_FOUND;
  av_dict_free(&options);
  if (result >= 0) out = std::move(context);
  return result;
}

/// The asked option without which the encoder opens; nullptr when there is no such one.
const AskedOption* culprit(const EncoderSettings& settings, const VideoFormat& picture,
                           bool global_header) {
  for (const AskedOption& asked : settings.asked) {
    EncoderSettings without = settings;
    without.options.erase(asked.name);
    CodecContextPtr context;
    if (try_open(without, picture, global_header, context) >= 0) return &asked;
  }
  return nullptr;
}

std::string advice(const EncoderSettings& settings, const AskedOption& asked) {
  const std::string_view codec = settings.codec->name;
  if (codec.starts_with("libx26") && asked.name == "preset")
    return "presets: ultrafast superfast veryfast faster fast medium slow slower veryslow placebo";
  if (codec.starts_with("libx264") && asked.name == "tune")
    return "tunes: film animation grain stillimage psnr ssim fastdecode zerolatency";
  if (codec == "libx265" && asked.name == "tune")
    return "tunes: psnr ssim grain fastdecode zerolatency animation";
  return "see `ffmpeg -h encoder=" + std::string(codec) + "` for what it takes";
}

}  // namespace

CodecContextPtr open_encoder(const EncoderSettings& settings, const VideoFormat& picture,
                             bool global_header) {
  CodecContextPtr context;
  const int result = try_open(settings, picture, global_header, context);
  if (result >= 0) return context;
  const std::string name = settings.codec->name;
  if (const AskedOption* asked = culprit(settings, picture, global_header))
    throw Error(ErrorCode::EncoderRejected, name + " refused " + asked->name + "=" + asked->value,
                advice(settings, *asked), result);
  throw Error::from_averror(
      ErrorCode::EncoderRejected, result,
      name + " refused to open for " + std::to_string(settings.width) + "x" +
          std::to_string(settings.height) + " " +
          av_get_pix_fmt_name(static_cast<AVPixelFormat>(settings.pixel_format)) + " at " +
          std::to_string(settings.bit_rate) + " b/s",
      "try another encoder, size or pixel format; the log says what the encoder itself reported");
}

void make_closable(AVCodecContext& context, bool used) noexcept {
  if (std::string_view(context.codec->name) != "libsvtav1") return;
  const FramePtr blank(av_frame_alloc());
  const PacketPtr packet(av_packet_alloc());
  if (!blank || !packet) return;
  blank->width = context.width;
  blank->height = context.height;
  blank->format = context.pix_fmt;
  blank->pts = 0;
  if (!used && av_frame_get_buffer(blank.get(), 0) >= 0) avcodec_send_frame(&context, blank.get());
  if (avcodec_send_frame(&context, nullptr) < 0) return;  // it has been flushed
  while (avcodec_receive_packet(&context, packet.get()) >= 0) av_packet_unref(packet.get());
}

}  // namespace videopush::media
