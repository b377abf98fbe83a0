#include "sessions/ring_ends/queue_reader.h"

#include <utility>

namespace videopush::sessions {

void QueueReader::open(Nanoseconds limit) {
  consumer_ = ring::Consumer::open(path_, abort_, limit);
  ring::Header& header = consumer_->header();
  if (header.output_count != 1) {
    throw Error(ErrorCode::RingInvalid,
                "frame queue " + path_ + " belongs to an encoder, not to a FrameQueueReader");
  }
  ledger_ = std::make_unique<ring::Ledger>(header.outputs[0]);
}

QueueReader::Taken QueueReader::take(ring::TakenFrame& out) {
  check();
  if (lent_.size() >= consumer_->header().slot_count) {
    throw Error(ErrorCode::InvalidState,
                "frame queue: all " + std::to_string(lent_.size()) + " slots are held by frames",
                "release() frames before taking more");
  }
  const std::unique_lock work(work_, std::try_to_lock);
  if (!work || !look(0)) {
    want();
    return Taken::Nothing;
  }
  if (taken_) {
    out = *std::exchange(taken_, std::nullopt);
    lend(out);
    return Taken::Frame;
  }
  settle_tail();
  return Taken::End;
}

/// True when a frame was taken, or the end marker was reached.
bool QueueReader::look(Nanoseconds limit) {
  if (taken_ || ended_) return true;
  ring::TakenFrame taken;
  switch (consumer_->take(taken, abort_, limit)) {
    case ring::Take::Frame:
      taken_ = taken;
      return true;
    case ring::Take::End:
      ended_ = true;
      return true;
    case ring::Take::Replaced:
      throw Error(ErrorCode::RingPeerFailed,
                  "frame queue: the writer made a new queue in place of this one",
                  "attach a new reader");
    case ring::Take::Aborted:
    case ring::Take::Timeout:
      return false;
  }
  return false;
}

void QueueReader::lend(const ring::TakenFrame& taken) {
  if (taken.skipped > 0) {
    ledger_->dropped(taken.header->sequence - taken.skipped, taken.skipped, taken.skipped_reason);
  }
  lent_[taken.position] = taken.header->sequence;
  next_position_ = taken.position + 1;
}

/// Sequences that a full queue dropped behind the last frame.
void QueueReader::settle_tail() {
  const std::uint64_t total = consumer_->header().source_frames.load(), base = ledger_->base();
  if (total > base && lent_.empty()) ledger_->dropped(base, total - base, ring::Drop::QueueFull);
}

void QueueReader::release(std::uint64_t position) {
  const auto lent = lent_.find(position);
  if (!consumer_ || lent == lent_.end()) return;
  ledger_->sent(lent->second, consumer_->header().slot_bytes);
  lent_.erase(lent);
  consumer_->release(position);
  consumer_->ack(lent_.empty() ? next_position_ : lent_.begin()->first);
}

void QueueReader::dispose() {
  if (!lent_.empty()) return;
  ledger_.reset();
  consumer_.reset();
}

}  // namespace videopush::sessions
