#include "media/encode/encoder_settings.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/error.h"
#include "core/limits.h"
#include "core/processors.h"
#include "media/encode/encoder_names.h"
#include "media/encode/rate_control.h"
#include "media/picture/layout.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace videopush::media {
namespace {

constexpr double kDefaultGopSeconds = 2;
/// mpegvideo_enc.c counts no further.
constexpr int kMaxMpegGopFrames = 600;
constexpr AVRational kDefaultRate{25, 1};

/// What makes an encoder live: no lookahead, a speed that keeps up. Applied unless preset, tune or
/// the option itself was asked for.
struct LiveDefaults {
  std::string_view encoder;
  std::map<std::string, std::string> options;
};

const std::vector<LiveDefaults>& live_defaults() {
  static const std::vector<LiveDefaults> all = {
      {"libx264", {{"preset", "veryfast"}, {"tune", "zerolatency"}}},
      {"libx264rgb", {{"preset", "veryfast"}, {"tune", "zerolatency"}}},
      {"libx265", {{"preset", "veryfast"}, {"tune", "zerolatency"}}},
      {"libvpx", {{"deadline", "realtime"}, {"cpu-used", "8"}, {"lag-in-frames", "0"}}},
      {"libvpx-vp9", {{"deadline", "realtime"}, {"cpu-used", "8"}, {"lag-in-frames", "0"}}},
      {"libaom-av1", {{"usage", "realtime"}, {"cpu-used", "8"}, {"lag-in-frames", "0"}}},
      {"libsvtav1", {{"preset", "10"}}},
  };
  return all;
}

bool has_private_option(const AVCodec& codec, const std::string& name) {
  return codec.priv_class != nullptr &&
         av_opt_find(const_cast<const AVClass**>(&codec.priv_class), name.c_str(), nullptr, 0,
                     AV_OPT_SEARCH_FAKE_OBJ) != nullptr;
}

[[noreturn]] void refuse(const std::string& message, const std::string& action) {
  throw Error(ErrorCode::InvalidArgument, message, action);
}

void require_range(const char* what, std::int64_t value, Range range) {
  if (!range.holds(value))
    refuse(std::string(what) + " " + whole_number_from(range) + ", not " + std::to_string(value),
           "choose another value");
}

AVRational chosen_rate(const EncoderOptions& options, const VideoFormat& input) {
  const auto known = [](AVRational rate) { return rate.num > 0 && rate.den > 0; };
  if (known(options.frame_rate)) return options.frame_rate;
  return known(input.frame_rate()) ? input.frame_rate() : kDefaultRate;
}

/// FFmpeg's own MPEG encoders (mpegvideo_enc.c), whose syntax has a clock of its own.
bool is_mpeg_video(AVCodecID codec) {
  switch (codec) {
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_MPEG4:
    case AV_CODEC_ID_H263:
    case AV_CODEC_ID_H263P:
    case AV_CODEC_ID_FLV1:
      return true;
    default:
      return false;
  }
}

/// FFmpeg hands no forced key frame on to SVT-AV1 before its version 7.
bool takes_forced_keys(const AVCodec& codec) {
  return LIBAVCODEC_VERSION_MAJOR >= 61 || std::string_view(codec.name) != "libsvtav1";
}

/// The encoder's own count for a GOP of `gop_seconds`. Where Encoder keeps the time by forcing key
/// frames, it is so high that no frame rate reaches it first.
int counted_gop(const EncoderSettings& settings) {
  const double rate =
      takes_forced_keys(*settings.codec) ? limits::kMaxFrameRate : av_q2d(settings.frame_rate);
  const int frames = std::max(1, static_cast<int>(std::lround(settings.gop_seconds * rate)));
  return is_mpeg_video(settings.codec->id) ? std::min(frames, kMaxMpegGopFrames) : frames;
}

void choose_gop(EncoderSettings& settings, const EncoderOptions& options) {
  const bool by_time = options.gop_frames <= 0;
  const double asked = options.gop_seconds > 0 ? options.gop_seconds : kDefaultGopSeconds;
  settings.gop_seconds = by_time ? asked : 0;
  settings.gop_frames = by_time ? counted_gop(settings) : options.gop_frames;
}

/// Chroma samples can't be halved: the sizes that can.
void check_size(const EncoderSettings& settings) {
  require_range("the picture's width", settings.width, limits::kSide);
  require_range("the picture's height", settings.height, limits::kSide);
  const auto* pixels = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(settings.pixel_format));
  const int column = column_step(settings.pixel_format), row = row_step(settings.pixel_format);
  if (settings.width % column == 0 && settings.height % row == 0) return;
  const auto size = [](int width, int height) {
    return std::to_string(width) + "x" + std::to_string(height);
  };
  refuse("a picture of " + size(settings.width, settings.height) + " can't be encoded as " +
             pixels->name + ", which needs a width divisible by " + std::to_string(column) +
             " and a height divisible by " + std::to_string(row),
         "set the size, for example to " +
             size(settings.width / column * column, settings.height / row * row));
}

/// Key frames only where the GOP asks for them; parameter sets before each, so that readers may
/// join.
void add_stream_options(EncoderSettings& settings, bool global_header) {
  const AVCodec& codec = *settings.codec;
  const std::string_view name = codec.name;
  auto& options = settings.options;
  // libx264: 0 turns scene cuts off; FFmpeg's own MPEG encoders want this number with a closed GOP.
  if (has_private_option(codec, "sc_threshold"))
    options["sc_threshold"] = name.starts_with("libx264") ? "0" : "1000000000";
  if (has_private_option(codec, "forced-idr")) options["forced-idr"] = "1";
  // A global header switches repetition off (libx264.c, libx265.c); these are applied after that.
  if (name.starts_with("libx264") && global_header) options["x264-params"] = "repeat-headers=1";
  if (name == "libx265")
    options["x265-params"] = std::string("open-gop=0:scenecut=0:log-level=error") +
                             (global_header ? ":repeat-headers=1" : "");
}

void add_asked_options(EncoderSettings& settings, const EncoderOptions& options) {
  for (const LiveDefaults& live : live_defaults()) {
    if (live.encoder != settings.codec->name) continue;
    for (const auto& [name, value] : live.options) settings.options[name] = value;
  }
  const auto choose = [&](const char* name, const std::optional<std::string>& value) {
    if (!value) return;
    settings.options.erase(name);
    if (!value->empty()) ask(settings, name, *value);
  };
  choose("preset", options.preset);
  choose("tune", options.tune);
  for (const auto& [name, value] : options.extra) {
    // libavcodec would take it, and then read pictures that were converted to another one.
    if (name == "pixel_format")
      throw Error(ErrorCode::EncoderRejected, "pixel_format is not an option of the encoder",
                  "set `pixelFormat`");
    ask(settings, name, value);
  }
}

int chosen_pixel_format(const EncoderOptions& options, const AVCodec& codec) {
  const std::string& asked = options.pixel_format;
  if (asked.empty()) return supported_pixel_format(codec, AV_PIX_FMT_YUV420P);
  const AVPixelFormat format = av_get_pix_fmt(asked.c_str());
  if (format == AV_PIX_FMT_NONE || supported_pixel_format(codec, format) != format)
    throw Error(ErrorCode::EncoderRejected,
                std::string(codec.name) + " does not take the pixel format " + asked,
                "see `ffmpeg -h encoder=" + std::string(codec.name) + "` for those that it takes");
  return format;
}

/// Encoders count the processors of the machine, or of their affinity, and know nothing of the time
/// that a control group leaves them. 0: the encoder chooses.
int chosen_threads(int asked) {
  return asked > 0 || processor_quota() == 0 ? asked : available_processors();
}

/// What is not set passes: -1 B-frames, 0 of the others.
void check_numbers(const EncoderOptions& options) {
  require_range("the number of B-frames", std::max(options.max_b_frames, 0), limits::kBFrames);
  require_range("the number of encoder threads", options.threads, limits::kThreads);
  if (options.bit_rate != 0) require_range("the bit rate", options.bit_rate, limits::kBitRate);
  if (options.max_bit_rate != 0)
    require_range("the maximum bit rate", options.max_bit_rate, limits::kBitRate);
  if (options.quality != 0) require_range("the quality", options.quality, limits::kQuality);
  if (options.gop_frames != 0)
    require_range("the GOP length", options.gop_frames, limits::kGopFrames);
  const Range seconds{0, limits::kGopSeconds.most};
  require_range("the GOP length in seconds", std::llround(options.gop_seconds), seconds);
}

}  // namespace

bool has_option(const AVCodec& codec, const std::string& name) {
  const AVClass* generic = avcodec_get_class();
  return has_private_option(codec, name) ||
         av_opt_find(&generic, name.c_str(), nullptr, 0, AV_OPT_SEARCH_FAKE_OBJ) != nullptr;
}

void ask(EncoderSettings& settings, const std::string& name, const std::string& value) {
  if (!has_option(*settings.codec, name))
    throw Error(
        ErrorCode::EncoderRejected,
        std::string(settings.codec->name) + " has no option '" + name + "'",
        "leave it out, or see `ffmpeg -h encoder=" + std::string(settings.codec->name) + "`");
  std::string& option = settings.options[name];
  // These are lists: the caller's entries follow ours and win.
  const bool list = name == "x264-params" || name == "x265-params";
  option = list && !option.empty() ? option + ":" + value : value;
  settings.asked.push_back({name, value});
}

int supported_pixel_format(const AVCodec& codec, int wanted) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100)
  const void* configs = nullptr;
  avcodec_get_supported_config(nullptr, &codec, AV_CODEC_CONFIG_PIX_FORMAT, 0, &configs, nullptr);
  const auto* formats = static_cast<const AVPixelFormat*>(configs);
#else
  const AVPixelFormat* formats = codec.pix_fmts;
#endif
  if (formats == nullptr) return wanted;
  const auto takes = [&](AVPixelFormat format) {
    for (const AVPixelFormat* p = formats; *p != AV_PIX_FMT_NONE; ++p)
      if (*p == format) return true;
    return false;
  };
  const auto source = static_cast<AVPixelFormat>(wanted);
  if (takes(source)) return wanted;
  return avcodec_find_best_pix_fmt_of_list(formats, source, 0, nullptr);
}

EncoderSettings at_frame_rate(EncoderSettings settings, AVRational frame_rate) {
  settings.frame_rate = frame_rate;
  if (settings.gop_seconds > 0) settings.gop_frames = counted_gop(settings);
  return settings;
}

EncoderSettings encoder_settings(const EncoderOptions& options, const VideoFormat& input,
                                 bool global_header) {
  if (input.width <= 0 || input.height <= 0 || input.time_base_num <= 0 || input.time_base_den <= 0)
    refuse("the input has no picture size or no time base", "give both");
  check_numbers(options);

  EncoderSettings settings;
  settings.codec =
      avcodec_find_encoder_by_name(resolve_encoder(options.codec, options.encoder).c_str());
  settings.pixel_format = chosen_pixel_format(options, *settings.codec);
  const int column = column_step(settings.pixel_format), row = row_step(settings.pixel_format);
  settings.width = options.width > 0 ? options.width : input.width - input.width % column;
  settings.height = options.height > 0 ? options.height : input.height - input.height % row;
  check_size(settings);
  settings.frame_rate = chosen_rate(options, input);
  settings.time_base =
      is_mpeg_video(settings.codec->id) ? av_inv_q(settings.frame_rate) : input.time_base();
  choose_gop(settings, options);
  settings.max_b_frames = std::max(options.max_b_frames, 0);
  settings.threads = chosen_threads(options.threads);
  choose_bit_rate(settings, options, input);
  add_stream_options(settings, global_header);
  add_rate_options(settings, options);
  add_asked_options(settings, options);
  bound_bit_rate(settings, options);
  return settings;
}

}  // namespace videopush::media
