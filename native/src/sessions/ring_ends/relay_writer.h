// The writing end of a ring for a process that brings frames from another machine.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "core/format.h"
#include "ring/ring.h"
#include "sessions/ring_ends/ring_end.h"

namespace videopush::sessions {

struct RelayWriterOptions {
  ring::RingOptions ring;
  VideoFormat format;
  Nanoseconds open_limit = 10 * kSecond;
};

/// Puts frames of another machine's decoder into a ring, with the numbers and times given.
class RelayWriter final : public RingEnd {
 public:
  explicit RelayWriter(RelayWriterOptions options)
      : RingEnd(kForever), options_(std::move(options)) {}

  /// Blocks. Errors: those of ring::Producer::open.
  void open();
  /// Copies a frame in, laid out as a slot is; false: no room. Errors: InvalidState (closed),
  /// InvalidArgument when its size is not a slot's.
  bool put(const ring::SlotHeader& header, std::span<const std::uint8_t> pixels);
  /// The end marker; `source_frames` is the final count of sequences.
  void end(std::uint64_t source_frames);
  /// Sets the queue back to the frame that the consumer asked for again.
  void begin_replay();
  /// News follows once the consumer has moved on from what look() returned last.
  void watch() { want(); }
  ring::Cursors look();
  /// nullptr before open() and once disposed. Reading its header is safe on the caller's thread.
  const ring::Producer* producer() const { return producer_.get(); }
  void dispose() override { producer_.reset(); }

 protected:
  bool attempt() override;
  void heartbeat(Nanoseconds now) override { producer_->heartbeat(now); }
  Nanoseconds peer_heartbeat() const override { return 0; }
  const char* peer_name() const override { return "encoder"; }

 private:
  const RelayWriterOptions options_;
  std::unique_ptr<ring::Producer> producer_;
  std::atomic<std::uint64_t> seen_{0};  // pack(Cursors) of the last look()
};

}  // namespace videopush::sessions
