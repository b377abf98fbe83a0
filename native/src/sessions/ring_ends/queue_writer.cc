#include "sessions/ring_ends/queue_writer.h"

#include <utility>

namespace videopush::sessions {

void QueueWriter::open() {
  producer_ = ring::Producer::open(options_.ring, options_.format, abort_, options_.open_limit);
}

void QueueWriter::check_open() {
  check();
  if (ended_)
    throw Error(ErrorCode::InvalidState, "the end marker was put already", "open a new queue");
}

bool QueueWriter::put(const Fill& fill) {
  check_open();
  const std::unique_lock work(work_, std::try_to_lock);
  if (!work || !reserve(0)) {
    want();
    return false;
  }
  if (std::exchange(dropped_, false)) return true;  // its sequence is used: the reader sees the gap
  fill(*slot_);
  producer_->publish(*std::exchange(slot_, std::nullopt));
  return true;
}

/// True when the frame at hand has a slot, or was refused by the policy.
bool QueueWriter::reserve(Nanoseconds limit) {
  if (slot_ || dropped_) return true;
  ring::SlotWriter slot;
  switch (producer_->reserve(slot, abort_, limit)) {
    case ring::Reserve::Slot:
      slot_ = slot;
      return true;
    case ring::Reserve::Dropped:
      dropped_ = true;
      return true;
    case ring::Reserve::ReplayRequested:
      producer_->decline_replay();
      return false;
    case ring::Reserve::Aborted:
    case ring::Reserve::Timeout:
      return false;
  }
  return false;
}

void QueueWriter::end() {
  check();
  // At most one attempt long, and only after a put that was given up.
  const std::lock_guard work(work_);
  if (!std::exchange(ended_, true)) producer_->end();
}

}  // namespace videopush::sessions
