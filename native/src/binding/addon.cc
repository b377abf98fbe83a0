// The addon's functions as native/lib/addon.ts names them. Nothing here blocks: what waits runs on
// native threads.
#include <malloc.h>
#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "binding/environment.h"
#include "binding/exports.h"
#include "binding/handle.h"
#include "binding/log.h"
#include "binding/pusher_host.h"
#include "binding/reader_host.h"
#include "binding/session_host.h"
#include "binding/values.h"
#include "core/redact.h"
#include "media/encode/encoder_names.h"
#include "sessions/secret_file.h"

extern "C" {
#include <libswscale/swscale.h>
}

namespace videopush::binding {
namespace {

// --- General

Napi::Value initialize(const Info& info) {
  Environment::of(info.Env()).set_error_class(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

Napi::Value set_log_level_js(const Info& info) {
  const double level = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  if (level != 0 && level != 1 && level != 2) {
    bad_argument("level", "0 (errors), 1 (warnings and information) or 2 (debug)");
  }
  set_log_level(static_cast<int>(level));
  set_log_listener(info.Env(), info[1]);
  return info.Env().Undefined();
}

Napi::Value limits_js(const Info& info) {
  Napi::Object all = Napi::Object::New(info.Env());
  const auto add = [&](const char* name, Range range) {
    Napi::Object object = Napi::Object::New(info.Env());
    object["least"] = Napi::Number::New(info.Env(), static_cast<double>(range.least));
    object["most"] = Napi::Number::New(info.Env(), static_cast<double>(range.most));
    all[name] = object;
  };
  add("side", limits::kSide);
  add("bitRate", limits::kBitRate);
  add("gopFrames", limits::kGopFrames);
  add("bFrames", limits::kBFrames);
  add("threads", limits::kThreads);
  return all;
}

Napi::Value build_info(const Info& info) {
  Napi::Env env = info.Env();
  Napi::Object object = Napi::Object::New(env);
  const auto version = [&](const char* key, unsigned packed) {
    object[key] = Napi::String::New(env, std::to_string(AV_VERSION_MAJOR(packed)) + "." +
                                             std::to_string(AV_VERSION_MINOR(packed)) + "." +
                                             std::to_string(AV_VERSION_MICRO(packed)));
  };
  object["ffmpeg"] = Napi::String::New(env, av_version_info());
  version("avformat", avformat_version());
  version("avcodec", avcodec_version());
  version("avutil", avutil_version());
  version("swscale", swscale_version());
  object["license"] = Napi::String::New(env, avcodec_license());
  object["napi"] = Napi::Number::New(env, Napi::VersionManagement::GetNapiVersion(env));
  return object;
}

Napi::Value resolve_encoder_js(const Info& info) {
  const auto text = [&](std::size_t i) {
    return info[i].IsString() ? info[i].As<Napi::String>().Utf8Value() : "";
  };
  return Napi::String::New(info.Env(), media::resolve_encoder(text(0), text(1)));
}

Napi::Value redact_js(const Info& info) {
  if (!info[0].IsString()) bad_argument("text", "a string");
  return Napi::String::New(info.Env(), redact(info[0].As<Napi::String>().Utf8Value()));
}

Napi::Value abort_handle(const Info& info) {
  return wrap(info.Env(), std::make_shared<AbortHandle>());
}

Napi::Value abort_now(const Info& info) {
  unwrap<AbortHandle>(info[0])->abort();
  return info.Env().Undefined();
}

Napi::Value probe_js(const Info& info) {
  auto input = std::make_shared<SourceInput>(parse_source(Fields(info[0], "")));
  auto abort = std::make_shared<AbortSignal>();
  arm(info[1], [abort] { abort->abort(); });
  return run_blocking(
      info.Env(), [abort] { abort->abort(); },
      [input, abort]() -> Pending::MakeValue {
        if (!input->user_file.empty())
          input->source.user = sessions::read_secret_file(input->user_file);
        if (!input->password_file.empty())
          input->source.password = sessions::read_secret_file(input->password_file);
        auto descriptor =
            std::make_shared<media::SourceDescriptor>(media::probe(input->source, *abort));
        return [descriptor](Napi::Env env) { return to_js(env, *descriptor); };
      });
}

Napi::Value observe_ring(const Info& info) {
  if (!info[0].IsString()) bad_argument("path", "a string");
  return ring_to_js(info.Env(),
                    ring::Observer::open(info[0].As<Napi::String>().Utf8Value())->header());
}

/// Detaches the buffers of views that were given back: whoever still holds one sees no bytes
/// instead of a stranger's.
Napi::Value detach(const Info& info) {
  if (!info[0].IsArray()) bad_argument("views", "a list of views");
  const auto views = info[0].As<Napi::Array>();
  for (std::uint32_t i = 0; i < views.Length(); ++i) {
    const Napi::Value view = views.Get(i);
    if (!view.IsTypedArray()) continue;
    Napi::ArrayBuffer buffer = view.As<Napi::TypedArray>().ArrayBuffer();
    if (!buffer.IsDetached()) buffer.Detach();
  }
  return info.Env().Undefined();
}

// --- Sessions

template <typename Host>
Napi::Value session_start(const Info& info) {
  unwrap<Host>(info[0])->start(info.Env(), info[1]);
  return info.Env().Undefined();
}
template <typename Host>
Napi::Value session_wait(const Info& info) {
  return unwrap<Host>(info[0])->wait(info.Env());
}
template <typename Host>
Napi::Value session_snapshot(const Info& info) {
  return unwrap<Host>(info[0])->snapshot(info.Env());
}
template <typename Host>
Napi::Value session_stop(const Info& info) {
  unwrap<Host>(info[0])->request_stop();
  return info.Env().Undefined();
}
template <typename Host>
Napi::Value session_abort(const Info& info) {
  unwrap<Host>(info[0])->abort();
  return info.Env().Undefined();
}

Napi::Value decode_create(const Info& info) {
  return wrap(info.Env(), std::make_shared<DecodeHost>(parse_decode_session(info[0])));
}
Napi::Value encode_create(const Info& info) {
  return wrap(info.Env(), std::make_shared<EncodeHost>(parse_encode_session(info[0])));
}

// --- FramePusher

Napi::Value pusher_create(const Info& info) {
  return wrap(info.Env(), std::make_shared<PusherHost>(parse_pusher(info[0])));
}
Napi::Value pusher_start(const Info& info) {
  unwrap<PusherHost>(info[0])->begin(info.Env(), info[1]);
  return info.Env().Undefined();
}
Napi::Value pusher_push(const Info& info) {
  return unwrap<PusherHost>(info[0])->push(info.Env(), info[1], info[2], info[3],
                                           info[4].ToBoolean());
}
Napi::Value pusher_end(const Info& info) {
  unwrap<PusherHost>(info[0])->end();
  return info.Env().Undefined();
}
Napi::Value pusher_lead(const Info& info) {
  return Napi::Number::New(info.Env(), unwrap<PusherHost>(info[0])->lead_seconds());
}
Napi::Value pusher_wait_reference(const Info& info) {
  return Napi::Number::New(info.Env(), unwrap<PusherHost>(info[0])->wait_reference());
}

// --- FrameReader

Napi::Value reader_open(const Info& info) {
  Fields fields(info[0], "");
  auto source = fields.object("source");
  if (!source) bad_argument("source", "an object");
  SourceInput input = parse_source(*std::move(source));
  sessions::ReadOptions options;
  options.source = std::move(input.source);
  options.decode = input.decode;
  options.user_file = std::move(input.user_file);
  options.password_file = std::move(input.password_file);
  options.rgb24 =
      fields.choice<bool>("format", {{"rgb24", true}, {"native", false}}).value_or(true);
  options.width = static_cast<int>(fields.integer("width", {0, limits::kSide.most}).value_or(0));
  options.height = static_cast<int>(fields.integer("height", {0, limits::kSide.most}).value_or(0));
  options.queue_frames =
      static_cast<std::size_t>(fields.integer("queueFrames", limits::kQueueFrames).value_or(8));
  fields.finish();

  auto host = std::make_shared<ReaderHost>(options);
  arm(info[1], [host] { host->close(); });
  return run_blocking(
      info.Env(), [host] { host->close(); },
      [host]() -> Pending::MakeValue {
        host->open();
        return [host](Napi::Env env) {
          host->start(env);
          return wrap(env, host);
        };
      });
}
Napi::Value reader_next(const Info& info) { return unwrap<ReaderHost>(info[0])->next(info.Env()); }
Napi::Value reader_news(const Info& info) { return unwrap<ReaderHost>(info[0])->news(info.Env()); }
Napi::Value reader_descriptor(const Info& info) {
  return unwrap<ReaderHost>(info[0])->descriptor(info.Env());
}
Napi::Value reader_format(const Info& info) {
  return unwrap<ReaderHost>(info[0])->format(info.Env());
}
Napi::Value reader_seek(const Info& info) {
  unwrap<ReaderHost>(info[0])->seek(parse_target(info[1]));
  return info.Env().Undefined();
}
Napi::Value reader_close(const Info& info) {
  unwrap<ReaderHost>(info[0])->close();
  return info.Env().Undefined();
}

template <typename Host>
void add_session(Napi::Object& exports, const std::string& prefix) {
  add<session_wait<Host>>(exports, (prefix + "Wait").c_str());
  add<session_snapshot<Host>>(exports, (prefix + "Snapshot").c_str());
  add<session_stop<Host>>(exports, (prefix + "Stop").c_str());
  add<session_abort<Host>>(exports, (prefix + "Abort").c_str());
}

/// Makes glibc keep the size from which on it maps a block of memory by itself. It would raise it
/// to that of the largest block freed so far (mallopt(3)), and pictures would then lie in heaps,
/// among small blocks that hold on to their pages: an encoder with many B-frames took twice the
/// memory.
void keep_pictures_out_of_heaps() {
#ifdef M_MMAP_THRESHOLD
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}

}  // namespace

Napi::Object initialize_addon(Napi::Env env, Napi::Object exports) {
  keep_pictures_out_of_heaps();
  env.SetInstanceData(new Environment(env));
  add<initialize>(exports, "initialize");
  add<set_log_level_js>(exports, "setLogLevel");
  add<build_info>(exports, "buildInfo");
  add<limits_js>(exports, "limits");
  add<resolve_encoder_js>(exports, "resolveEncoder");
  add<redact_js>(exports, "redact");
  add<abort_handle>(exports, "abortHandle");
  add<abort_now>(exports, "abort");
  add<probe_js>(exports, "probe");
  add<observe_ring>(exports, "observeRing");
  add<detach>(exports, "detach");
  add<decode_create>(exports, "decodeCreate");
  add<session_start<DecodeHost>>(exports, "decodeStart");
  add_session<DecodeHost>(exports, "decode");
  add<encode_create>(exports, "encodeCreate");
  add<session_start<EncodeHost>>(exports, "encodeStart");
  add_session<EncodeHost>(exports, "encode");
  add<pusher_create>(exports, "pusherCreate");
  add<pusher_start>(exports, "pusherStart");
  add_session<PusherHost>(exports, "pusher");
  add<pusher_push>(exports, "pusherPush");
  add<pusher_end>(exports, "pusherEnd");
  add<pusher_lead>(exports, "pusherLead");
  add<pusher_wait_reference>(exports, "pusherWaitReference");
  add<reader_open>(exports, "readerOpen");
  add<reader_next>(exports, "readerNext");
  add<reader_news>(exports, "readerNews");
  add<reader_descriptor>(exports, "readerDescriptor");
  add<reader_format>(exports, "readerFormat");
  add<reader_seek>(exports, "readerSeek");
  add<reader_close>(exports, "readerClose");
  add_ring_ends(exports);
  return exports;
}

}  // namespace videopush::binding

using videopush::binding::initialize_addon;
NODE_API_MODULE(videopush_native, initialize_addon)
