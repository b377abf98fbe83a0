#include "binding/reader_host.h"

#include <utility>

#include "binding/pixels.h"
#include "binding/values.h"

namespace videopush::binding {

sessions::ReadTarget parse_target(const Napi::Value& value) {
  Fields fields(value, "target");
  sessions::ReadTarget target;
  using Kind = sessions::ReadTarget::Kind;
  const auto index = fields.integer("index", {0, std::int64_t{1} << 53});
  const auto seconds = fields.number("seconds", 0, 1e9);
  if (index.has_value() == seconds.has_value())
    bad_argument("target", "either an index or seconds");
  const bool gop = fields.choice<bool>("from", {{"frame", false}, {"gop", true}}).value_or(false);
  fields.finish();
  if (index) {
    target.kind = gop ? Kind::GopOfIndex : Kind::Index;
    target.index = *index;
  } else {
    target.kind = gop ? Kind::GopOfTime : Kind::Time;
    target.seconds = *seconds;
  }
  return target;
}

ReaderHost::ReaderHost(const sessions::ReadOptions& options)
    : session_(options, [this] { doorbell_.ring(); }) {}

void ReaderHost::start(Napi::Env env) {
  Environment::of(env).spawn([self = shared_from_this()] { self->close(); },
                             [self = shared_from_this()] { self->session_.run(); });
}

Napi::Value ReaderHost::next(Napi::Env env) {
  sessions::ReadFrame frame;
  switch (session_.next(frame)) {
    case sessions::ReadResult::Pending:
      return env.Undefined();
    case sessions::ReadResult::End:
      return env.Null();
    case sessions::ReadResult::Frame:
      break;
  }
  Napi::Object object = lend_frame(env, frame.frame);
  object["pts"] = Napi::Number::New(env, frame.seconds);
  object["index"] = Napi::Number::New(env, static_cast<double>(frame.index));
  object["keyFrame"] = Napi::Boolean::New(env, frame.key);
  return object;
}

Napi::Value ReaderHost::descriptor(Napi::Env env) const {
  return to_js(env, session_.descriptor());
}

Napi::Value ReaderHost::format(Napi::Env env) const { return to_js(env, session_.format()); }

}  // namespace videopush::binding
