#include "binding/relay_values.h"

#include <algorithm>

#include "core/clock.h"
#include "core/limits.h"

namespace videopush::binding {
namespace {

constexpr std::int64_t kMax = INT32_MAX;
constexpr double kLongestAge = 1e9;  // seconds

std::int64_t required_big(Fields& fields, const char* key) {
  const auto value = fields.big(key);
  if (!value) bad_argument(fields.name_of(key), "a BigInt of 64 bits");
  return *value;
}

std::int32_t small(Fields& fields, const char* key, std::int64_t least = 0) {
  const auto value = fields.integer(key, {least, kMax});
  if (!value) bad_argument(fields.name_of(key), "a whole number");
  return static_cast<std::int32_t>(*value);
}

}  // namespace

Napi::Object relay_header_to_js(Napi::Env env, const ring::SlotHeader& header) {
  Napi::Object object = Napi::Object::New(env);
  const auto big = [&](const char* key, std::int64_t value) {
    object[key] = Napi::BigInt::New(env, value);
  };
  big("sequence", static_cast<std::int64_t>(header.sequence));
  big("pts", header.pts);
  big("duration", header.duration);
  big("sourcePts", header.source_pts);
  big("sourceIndex", header.source_index);
  big("segmentOrigin", header.segment_origin);
  big("segmentStart", header.segment_start);
  big("sourceKeyPosition", header.source_key_position);
  big("sourceShift", header.source_shift);
  object["flags"] = Napi::Number::New(env, header.flags);
  object["pass"] = Napi::Number::New(env, header.pass);
  const Nanoseconds age = header.produced_at == 0
                              ? 0
                              : std::max<Nanoseconds>(0, system_clock().now() - header.produced_at);
  object["ageSeconds"] = Napi::Number::New(env, to_seconds(age));
  return object;
}

ring::SlotHeader parse_relay_header(Fields& fields) {
  ring::SlotHeader header{};
  header.sequence = static_cast<std::uint64_t>(required_big(fields, "sequence"));
  header.pts = required_big(fields, "pts");
  header.duration = required_big(fields, "duration");
  header.source_pts = required_big(fields, "sourcePts");
  header.source_index = required_big(fields, "sourceIndex");
  header.segment_origin = required_big(fields, "segmentOrigin");
  header.segment_start = required_big(fields, "segmentStart");
  header.source_key_position = required_big(fields, "sourceKeyPosition");
  header.source_shift = required_big(fields, "sourceShift");
  header.flags = static_cast<std::uint32_t>(small(fields, "flags"));
  header.pass = static_cast<std::uint32_t>(small(fields, "pass"));
  const double age = fields.number("ageSeconds", 0, kLongestAge).value_or(0);
  header.produced_at = system_clock().now() - from_seconds(age);
  return header;
}

Napi::Object relay_format_to_js(Napi::Env env, const VideoFormat& format) {
  Napi::Object object = Napi::Object::New(env);
  const auto number = [&](const char* key, std::int64_t value) {
    object[key] = Napi::Number::New(env, static_cast<double>(value));
  };
  const char* name = av_get_pix_fmt_name(static_cast<AVPixelFormat>(format.pixel_format));
  object["pixelFormat"] = Napi::String::New(env, name != nullptr ? name : "");
  number("width", format.width);
  number("height", format.height);
  number("timeBaseNumerator", format.time_base_num);
  number("timeBaseDenominator", format.time_base_den);
  number("frameRateNumerator", format.frame_rate_num);
  number("frameRateDenominator", format.frame_rate_den);
  number("sampleAspectNumerator", format.sar_num);
  number("sampleAspectDenominator", format.sar_den);
  number("colorRange", format.color_range);
  number("colorPrimaries", format.color_primaries);
  number("colorTransfer", format.color_transfer);
  number("colorMatrix", format.color_matrix);
  number("chromaLocation", format.chroma_location);
  number("gopFrames", format.gop_frames);
  number("bitRate", format.bit_rate);
  return object;
}

VideoFormat parse_relay_format(Fields fields) {
  VideoFormat format;
  const std::string name = fields.required_text("pixelFormat");
  format.pixel_format = av_get_pix_fmt(name.c_str());
  if (format.pixel_format == AV_PIX_FMT_NONE)
    bad_argument(fields.name_of("pixelFormat"), "a pixel format that this FFmpeg knows");
  format.width = small(fields, "width", 1);
  format.height = small(fields, "height", 1);
  format.time_base_num = small(fields, "timeBaseNumerator", 1);
  format.time_base_den = small(fields, "timeBaseDenominator", 1);
  format.frame_rate_num = small(fields, "frameRateNumerator");
  format.frame_rate_den = small(fields, "frameRateDenominator", 1);
  format.sar_num = small(fields, "sampleAspectNumerator");
  format.sar_den = small(fields, "sampleAspectDenominator", 1);
  format.color_range = small(fields, "colorRange");
  format.color_primaries = small(fields, "colorPrimaries");
  format.color_transfer = small(fields, "colorTransfer");
  format.color_matrix = small(fields, "colorMatrix");
  format.chroma_location = small(fields, "chromaLocation");
  format.gop_frames = small(fields, "gopFrames");
  format.bit_rate = fields.integer("bitRate", {0, limits::kMaxSourceBitRate}).value_or(0);
  fields.finish();
  return format;
}

ring::Seed parse_seed(Fields fields) {
  ring::Seed seed{};
  seed.last = parse_relay_header(fields);
  seed.time_base.num = small(fields, "timeBaseNumerator", 1);
  seed.time_base.den = small(fields, "timeBaseDenominator", 1);
  fields.finish();
  return seed;
}

}  // namespace videopush::binding
