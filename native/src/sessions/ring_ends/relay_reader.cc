#include "sessions/ring_ends/relay_reader.h"

#include <utility>

namespace videopush::sessions {

std::shared_ptr<ring::Consumer> RelayReader::consumer() const {
  const std::lock_guard lock(pointer_);
  return consumer_;
}

void RelayReader::use(std::shared_ptr<ring::Consumer> consumer) {
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

void RelayReader::open(Nanoseconds limit) { use(ring::Consumer::open(path_, abort_, limit)); }

ring::Take RelayReader::take(ring::TakenFrame& out) {
  check();
  const ring::Take result = consumer()->take(out, abort_, 0);
  switch (result) {
    case ring::Take::Frame:
      if (out.skipped > 0)
        ledger_->dropped(out.header->sequence - out.skipped, out.skipped, out.skipped_reason);
      in_flight_.push_back({out.position, out.header->sequence});
      return result;
    case ring::Take::End:
      ended_ = true;
      settle_tail();
      return result;
    case ring::Take::Replaced:
      return result;
    case ring::Take::Aborted:
    case ring::Take::Timeout:
      break;
  }
  want();
  return ring::Take::Timeout;
}

void RelayReader::release(std::uint64_t position) {
  if (const auto source = consumer()) source->release(position);
}

void RelayReader::done(std::uint64_t through) {
  const auto source = consumer();
  if (!source) return;
  while (!in_flight_.empty() && in_flight_.front().position < through) {
    ledger_->sent(in_flight_.front().sequence, source->header().slot_bytes);
    source->release(in_flight_.front().position);
    in_flight_.pop_front();
  }
  source->ack(through);
  settle_tail();
}

/// Sequences that a full queue dropped behind the last frame.
void RelayReader::settle_tail() {
  if (!ended_ || !in_flight_.empty()) return;
  const std::uint64_t total = consumer()->header().source_frames.load(), base = ledger_->base();
  if (total > base) ledger_->dropped(base, total - base, ring::Drop::QueueFull);
}

void RelayReader::rewind() {
  check();
  ended_ = false;
  in_flight_.clear();
  consumer()->rewind();
}

void RelayReader::find_next(Nanoseconds limit) { next_ = consumer()->next(abort_, limit); }

void RelayReader::follow() {
  check();
  if (!next_) return;
  in_flight_.clear();
  use(std::exchange(next_, nullptr));
}

void RelayReader::heartbeat(Nanoseconds now) {
  if (const auto source = consumer()) source->heartbeat(now);
}

void RelayReader::dispose() {
  ledger_.reset();
  const std::lock_guard lock(pointer_);
  consumer_.reset();
  next_.reset();
}

}  // namespace videopush::sessions
