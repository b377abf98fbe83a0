#include <string_view>
#include <utility>

#include "binding/pixels.h"
#include "binding/relay_host.h"
#include "binding/relay_values.h"
#include "ring/geometry.h"

namespace videopush::binding {
namespace {

constexpr Nanoseconds kAttempt = 20'000'000;

}  // namespace

std::shared_ptr<ring::Consumer> RelayReaderHost::consumer() const {
  const std::lock_guard lock(pointer_);
  return consumer_;
}

void RelayReaderHost::use(std::shared_ptr<ring::Consumer> consumer) {
  ring::Header& header = consumer->header();
  if (header.output_count != 1) {
    throw Error(ErrorCode::RingInvalid,
                "frame queue " + path_ + " has several outputs: it belongs to an encoder",
                "give the decoder that is relayed a queue with one output");
  }
  ledger_ = std::make_unique<ring::Ledger>(header.outputs[0]);
  const std::lock_guard lock(pointer_);
  consumer_ = std::move(consumer);
}

void RelayReaderHost::open(Nanoseconds limit) { use(ring::Consumer::open(path_, abort_, limit)); }

bool RelayReaderHost::attempt() { return consumer()->wait_published(abort_, kAttempt); }

Napi::Value RelayReaderHost::take(Napi::Env env) {
  check();
  ring::TakenFrame taken;
  switch (consumer()->take(taken, abort_, 0)) {
    case ring::Take::Frame:
      return show(env, taken);
    case ring::Take::End:
      ended_ = true;
      settle_tail();
      return env.Null();
    case ring::Take::Replaced:
      return Napi::String::New(env, "replaced");
    case ring::Take::Aborted:
    case ring::Take::Timeout:
      break;
  }
  want();
  return env.Undefined();
}

Napi::Value RelayReaderHost::show(Napi::Env env, const ring::TakenFrame& taken) {
  const auto source = consumer();
  if (taken.skipped > 0) {
    ledger_->dropped(taken.header->sequence - taken.skipped, taken.skipped, taken.skipped_reason);
  }
  lent_.push_back({taken.position, taken.header->sequence});
  Napi::Object object = relay_header_to_js(env, *taken.header);
  object["position"] = Napi::Number::New(env, static_cast<double>(taken.position));
  object["discontinuity"] = Napi::Boolean::New(env, taken.discontinuity);
  const std::size_t bytes = ring::geometry(source->format())->picture_bytes;
  Napi::ArrayBuffer buffer = lend_memory(env, taken.data[0], bytes, [source] {});
  object["data"] = Napi::Uint8Array::New(env, bytes, buffer, 0);
  return object;
}

void RelayReaderHost::release(std::uint64_t position) {
  if (const auto source = consumer()) source->release(position);
}

void RelayReaderHost::done(std::uint64_t through) {
  const auto source = consumer();
  if (!source) return;
  while (!lent_.empty() && lent_.front().position < through) {
    ledger_->sent(lent_.front().sequence, source->header().slot_bytes);
    source->release(lent_.front().position);
    lent_.pop_front();
  }
  source->ack(through);
  settle_tail();
}

/// Sequences that a full queue dropped behind the last frame.
void RelayReaderHost::settle_tail() {
  const ring::Header& header = consumer()->header();
  if (!ended_ || !lent_.empty()) return;
  const std::uint64_t total = header.source_frames.load(), base = ledger_->base();
  if (total > base) ledger_->dropped(base, total - base, ring::Drop::QueueFull);
}

void RelayReaderHost::rewind() {
  check();
  ended_ = false;
  lent_.clear();
  consumer()->rewind();
}

void RelayReaderHost::find_next(Nanoseconds limit) { next_ = consumer()->next(abort_, limit); }

void RelayReaderHost::follow() {
  check();
  if (!next_) return;
  lent_.clear();
  use(std::exchange(next_, nullptr));
}

void RelayReaderHost::heartbeat(Nanoseconds now) {
  if (const auto source = consumer()) source->heartbeat(now);
}

void RelayReaderHost::dispose() {
  ledger_.reset();
  const std::lock_guard lock(pointer_);
  consumer_.reset();
  next_.reset();
}

Napi::Value RelayReaderHost::state(Napi::Env env) const {
  const auto source = consumer();
  if (!source) return env.Null();
  const ring::Header& header = source->header();
  Napi::Object object = Napi::Object::New(env);
  object["format"] = relay_format_to_js(env, header.format);
  object["parameters"] = Napi::String::New(env, source->parameters());
  object["generation"] = Napi::Number::New(env, static_cast<double>(header.generation));
  object["slots"] = Napi::Number::New(env, header.slot_count);
  object["capacity"] = Napi::Number::New(env, header.capacity);
  object["published"] = Napi::Number::New(env, static_cast<double>(header.published.load()));
  const std::uint64_t acked = header.cursors().acked;
  object["acked"] = Napi::Number::New(env, static_cast<double>(acked));
  // The headers of frames that are gone stay for a while: what was done last is among them.
  object["lastDone"] =
      acked == 0
          ? env.Null()
          : Napi::Value(Napi::BigInt::New(
                env,
                static_cast<std::int64_t>(header.journal[(acked - 1) % ring::kMaxSlots].sequence)));
  object["sourceFrames"] =
      Napi::BigInt::New(env, static_cast<std::int64_t>(header.source_frames.load()));
  return object;
}

}  // namespace videopush::binding
