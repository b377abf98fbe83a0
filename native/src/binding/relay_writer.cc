#include <cstring>
#include <utility>

#include "binding/relay_host.h"
#include "binding/relay_values.h"
#include "ring/geometry.h"

namespace videopush::binding {
namespace {

constexpr Nanoseconds kAttempt = 20'000'000;

}  // namespace

RelayWriterInput parse_relay_writer(const Napi::Value& value) {
  Fields fields(value, "");
  RelayWriterInput input{};
  input.ring.path = fields.required_text("path");
  if (auto capacity = fields.integer("capacityFrames", 1, 256))
    input.ring.capacity = static_cast<std::uint32_t>(*capacity);
  if (auto retained = fields.integer("retainedFrames", 0, ring::kMaxSlots))
    input.ring.retained = static_cast<std::uint32_t>(*retained);
  input.ring.outputs = fields.texts("outputs");
  input.ring.parameters = fields.text("parameters").value_or("");
  auto format = fields.object("format");
  if (!format) bad_argument("format", "an object");
  input.format = parse_relay_format(*std::move(format));
  if (auto seed = fields.object("seed")) input.ring.seed = parse_seed(*std::move(seed));
  input.open_limit = static_cast<Nanoseconds>(
      fields.number("openTimeoutMilliseconds", 0, 86'400'000).value_or(10'000) * 1e6);
  fields.finish();
  return input;
}

void RelayWriterHost::open() {
  producer_ = ring::Producer::open(input_.ring, input_.format, abort_, input_.open_limit);
  producer_->set_replayable(true);
}

bool RelayWriterHost::put(const Napi::Value& header, const Napi::Value& data) {
  check();
  Fields fields(header, "header");
  const ring::SlotHeader given = parse_relay_header(fields);
  const std::size_t bytes = ring::geometry(producer_->header().format)->picture_bytes;
  if (!data.IsTypedArray() || data.As<Napi::TypedArray>().ByteLength() != bytes) {
    throw Error(ErrorCode::InvalidArgument,
                "frame: its planes must have " + std::to_string(bytes) + " bytes",
                "run decoder and encoder in the same version");
  }
  producer_->skip_to(given.sequence);
  ring::SlotWriter slot;
  if (producer_->reserve(slot, abort_, 0) != ring::Reserve::Slot) return false;
  std::memcpy(slot.data[0], data.As<Napi::Uint8Array>().Data(), bytes);
  *slot.header = given;
  producer_->publish(slot);
  return true;
}

void RelayWriterHost::end(std::uint64_t source_frames) {
  check();
  if (producer_->ended()) return;
  producer_->skip_to(source_frames);
  producer_->end();
}

void RelayWriterHost::begin_replay() {
  check();
  producer_->begin_replay();
}

bool RelayWriterHost::attempt() {
  return producer_->wait_consumed(ring::unpack(seen_.load()), abort_, kAttempt);
}

Napi::Value RelayWriterHost::last(Napi::Env env) const {
  const ring::SlotHeader* frame = producer_ ? producer_->last() : nullptr;
  return frame != nullptr ? Napi::Value(relay_header_to_js(env, *frame)) : env.Null();
}

Napi::Value RelayWriterHost::state(Napi::Env env) {
  if (!producer_) return env.Null();
  const ring::Header& header = producer_->header();
  const ring::Cursors cursors = header.cursors();
  seen_ = ring::pack(cursors);
  Napi::Object object = Napi::Object::New(env);
  const auto sequence_before = [&](std::uint64_t position) -> Napi::Value {
    if (position == 0) return env.Null();
    return Napi::BigInt::New(
        env, static_cast<std::int64_t>(header.journal[(position - 1) % ring::kMaxSlots].sequence));
  };
  const auto count = [&](const char* key, std::uint64_t value) {
    object[key] = Napi::Number::New(env, static_cast<double>(value));
  };
  count("generation", header.generation);
  count("slots", header.slot_count);
  count("capacity", header.capacity);
  count("published", header.published.load());
  count("taken", cursors.taken);
  count("acked", cursors.acked);
  object["doneSequence"] = sequence_before(cursors.acked);
  // Frames that the encoder has read but not sent; to be given up only when it needs more of them.
  const bool early = header.gate.load() == static_cast<std::uint32_t>(ring::Gate::AfterRelease) &&
                     header.released.load() > cursors.acked;
  object["releasedSequence"] = early ? sequence_before(header.released.load()) : env.Null();
  object["replayRequested"] = Napi::Boolean::New(env, producer_->replay_requested());
  object["ended"] = Napi::Boolean::New(env, producer_->ended());
  return object;
}

}  // namespace videopush::binding
