#include "sessions/ring_ends/relay_writer.h"

#include <cstring>
#include <string>

#include "ring/geometry.h"

namespace videopush::sessions {

void RelayWriter::open() {
  producer_ = ring::Producer::open(options_.ring, options_.format, abort_, options_.open_limit);
  producer_->set_replayable(true);
}

bool RelayWriter::put(const ring::SlotHeader& header, std::span<const std::uint8_t> pixels) {
  check();
  const std::size_t bytes = ring::geometry(producer_->header().format)->picture_bytes;
  if (pixels.size() != bytes) {
    throw Error(ErrorCode::InvalidArgument,
                "frame: its planes must have " + std::to_string(bytes) + " bytes",
                "run decoder and encoder in the same version");
  }
  producer_->skip_to(header.sequence);
  ring::SlotWriter slot;
  if (producer_->reserve(slot, abort_, 0) != ring::Reserve::Slot) return false;
  std::memcpy(slot.data[0], pixels.data(), bytes);
  *slot.header = header;
  producer_->publish(slot);
  return true;
}

void RelayWriter::end(std::uint64_t source_frames) {
  check();
  if (producer_->ended()) return;
  producer_->skip_to(source_frames);
  producer_->end();
}

void RelayWriter::begin_replay() {
  check();
  producer_->begin_replay();
}

ring::Cursors RelayWriter::look() {
  const ring::Cursors cursors = producer_->header().cursors();
  seen_ = ring::pack(cursors);
  return cursors;
}

bool RelayWriter::attempt() {
  return producer_->wait_consumed(ring::unpack(seen_.load()), abort_, kAttempt);
}

}  // namespace videopush::sessions
