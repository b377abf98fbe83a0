#include "binding/relay_host.h"

#include <span>

#include "binding/pixels.h"
#include "binding/relay_values.h"
#include "binding/ring_options.h"
#include "ring/geometry.h"

namespace videopush::binding {
namespace {

void set(Napi::Object& object, const char* key, std::uint64_t value) {
  object[key] = Napi::Number::New(object.Env(), static_cast<double>(value));
}

/// Sequence number of the last frame before `position`, or null. The headers of frames that are
/// gone stay in the journal for a while: what was done last is among them.
Napi::Value sequence_before(Napi::Env env, const ring::Header& header, std::uint64_t position) {
  if (position == 0) return env.Null();
  return Napi::BigInt::New(
      env, static_cast<std::int64_t>(header.journal[(position - 1) % ring::kMaxSlots].sequence));
}

/// What the states of both ends have.
Napi::Object state_of(Napi::Env env, const ring::Header& header) {
  Napi::Object object = Napi::Object::New(env);
  set(object, "generation", header.generation);
  set(object, "slots", header.slot_count);
  set(object, "capacity", header.capacity);
  set(object, "published", header.published.load());
  return object;
}

}  // namespace

Napi::Value RelayReaderHost::take(Napi::Env env) {
  ring::TakenFrame taken;
  switch (end_->take(taken)) {
    case ring::Take::Frame:
      return show(env, taken);
    case ring::Take::End:
      return env.Null();
    case ring::Take::Replaced:
      return Napi::String::New(env, "replaced");
    case ring::Take::Aborted:
    case ring::Take::Timeout:
      break;
  }
  return env.Undefined();
}

Napi::Value RelayReaderHost::show(Napi::Env env, const ring::TakenFrame& taken) const {
  const auto source = end_->consumer();
  Napi::Object object = relay_header_to_js(env, *taken.header);
  set(object, "position", taken.position);
  object["discontinuity"] = Napi::Boolean::New(env, taken.discontinuity);
  const std::size_t bytes = ring::geometry(source->format())->picture_bytes;
  Napi::ArrayBuffer buffer = lend_memory(env, taken.data[0], bytes, [source] {});
  object["data"] = Napi::Uint8Array::New(env, bytes, buffer, 0);
  return object;
}

Napi::Value RelayReaderHost::state(Napi::Env env) const {
  const auto source = end_->consumer();
  if (!source) return env.Null();
  const ring::Header& header = source->header();
  const std::uint64_t acked = header.cursors().acked;
  Napi::Object object = state_of(env, header);
  object["format"] = relay_format_to_js(env, header.format);
  object["parameters"] = Napi::String::New(env, source->parameters());
  set(object, "acked", acked);
  object["lastDone"] = sequence_before(env, header, acked);
  object["sourceFrames"] =
      Napi::BigInt::New(env, static_cast<std::int64_t>(header.source_frames.load()));
  return object;
}

sessions::RelayWriterOptions parse_relay_writer(const Napi::Value& value) {
  Fields fields(value, "");
  sessions::RelayWriterOptions options{.ring = parse_pipeline_ring(fields), .format = {}};
  if (auto retained = fields.integer("retainedFrames", {0, ring::kMaxSlots}))
    options.ring.retained = static_cast<std::uint32_t>(*retained);
  auto format = fields.object("format");
  if (!format) bad_argument("format", "an object");
  options.format = parse_relay_format(*std::move(format));
  options.open_limit = parse_limit(fields, "openTimeoutMilliseconds", 0, 10'000);
  fields.finish();
  return options;
}

bool RelayWriterHost::put(const Napi::Value& header, const Napi::Value& data) {
  end_->check();
  Fields fields(header, "header");
  const ring::SlotHeader given = parse_relay_header(fields);
  if (!data.IsTypedArray()) bad_argument("data", "a Uint8Array");
  const auto bytes = data.As<Napi::Uint8Array>();
  return end_->put(given, std::span(bytes.Data(), bytes.ByteLength()));
}

Napi::Value RelayWriterHost::last(Napi::Env env) const {
  const ring::Producer* producer = end_->producer();
  const ring::SlotHeader* frame = producer != nullptr ? producer->last() : nullptr;
  return frame != nullptr ? Napi::Value(relay_header_to_js(env, *frame)) : env.Null();
}

Napi::Value RelayWriterHost::state(Napi::Env env) {
  const ring::Producer* producer = end_->producer();
  if (producer == nullptr) return env.Null();
  const ring::Cursors cursors = end_->look();
  const ring::Header& header = producer->header();
  Napi::Object object = state_of(env, header);
  set(object, "taken", cursors.taken);
  set(object, "acked", cursors.acked);
  object["doneSequence"] = sequence_before(env, header, cursors.acked);
  // Frames that the encoder has read but not sent; to be given up only when it needs more of them.
  const std::uint64_t released = header.released.load();
  const bool early = header.gate.load() == static_cast<std::uint32_t>(ring::Gate::AfterRelease) &&
                     released > cursors.acked;
  object["releasedSequence"] = early ? sequence_before(env, header, released) : env.Null();
  object["replayRequested"] = Napi::Boolean::New(env, producer->replay_requested());
  object["ended"] = Napi::Boolean::New(env, producer->ended());
  return object;
}

}  // namespace videopush::binding
