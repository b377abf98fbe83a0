// The shared-memory frame queue: one producer, one consumer, either of which may die at any instruction.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/abort.h"
#include "core/format.h"
#include "pacing/clock.h"
#include "ring/layout.h"

namespace videopush::ring {

enum class WhenFull : std::uint32_t { Block, DropOldest, DropNewest };

struct RingOptions {
  std::string path;              // file in a memory-backed folder; created with mode 0600
  std::uint32_t capacity = 20;   // frames, 1..256
  std::uint32_t retained = 8;    // encoder delay + L * rate + 2: frames taken but not yet acked
  WhenFull when_full = WhenFull::Block;
  std::string parameters;            // JSON for the consumer, at most 16 KiB
  std::vector<std::string> outputs;  // names, in the order of the configuration, 1..kMaxOutputs
};

/// Slots for these options: capacity + retained, at most kMaxSlots and kMaxBytes (never fewer than capacity + 2).
/// `gate` says whether the retained frames fit (AfterAck) or replay needs the decoder (AfterRelease).
struct RingSize { std::uint32_t slots; Gate gate; std::uint64_t slot_bytes; std::uint64_t total_bytes; };
RingSize ring_size(const VideoFormat& format, const RingOptions& options);

/// The mapping both sides share. Unmapped by the destructor; the file stays.
class Mapping {
 public:
  Header& header() const;
  SlotHeader& slot(std::uint64_t position) const;
  std::uint8_t* plane(std::uint64_t position, std::uint32_t index) const;
  ~Mapping();
  // ... (private construction by Producer/Consumer/Observer)
};

/// A slot being written.
struct SlotWriter {
  std::uint64_t position;
  SlotHeader* header;  // caller fills pts, duration, flags, pass, source_pts, source_index, produced_at
  std::uint8_t* data[kMaxPlanes];
  int stride[kMaxPlanes];
};

enum class Reserve { Slot, Dropped, Aborted, ReplayRequested, Timeout };

class Producer {
 public:
  /// Opens the ring at options.path, or creates it (temporary name, then rename). An existing ring of the same
  /// format, capacity and outputs is continued (`resumed()`), any other is replaced by the next generation once the consumer has
  /// drained it (bounded by `limit`). Errors: RingBusy when another producer lives (OFD lock), RingInvalid.
  static std::unique_ptr<Producer> open(const RingOptions& options, const VideoFormat& format,
                                        const AbortSignal& abort, Nanoseconds limit);
  virtual ~Producer();

  bool resumed() const;
  bool ended() const;
  /// Header of the last published frame (where to resume), nullptr when none was published.
  const SlotHeader* last() const;

  /// Takes the next sequence number and a slot for it. Block: waits in 200 ms slices (counted as producer_blocked).
  /// DropNewest with a full queue: Dropped (counted by the sequence gap). DropOldest: makes room by passing over
  /// the oldest frame not yet taken.
  Reserve reserve(SlotWriter& out, const AbortSignal& abort, Nanoseconds limit);
  void publish(const SlotWriter& slot);
  /// Where the consumer wants frames from again (Gate::AfterRelease): position and that of the next publish are set back by the caller seeking the source.
  std::uint64_t replay_position() const;
  void end();                        // end marker
  void fail(ErrorCode code);  // permanent error, for the consumer's status
  void heartbeat(Nanoseconds now);
  Header& header() const;
};

enum class Take { Frame, End, Timeout, Aborted, Replaced };

struct TakenFrame {
  std::uint64_t position;
  const SlotHeader* header;
  const std::uint8_t* data[kMaxPlanes];
  int stride[kMaxPlanes];
  std::uint64_t skipped;  // sequences lost to a full queue just before this one: [header->sequence - skipped, header->sequence)
};

class Consumer {
 public:
  /// Waits (abortable, bounded) for the ring to exist, takes the consumer's lock, applies unfinished redo records, and
  /// sets taken = acked: everything that was in flight is delivered again. Errors: RingBusy, RingInvalid, ConnectTimeout-like
  /// SourceTimeout when no producer made a ring within `limit`.
  static std::unique_ptr<Consumer> open(const std::string& path, const AbortSignal& abort, Nanoseconds limit);
  ~Consumer();

  const VideoFormat& format() const;
  bool resumed() const;  // some frame had been taken before
  /// Next frame in order. End: the marker was reached and everything before it was taken (final source count in header().source_frames;
  /// sequences after the last frame that were dropped are the caller's to settle). Replaced: drained, and a new generation stands at the path.
  Take take(TakenFrame& out, const AbortSignal& abort, Nanoseconds limit);
  void release(std::uint64_t position);  // its pixels are no longer needed for encoding
  void ack(std::uint64_t through);       // positions below `through` are done; never moves back
  void rewind();                         // taken = released = acked: encode again from the oldest un-acked frame
  /// Called when the encoder holds more frames than the ring retains and nothing can move: switches the gate to AfterRelease.
  void relax_gate();
  void heartbeat(Nanoseconds now);
  Header& header() const;
};

/// Read-only view for status and metrics of either process (and for tests).
class Observer {
 public:
  static std::unique_ptr<Observer> open(const std::string& path);  // RingInvalid, SourceNotFound
  const Header& header() const;
};

}  // namespace videopush::ring
