#include "binding/options.h"

#include <charconv>
#include <utility>

#include "binding/ring_options.h"

namespace videopush::binding {
namespace {

/// 0 stands for "not set" in a session's options.
constexpr Range or_unset(Range range) { return {0, range.most}; }

template <typename Target, typename Value>
void set(Target& target, std::optional<Value> value) {
  if (value) target = static_cast<Target>(*std::move(value));
}

/// Reads FFmpeg's name of a pixel format.
int parse_pixel_format(const Fields& fields, const std::string& name) {
  const AVPixelFormat format = av_get_pix_fmt(name.c_str());
  if (format == AV_PIX_FMT_NONE)
    bad_argument(fields.name_of("pixelFormat"),
                 "a pixel format of FFmpeg such as yuv420p, got \"" + name + "\"");
  return format;
}

/// Reads "#rrggbb".
std::uint32_t parse_color(const Fields& fields, const std::string& text) {
  std::uint32_t color = 0;
  const char* end = text.data() + text.size();
  const bool shaped = text.size() == 7 && text[0] == '#';
  const auto read = std::from_chars(text.data() + (shaped ? 1 : 0), end, color, 16);
  if (!shaped || read.ec != std::errc() || read.ptr != end)
    bad_argument(fields.name_of("background"), "a colour such as #000000");
  return color;
}

void parse_trust(Fields& fields, TlsTrust& trust) {
  set(trust.ca_file, fields.text("caFile"));
  set(trust.insecure_skip_verify, fields.boolean("insecureSkipVerify"));
}

media::Crop parse_crop(Fields fields) {
  media::Crop crop;
  const auto side = [&](const char* name, int& target) {
    const auto pixels = fields.integer(name, limits::kCrop);
    // Chroma of 4:2:0 cannot be cut within a pair of lines.
    if (pixels.value_or(0) % 2 != 0) bad_argument(fields.name_of(name), "an even number");
    set(target, pixels);
  };
  side("left", crop.left);
  side("top", crop.top);
  side("right", crop.right);
  side("bottom", crop.bottom);
  fields.finish();
  return crop;
}

media::TestPattern parse_pattern(Fields fields) {
  media::TestPattern pattern;
  set(pattern.pattern, fields.choice<std::string>("pattern", {{"testsrc2", "testsrc2"},
                                                              {"smptehdbars", "smptehdbars"},
                                                              {"testsrc", "testsrc"}}));
  set(pattern.width, fields.integer("width", limits::kSide));
  set(pattern.height, fields.integer("height", limits::kSide));
  set(pattern.rate, fields.frame_rate("frameRate"));
  set(pattern.duration_seconds, fields.number("durationSeconds", 0, limits::kDurationSeconds.most));
  fields.finish();
  return pattern;
}

ring::RingOptions parse_decoder_ring(Fields fields) {
  ring::RingOptions ring = parse_pipeline_ring(fields);
  set(ring.when_full, parse_when_full(fields));
  fields.finish();
  return ring;
}

}  // namespace

SourceInput parse_source(Fields fields) {
  SourceInput input;
  media::SourceOptions& source = input.source;
  set(source.uri, fields.text("uri"));
  if (auto pattern = fields.object("testPattern"))
    source.test_pattern = parse_pattern(*std::move(pattern));
  if (source.uri.empty() == !source.test_pattern.has_value()) {
    bad_argument(fields.name_of("uri"), "exactly one of uri and testPattern");
  }
  set(source.user, fields.text("user"));
  set(source.password, fields.text("password"));
  set(input.user_file, fields.text("userFile"));
  set(input.password_file, fields.text("passwordFile"));
  if (const auto program = fields.integer("program", limits::kProgram))
    source.track.program = static_cast<int>(*program);
  set(source.track.name, fields.text("videoTrack"));
  if (source.test_pattern && (source.track.program || !source.track.name.empty()))
    bad_argument(fields.name_of(source.track.program ? "program" : "videoTrack"),
                 "no value with testPattern, which has one video track");
  set(source.rtsp_transport,
      fields.choice<std::string>("rtspTransport", {{"tcp", "tcp"}, {"udp", "udp"}}));
  parse_trust(fields, source.tls);
  set(source.open_timeout_ms,
      fields.integer("openTimeoutMilliseconds", limits::kTimeoutMilliseconds));
  set(source.read_timeout_ms,
      fields.integer("readTimeoutMilliseconds", limits::kTimeoutMilliseconds));
  set(input.decode.threads, fields.integer("threads", limits::kThreads));
  fields.finish();
  return input;
}

media::EncoderOptions parse_encoder(Fields fields) {
  media::EncoderOptions encoder;
  set(encoder.codec, fields.text("codec"));
  set(encoder.encoder, fields.text("encoder"));
  set(encoder.width, fields.integer("width", or_unset(limits::kSide)));
  set(encoder.height, fields.integer("height", or_unset(limits::kSide)));
  set(encoder.frame_rate, fields.frame_rate("frameRate"));
  set(encoder.bit_rate, fields.integer("bitRate", or_unset(limits::kBitRate)));
  set(encoder.rate_control,
      fields.choice<media::RateControl>("rateControl", {{"Capped", media::RateControl::Capped},
                                                        {"Constant", media::RateControl::Constant},
                                                        {"Quality", media::RateControl::Quality}}));
  set(encoder.max_bit_rate, fields.integer("maxBitRate", or_unset(limits::kBitRate)));
  set(encoder.quality, fields.integer("quality", or_unset(limits::kQuality)));
  set(encoder.profile, fields.text("profile"));
  set(encoder.level, fields.text("level"));
  set(encoder.gop_frames, fields.integer("gopFrames", or_unset(limits::kGopFrames)));
  set(encoder.gop_seconds, fields.number("gopSeconds", 0, limits::kGopSeconds.most));
  set(encoder.max_b_frames, fields.integer("maxBFrames", limits::kBFrames));
  set(encoder.preset, fields.text("preset"));
  set(encoder.tune, fields.text("tune"));
  if (auto name = fields.text("pixelFormat")) {
    parse_pixel_format(fields, *name);
    encoder.pixel_format = *std::move(name);
  }
  set(encoder.threads, fields.integer("threads", limits::kThreads));
  encoder.extra = fields.text_map("extra");
  fields.finish();
  return encoder;
}

namespace {

void parse_picture(Fields& fields, sessions::DecodeSessionOptions& options) {
  media::ConvertOptions& picture = options.picture;
  set(picture.width, fields.integer("width", or_unset(limits::kSide)));
  set(picture.height, fields.integer("height", or_unset(limits::kSide)));
  if (const auto name = fields.text("pixelFormat"))
    picture.pixel_format = parse_pixel_format(fields, *name);
  if (auto crop = fields.object("crop")) picture.crop = parse_crop(*std::move(crop));
  set(picture.square_pixels, fields.boolean("squarePixels"));
  set(picture.hdr, fields.choice<media::Hdr>(
                       "hdr", {{"ToneMap", media::Hdr::ToneMap}, {"Keep", media::Hdr::Keep}}));
  if (const auto color = fields.text("background"))
    picture.background = parse_color(fields, *color);
  set(options.deinterlace,
      fields.choice<media::Deinterlace>("deinterlace", {{"Auto", media::Deinterlace::Auto},
                                                        {"Off", media::Deinterlace::Off},
                                                        {"Always", media::Deinterlace::Always}}));
}

}  // namespace

sessions::DecodeSessionOptions parse_decode_session(const Napi::Value& value) {
  Fields fields(value, "");
  sessions::DecodeSessionOptions options;
  auto source = fields.object("source");
  if (!source) bad_argument("source", "an object");
  SourceInput input = parse_source(*std::move(source));
  options.source = std::move(input.source);
  options.decode = input.decode;
  options.user_file = std::move(input.user_file);
  options.password_file = std::move(input.password_file);
  parse_picture(fields, options);
  set(options.frame_rate, fields.frame_rate("frameRate"));
  set(options.on_end,
      fields.choice<sessions::OnEnd>("onEnd", {{"Complete", sessions::OnEnd::Complete},
                                               {"Repeat", sessions::OnEnd::Repeat},
                                               {"Reconnect", sessions::OnEnd::Reconnect}}));
  auto ring = fields.object("ring");
  if (!ring) bad_argument("ring", "an object");
  options.ring = parse_decoder_ring(*std::move(ring));
  set(options.encoder_delay_frames,
      fields.integer("encoderDelayFrames", limits::kEncoderDelayFrames));
  set(options.latency_budget, parse_latency_budget(fields));
  fields.finish();
  return options;
}

sessions::OutputOptions parse_output(Fields fields) {
  sessions::OutputOptions output;
  output.name = fields.required_text("name");
  output.url = fields.required_text("url");
  set(output.url_secret, fields.boolean("urlSecret"));
  set(output.user, fields.text("user"));
  set(output.password, fields.text("password"));
  set(output.user_file, fields.text("userFile"));
  set(output.password_file, fields.text("passwordFile"));
  parse_trust(fields, output.tls);
  set(output.limits.connect_ms,
      fields.integer("connectTimeoutMilliseconds", limits::kTimeoutMilliseconds));
  set(output.limits.response_ms,
      fields.integer("responseTimeoutMilliseconds", limits::kTimeoutMilliseconds));
  set(output.limits.write_ms,
      fields.integer("writeTimeoutMilliseconds", limits::kTimeoutMilliseconds));
  fields.finish();
  return output;
}

std::optional<Nanoseconds> parse_latency_budget(Fields& fields) {
  const auto budget = fields.number("latencyBudgetMilliseconds", limits::kLatencyMilliseconds.least,
                                    limits::kLatencyMilliseconds.most);
  if (!budget) return std::nullopt;
  return static_cast<Nanoseconds>(*budget * 1e6);
}

std::optional<pacing::CatchUp> parse_catch_up(Fields& fields) {
  return fields.choice<pacing::CatchUp>("catchUp", {{"Rebase", pacing::CatchUp::Rebase},
                                                    {"Burst", pacing::CatchUp::Burst},
                                                    {"Skip", pacing::CatchUp::Skip}});
}

EncodeSessionInput parse_encode_session(const Napi::Value& value) {
  Fields fields(value, "");
  EncodeSessionInput input;
  input.ring_path = fields.required_text("ringPath");
  if (auto encoder = fields.object("encoder"))
    input.options.encoder = parse_encoder(*std::move(encoder));
  set(input.options.latency_budget, parse_latency_budget(fields));
  set(input.options.catch_up, parse_catch_up(fields));
  for (Fields& output : fields.objects("outputs")) {
    input.options.outputs.push_back(parse_output(std::move(output)));
  }
  if (input.options.outputs.empty()) bad_argument("outputs", "at least one output");
  fields.finish();
  return input;
}

}  // namespace videopush::binding
