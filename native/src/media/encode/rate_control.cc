#include "media/encode/rate_control.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/limits.h"

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::media {
namespace {

constexpr std::int64_t kLeastBitRate = 300'000;
constexpr AVRational kLeastRate{10, 1};

/// 4, 4.1, and H.264's 1b.
bool is_level(std::string_view text) {
  const auto within = [&](std::size_t at, char from, char to) {
    return text[at] >= from && text[at] <= to;
  };
  if (text == "1b") return true;
  if (text.size() != 1 && text.size() != 3) return false;
  return within(0, '1', '8') && (text.size() == 1 || (text[1] == '.' && within(2, '0', '9')));
}

[[noreturn]] void refuse(const std::string& message, const std::string& action) {
  throw Error(ErrorCode::InvalidArgument, message, action);
}

std::string_view name_of(const EncoderSettings& settings) { return settings.codec->name; }
bool is_x264(const EncoderSettings& settings) { return name_of(settings).starts_with("libx264"); }
bool is_x26x(const EncoderSettings& settings) { return name_of(settings).starts_with("libx26"); }

/// 0.1 bit per pixel, for at least 10 frames a second: a slide show has no further frames over
/// which the quality of a picture could grow.
std::int64_t by_size(const EncoderSettings& settings) {
  const std::int64_t pixels = static_cast<std::int64_t>(settings.width) * settings.height;
  const AVRational rate =
      av_cmp_q(settings.frame_rate, kLeastRate) < 0 ? kLeastRate : settings.frame_rate;
  return std::clamp(av_rescale(pixels, rate.num, 10LL * rate.den), kLeastBitRate,
                    limits::kBitRate.most);
}

/// The source's rate counts within bounds only: a slide's few kb/s would make mud of whatever
/// follows it, an intermediate codec's 100 Mb/s say nothing about a live stream, and a better
/// codec, or a slower encoder, needs less than half of what a live one does.
std::int64_t inherited(std::int64_t of_source, std::int64_t usual) {
  if (of_source <= 0) return usual;
  return std::clamp(of_source, std::max(kLeastBitRate, usual / 2),
                    std::min(4 * usual, limits::kBitRate.most));
}

bool quality_by_extra(const std::map<std::string, std::string>& extra) {
  return std::ranges::any_of(std::initializer_list<const char*>{"crf", "qp", "cqp", "qscale"},
                             [&](const char* name) { return extra.contains(name); });
}

void check_combination(const EncoderSettings& settings, const EncoderOptions& options) {
  const bool constant = options.rate_control == RateControl::Constant;
  const bool quality = options.rate_control == RateControl::Quality;
  const bool special = constant || quality || options.max_bit_rate > 0 || !options.level.empty();
  if (special && !is_x26x(settings))
    refuse(std::string(name_of(settings)) +
               " takes neither rate control Constant or Quality, nor a maximum bit rate or a level",
           "take H264 or H265, or leave them out");
  if (constant && options.max_bit_rate > 0)
    refuse("rate control Constant takes no maximum bit rate", "set the bit rate alone");
  if (quality && options.bit_rate > 0)
    refuse("rate control Quality takes no bit rate", "set the maximum bit rate instead");
  if (!quality && options.quality != 0)
    refuse("a quality is only for rate control Quality", "set rate control Quality, or no quality");
  if (options.max_bit_rate > 0 && options.max_bit_rate < options.bit_rate)
    refuse("the maximum bit rate is below the bit rate", "set it to the bit rate at least");
  if (options.profile == "baseline" && options.max_b_frames > 0)
    refuse("profile baseline has no B-frames", "set no B-frames, or profile main");
  if (!options.level.empty() && !is_level(options.level))
    refuse("'" + options.level + "' is no level", "write it as 4 or 4.1");
}

/// Appends to the encoder's own list of parameters, x264-params or x265-params.
void add_parameter(EncoderSettings& settings, const std::string& parameter) {
  std::string& list = settings.options[is_x264(settings) ? "x264-params" : "x265-params"];
  list += (list.empty() ? "" : ":") + parameter;
}

/// True for an encoder that gives out each frame before it knows the next one.
bool without_delay(const EncoderSettings& settings) {
  const auto tune = settings.options.find("tune");
  return is_x26x(settings) && tune != settings.options.end() &&
         tune->second.find("zerolatency") != std::string::npos;
}

/// Where x264 must spend neither more nor less than what a frame's time is worth, or may vary
/// around the target, only its own clock will do. That holds one frame back, whose length the next
/// one's timestamp shows.
bool by_x264s_clock(const EncoderSettings& settings, const EncoderOptions& options) {
  return is_x264(settings) && (options.rate_control == RateControl::Constant ||
                               options.max_bit_rate > settings.bit_rate);
}

/// How the encoder learns how long a frame lasts. Encoders that are not named here go by
/// timestamps, or keep no rate over time anyway.
FrameTime frame_time(const EncoderSettings& settings, const EncoderOptions& options) {
  if (settings.bit_rate == 0 && settings.max_bit_rate == 0) return FrameTime::Stamps;
  if (is_x264(settings)) {
    const bool quality = settings.bit_rate == 0;
    const bool stamps = !quality && by_x264s_clock(settings, options);
    return without_delay(settings) && !stamps ? FrameTime::Budget : FrameTime::Stamps;
  }
  const bool counts = name_of(settings) == "libx265" || name_of(settings) == "libsvtav1" ||
                      name_of(settings) == "libopenh264";
  return counts ? FrameTime::Restart : FrameTime::Stamps;
}

}  // namespace

void choose_bit_rate(EncoderSettings& settings, const EncoderOptions& options,
                     const VideoFormat& input) {
  check_combination(settings, options);
  if (options.rate_control == RateControl::Quality) return;
  if (options.bit_rate > 0) {
    settings.bit_rate = options.bit_rate;
  } else if (!quality_by_extra(options.extra)) {
    settings.bit_rate = inherited(input.bit_rate, by_size(settings));
    if (options.max_bit_rate > 0)
      settings.bit_rate = std::min(settings.bit_rate, options.max_bit_rate);
  }
}

void add_rate_options(EncoderSettings& settings, const EncoderOptions& options) {
  if (options.quality != 0) settings.options["crf"] = std::to_string(options.quality);
  if (options.rate_control == RateControl::Constant) {
    if (is_x264(settings))
      settings.options["nal-hrd"] = "cbr";  // implies filler
    else
      add_parameter(settings, "hrd=1:strict-cbr=1");
  }
  if (settings.bit_rate > 0 && by_x264s_clock(settings, options))
    add_parameter(settings, "force-cfr=0");
  if (!options.profile.empty()) ask(settings, "profile", options.profile);
  if (options.level.empty()) return;
  if (is_x264(settings))
    ask(settings, "level", options.level);
  else
    add_parameter(settings, "level-idc=" + options.level);
}

void begin_vbv_at(EncoderSettings& settings, double seconds) {
  if (settings.max_bit_rate == 0 || name_of(settings) != "libx265") return;
  // An empty bucket would leave nothing for the key frame; x265's own value is 0.9. Above 1, x265
  // reads the number as kilobits.
  const double bits = std::clamp(seconds, 0.1, 0.9) * static_cast<double>(settings.max_bit_rate);
  add_parameter(settings, "vbv-init=" + std::to_string(std::lround(bits / 1000)));
}

/// A live stream keeps to its rate over any second. With lookahead the rate is an average, as x264
/// has it, unless more is asked for: its frame threads together with VBV don't give the same stream
/// twice.
void bound_bit_rate(EncoderSettings& settings, const EncoderOptions& options) {
  const bool quality = options.rate_control == RateControl::Quality;
  const bool asked = options.max_bit_rate > 0 || options.rate_control != RateControl::Capped;
  if (asked || without_delay(settings)) {
    const std::int64_t usual =
        quality ? std::min(2 * by_size(settings), limits::kBitRate.most) : settings.bit_rate;
    settings.max_bit_rate = options.max_bit_rate > 0 ? options.max_bit_rate : usual;
  }
  // libvpx takes a rate for a constant one only then (libvpxenc.c); else it looks back for longer.
  if (name_of(settings).starts_with("libvpx"))
    settings.min_bit_rate = settings.max_bit_rate = settings.bit_rate;
  settings.frame_time = frame_time(settings, options);
}

}  // namespace videopush::media
