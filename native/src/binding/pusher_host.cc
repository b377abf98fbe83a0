#include "binding/pusher_host.h"

#include <cmath>
#include <utility>

#include "binding/pixels.h"
#include "binding/values.h"
#include "core/limits.h"

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::binding {
namespace {

constexpr Nanoseconds kSlice = 3600ll * 1'000'000'000;
// Frames that wait for room because their push was not awaited; each holds its pixels.
constexpr std::size_t kMaxWaiting = 64;

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
    input.options.max_lead = static_cast<Nanoseconds>(*lead * 1e9);
  }
  if (auto budget = parse_latency_budget(fields)) input.options.latency_budget = *budget;
  if (auto catch_up = parse_catch_up(fields)) input.options.catch_up = *catch_up;
  fields.finish();
  return input;
}

PusherHost::PusherHost(PusherInput input) : format_(input.queue.format) {
  auto queue = std::make_unique<sessions::MemoryInput>(input.queue, system_clock());
  input_ = queue.get();
  session_ = std::make_unique<sessions::EncodeSession>(
      std::move(input.options), std::move(queue), system_clock(),
      [this](std::string_view kind, std::string_view detail) { emit(kind, detail); });
}

void PusherHost::begin(Napi::Env env, const Napi::Value& listener) {
  start(env, listener);
  auto self = std::static_pointer_cast<PusherHost>(shared_from_this());
  Environment::of(env).spawn([self] { self->abort(); }, [self] { self->feed(); });
}

void PusherHost::run() {
  session_->start();
  while (!session_->wait(kSlice)) {
  }
  {
    std::lock_guard lock(mutex_);
    over_ = true;
    wake_.notify_one();
  }
  const auto snapshot = session_->snapshot();
  if (snapshot.failed && snapshot.error) throw *snapshot.error;
}

void PusherHost::feed() {
  for (;;) {
    Waiting item;
    {
      std::unique_lock lock(mutex_);
      feeding_ = false;
      wake_.wait(lock, [this] { return over_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      item = std::move(waiting_.front());
      waiting_.pop_front();
      feeding_ = true;
    }
    if (!item.frame) {
      input_->end();
      continue;
    }
    try {
      sessions::Pushed result;
      do {
        result = input_->push(item.frame, abort_, kSlice, item.paced);
      } while (result == sessions::Pushed::Full);
      if (result != sessions::Pushed::Accepted) throw refusal(result);
      item.pending->resolve();
    } catch (...) {
      item.pending->reject(current_error());
    }
  }
}

Error PusherHost::refusal(sessions::Pushed why) const {
  if (why == sessions::Pushed::Aborted || abort_.aborted())
    return Error(ErrorCode::Aborted, "the push was aborted");
  const auto snapshot = session_->snapshot();
  if (snapshot.error) return *snapshot.error;
  for (const auto& output : snapshot.outputs) {
    if (output.error) return *output.error;
  }
  return Error(ErrorCode::InvalidState, "the push has ended", "open a new one");
}

std::int64_t PusherHost::next_ticks(const Napi::Value& ticks) {
  if (ticks.IsUndefined()) {
    // Counted from the first frame, so that no rounding accumulates; after explicit times, one
    // interval on.
    const std::int64_t counted =
        av_rescale_q(frames_, av_inv_q(format_.frame_rate()), format_.time_base());
    const std::int64_t interval =
        av_rescale_q(1, av_inv_q(format_.frame_rate()), format_.time_base());
    return counted > last_ticks_ ? counted : last_ticks_ + std::max<std::int64_t>(interval, 1);
  }
  const double given = ticks.IsNumber() ? ticks.As<Napi::Number>().DoubleValue() : NAN;
  if (!(given >= 0 && given < 9e15) || given != std::floor(given)) {
    throw Error(ErrorCode::InvalidArgument,
                "frame: the presentation time must be a number of seconds from 0");
  }
  const auto value = static_cast<std::int64_t>(given);
  if (value <= last_ticks_) {
    throw Error(ErrorCode::InvalidArgument,
                "frame: the presentation time does not lie after the last one's",
                "push frames in display order, each with a later time");
  }
  return value;
}

Napi::Value PusherHost::push(Napi::Env env, const Napi::Value& planes, const Napi::Value& strides,
                             const Napi::Value& ticks, bool paced) {
  if (!started() || ended_)
    throw Error(ErrorCode::InvalidState, "the push was finished", "open a new one");
  FramePtr frame = import_frame(env, planes, strides, format_);
  frame->pts = next_ticks(ticks);

  bool others_wait = false;
  {
    std::lock_guard lock(mutex_);
    others_wait = feeding_ || !waiting_.empty();
    if (waiting_.size() >= kMaxWaiting) {
      throw Error(ErrorCode::InvalidState, "64 frames wait to be accepted already",
                  "await each push before the next one");
    }
  }
  const std::int64_t pts = frame->pts;
  if (!others_wait) {
    const auto result = input_->push(frame, abort_, 0, paced);
    if (result == sessions::Pushed::Aborted || result == sessions::Pushed::Closed)
      throw refusal(result);
    if (result == sessions::Pushed::Accepted) {
      ++frames_;
      last_ticks_ = pts;
      return Napi::Boolean::New(env, true);
    }
  }
  ++frames_;
  last_ticks_ = pts;
  const auto [pending, promise] = Pending::create(env);
  std::lock_guard lock(mutex_);
  if (over_) {
    pending->reject(refusal(sessions::Pushed::Closed));
  } else {
    waiting_.push_back({std::move(frame), paced, pending});
    wake_.notify_one();
  }
  return promise;
}

void PusherHost::end() {
  if (std::exchange(ended_, true)) return;
  std::lock_guard lock(mutex_);
  if (over_) return;
  waiting_.push_back({});
  wake_.notify_one();
}

void PusherHost::abort() {
  abort_.abort();
  session_->abort();
}

Napi::Value PusherHost::snapshot(Napi::Env env) {
  const Napi::Value value = to_js(env, session_->snapshot(), nullptr);
  value.As<Napi::Object>()["queueDepth"] = Napi::Number::New(env, input_->depth());
  return value;
}

}  // namespace videopush::binding
