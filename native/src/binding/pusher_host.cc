#include "binding/pusher_host.h"

#include <cmath>
#include <optional>
#include <utility>

#include "binding/pixels.h"
#include "binding/values.h"
#include "core/limits.h"

namespace videopush::binding {
namespace {

VideoFormat parse_video(Fields fields) {
  VideoFormat format;
  format.width =
      static_cast<std::int32_t>(fields.integer("width", {2, limits::kSide.most}).value_or(0));
  format.height =
      static_cast<std::int32_t>(fields.integer("height", {2, limits::kSide.most}).value_or(0));
  if (!format.width) bad_argument(fields.name_of("width"), "a width in pixels");
  if (!format.height) bad_argument(fields.name_of("height"), "a height in pixels");
  const std::string name = fields.text("format").value_or("rgb24");
  format.pixel_format = av_get_pix_fmt(name.c_str());
  if (format.pixel_format == AV_PIX_FMT_NONE) {
    bad_argument(fields.name_of("format"),
                 "rgb24 or a pixel format of FFmpeg, got \"" + name + "\"");
  }
  // Describes the frames that will come, so it is not bound like a rate that is asked for.
  const AVRational rate = fields.rational("frameRate").value_or(AVRational{0, 1});
  if (!rate.num)
    bad_argument(fields.name_of("frameRate"), "a rate such as \"25\" or \"30000/1001\"");
  const AVRational time_base = fields.rational("timeBase").value_or(av_inv_q(rate));
  format.frame_rate_num = rate.num;
  format.frame_rate_den = rate.den;
  format.time_base_num = time_base.num;
  format.time_base_den = time_base.den;
  format.bit_rate = fields.integer("bitRate", {0, limits::kMaxSourceBitRate}).value_or(0);
  if (const auto aspect = fields.rational("sampleAspectRatio")) {
    format.sar_num = aspect->num;
    format.sar_den = aspect->den;
  }
  fields.finish();
  PlaneSize planes[4];
  plane_sizes(format.pixel_format, format.width, format.height, planes);
  return format;
}

/// The time that a push names, in ticks of the queue's time base; none where it is left to the
/// queue.
std::optional<std::int64_t> parse_ticks(const Napi::Value& ticks) {
  if (ticks.IsUndefined()) return std::nullopt;
  const double given = ticks.IsNumber() ? ticks.As<Napi::Number>().DoubleValue() : NAN;
  if (!(given >= 0 && given < 9e15) || given != std::floor(given)) {
    throw Error(ErrorCode::InvalidArgument,
                "frame: the presentation time must be a number of seconds from 0");
  }
  return static_cast<std::int64_t>(given);
}

}  // namespace

PusherInput parse_pusher(const Napi::Value& value) {
  Fields fields(value, "");
  PusherInput input;
  auto output = fields.object("output");
  if (!output) bad_argument("output", "an object");
  input.options.outputs.push_back(parse_output(*std::move(output)));
  auto video = fields.object("video");
  if (!video) bad_argument("video", "an object");
  input.queue.format = parse_video(*std::move(video));
  if (auto encoder = fields.object("encoder"))
    input.options.encoder = parse_encoder(*std::move(encoder));
  if (auto queue = fields.integer("queueFrames", limits::kQueueFrames))
    input.queue.capacity = static_cast<std::uint32_t>(*queue);
  if (auto lead = fields.number("maxLeadSeconds", 0, 86'400)) {
    input.options.max_lead = from_seconds(*lead);
  }
  if (auto budget = parse_latency_budget(fields)) input.options.latency_budget = *budget;
  if (auto catch_up = parse_catch_up(fields)) input.options.catch_up = *catch_up;
  input.options.drop_in_outage = fields.boolean("dropInOutage").value_or(false);
  fields.finish();
  return input;
}

PusherHost::PusherHost(PusherInput input) : format_(input.queue.format) {
  auto queue = std::make_unique<sessions::MemoryInput>(input.queue, system_clock());
  input_ = queue.get();
  session_ = std::make_unique<sessions::EncodeSession>(
      std::move(input.options), std::move(queue), system_clock(),
      [this](std::string_view kind, std::string_view detail) { emit(kind, detail); });
  feeder_ = std::make_unique<sessions::PictureFeeder>(*input_, *session_);
}

void PusherHost::begin(Napi::Env env, const Napi::Value& listener) {
  start(env, listener);
  auto self = std::static_pointer_cast<PusherHost>(shared_from_this());
  Environment::of(env).spawn([self] { self->abort(); }, [self] { self->feeder_->run(); });
}

void PusherHost::run() {
  session_->start();
  session_->wait(kForever);
  feeder_->close();
  const auto snapshot = session_->snapshot();
  if (snapshot.failed && snapshot.error) throw *snapshot.error;
}

Napi::Value PusherHost::push(Napi::Env env, const Napi::Value& planes, const Napi::Value& strides,
                             const Napi::Value& ticks, bool paced) {
  if (!started() || feeder_->ended())
    throw Error(ErrorCode::InvalidState, "the push was finished", "open a new one");
  FramePtr frame = import_frame(env, planes, strides, format_);
  frame->pts = feeder_->next_pts(parse_ticks(ticks));
  if (feeder_->offer(frame, paced)) return Napi::Boolean::New(env, true);
  const auto [pending, promise] = Pending::create(env);
  feeder_->queue(std::move(frame), paced, [pending = pending](const std::optional<Error>& error) {
    if (error) {
      pending->reject(*error);
    } else {
      pending->resolve();
    }
  });
  return promise;
}

void PusherHost::abort() {
  feeder_->abort();
  session_->abort();
}

Napi::Value PusherHost::snapshot(Napi::Env env) {
  const Napi::Value value = to_js(env, session_->snapshot(), nullptr);
  value.As<Napi::Object>()["queueDepth"] = Napi::Number::New(env, input_->depth());
  return value;
}

}  // namespace videopush::binding
