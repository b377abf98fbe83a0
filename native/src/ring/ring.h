// The shared-memory frame queue: one producer, one consumer, either of which may die at any
// instruction.
//
// Waits are on futexes in slices of 50 ms, so that an abort ends them within that; a peer's death
// is never waited for: it releases its lock and its next process run goes on where the cursors
// stand.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/abort.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/format.h"
#include "ring/layout.h"

namespace videopush::ring {

class Mapping;

/// Where a producer of another ring stopped: the header of its last frame, whose `pts`, `duration`
/// and `segment_start` are in `time_base`.
struct Seed {
  SlotHeader last;
  AVRational time_base;
};

struct RingOptions {
  std::string path;             // file in a memory-backed folder; created with mode 0600
  std::uint32_t capacity = 20;  // frames, 1..256
  std::uint32_t retained = 8;   // encoder delay + L * rate + 2: frames taken but not yet acked
  /// Of all slots together; the capacity shrinks rather than exceed it.
  std::uint64_t max_bytes = kMaxBytes;
  WhenFull when_full = WhenFull::Block;
  std::string parameters;            // JSON for the consumer, at most 16 KiB
  std::vector<std::string> outputs;  // names, in the order of the configuration, 1..kMaxOutputs
  /// Only for a ring that has no predecessor: it begins as if this frame had been published, taken
  /// and acked in it, so that its producer goes on behind it and its ledgers count from there.
  std::optional<Seed> seed;
};

/// Slots for these options: capacity + retained, at most kMaxSlots and `max_bytes`. Where they
/// don't fit, the retained frames give way first, down to 2, then the capacity. `gate` says whether
/// the retained frames fit (AfterAck) or replay needs the decoder (AfterRelease). InvalidArgument:
/// capacity, outputs or parameters out of bounds, a format that can't be stored, or one of which
/// `max_bytes` holds fewer than 4 pictures.
struct RingSize {
  std::uint32_t slots;
  std::uint32_t capacity;
  Gate gate;
  std::uint64_t slot_bytes;
  std::uint64_t total_bytes;
};
RingSize ring_size(const VideoFormat& format, const RingOptions& options);

/// A slot being written.
struct SlotWriter {
  std::uint64_t position;
  SlotHeader* header;  // `sequence` is filled in; the rest is the caller's
  std::uint8_t* data[kMaxPlanes];
  int stride[kMaxPlanes];
};

enum class Drained { Yes, ReplayRequested, Timeout, Aborted };
enum class Reserve { Slot, Dropped, Aborted, ReplayRequested, Timeout };

/// One thread at a time may use it.
class Producer {
 public:
  /// Opens the ring at options.path, or creates it (temporary name, then rename). An existing ring
  /// of the same picture format, capacity, policy, outputs and parameters with enough slots is
  /// continued (`resumed()`), any other is replaced by the next generation once the consumer has
  /// acked all of it (waits up to `limit`); sequences, positions and the ledgers go on in that.
  /// Errors: RingBusy (another producer has it), RingInvalid (not a ring of this build),
  /// RingPeerFailed (not drained within `limit`), FileNotWritable (no such folder, no room: says
  /// how many MiB are needed), Aborted.
  static std::unique_ptr<Producer> open(const RingOptions& options, const VideoFormat& format,
                                        const AbortSignal& abort, Nanoseconds limit);
  /// Continues the ring that exists, whatever its format; nullptr when there is none. RingBusy,
  /// RingInvalid.
  static std::unique_ptr<Producer> attach(const std::string& path);
  ~Producer();

  bool resumed() const { return resumed_; }
  bool ended() const;
  /// Header of the last published frame (where to resume), nullptr when none was published.
  const SlotHeader* last() const;

  /// Takes the next sequence number and a slot for it. Block: waits for room (counted in
  /// producer_blocked_ns); a Timeout uses no sequence. DropNewest with a full queue: Dropped (the
  /// sequence is used, its gap shows the consumer what was lost). DropOldest: passes over the
  /// oldest frame not yet taken; when all slots hold frames in flight it waits. ReplayRequested:
  /// call begin_replay() or decline_replay(), then reserve again.
  Reserve reserve(SlotWriter& out, const AbortSignal& abort, Nanoseconds limit);
  void publish(const SlotWriter& slot);
  /// Sequences up to `sequence` were lost before they could be offered again (live source): they
  /// become a gap.
  void skip_to(std::uint64_t sequence);
  std::uint64_t next_sequence() const { return next_sequence_; }

  /// Whether this producer can give old frames again (default: no). Without, a consumer that needs
  /// them skips them.
  void set_replayable(bool replayable);
  bool replay_requested() const;
  /// Sets the queue back: the next publish is the requested position, its sequence the one after
  /// last()'s. The end marker, if any, is taken back.
  void begin_replay();
  void decline_replay();
  /// Waits after the end marker until nothing published can be asked for again: until it is all
  /// acked, or not at all when un-acked frames keep their slots.
  Drained wait_drained(const AbortSignal& abort, Nanoseconds limit);

  /// Waits until the consumer has moved on from `seen` (took, acked, rewound) or asked for a
  /// replay; what it looks at is atomic, so any thread may call it. false: not within `limit`, or
  /// aborted.
  bool wait_consumed(const Cursors& seen, const AbortSignal& abort, Nanoseconds limit) const;

  void end();  // end marker: source_frames is final
  void fail(std::optional<ErrorCode>
                code);  // permanent error, for the consumer's status; nullopt: it was overcome
  void heartbeat(Nanoseconds now);
  /// Frames this producer dropped or passed over since it was opened: at most so many are lost. One
  /// that was passed over while others were in flight comes back when the consumer begins again,
  /// and may then be sent. The producer can't see whether it was; a frame's outcome stands in the
  /// ledgers alone, which count it once.
  std::uint64_t dropped() const { return dropped_; }
  Header& header() const;

 private:
  explicit Producer(std::unique_ptr<Mapping> mapping);
  void pass_over_oldest();

  std::unique_ptr<Mapping> mapping_;
  bool resumed_ = false;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t dropped_ = 0;
};

enum class Take { Frame, End, Timeout, Aborted, Replaced };

struct TakenFrame {
  std::uint64_t position;
  const SlotHeader* header;
  const std::uint8_t* data[kMaxPlanes];
  int stride[kMaxPlanes];
  /// Sequences just before this one that will not come (again): [header->sequence - skipped,
  /// header->sequence). Those without an outcome are the caller's to settle as
  /// dropped(skipped_reason), in every output's ledger; after a resume the range starts at the
  /// smallest ledger base, so frames that already have an outcome are among them (Ledger::dropped
  /// leaves those alone).
  std::uint64_t skipped;
  Drop skipped_reason;  // QueueFull, or Network when the decoder lost them for good
  bool discontinuity;   // time or picture does not follow from the frame before
};

/// `take`, `rewind` from one thread; `release`, `ack`, `relax_gate`, `heartbeat` from any.
class Consumer {
 public:
  /// Waits (abortable, bounded) for the ring to exist, takes the consumer's lock, applies
  /// unfinished redo records, and sets taken = released = acked: everything that was in flight is
  /// delivered again. Errors: RingBusy, RingInvalid, SourceTimeout when no producer made a ring
  /// within `limit`, Aborted.
  static std::unique_ptr<Consumer> open(const std::string& path, const AbortSignal& abort,
                                        Nanoseconds limit);
  /// The consumer of the next generation after Replaced, with this one's ledgers as they are now.
  std::unique_ptr<Consumer> next(const AbortSignal& abort, Nanoseconds limit);
  ~Consumer();

  const VideoFormat& format() const;
  std::string parameters() const;
  bool resumed() const { return resumed_; }  // some frame had been taken before
  /// Next frame in order. End: the marker was reached and everything before it was taken (final
  /// source count in header().source_frames; sequences after the last frame that were dropped are
  /// the caller's to settle). Replaced: drained, and a new generation stands at the path. Waits at
  /// most `limit` (0: looks once).
  Take take(TakenFrame& out, const AbortSignal& abort, Nanoseconds limit);
  /// Whether take() has something to say, without taking it: a frame that is taken is in flight,
  /// and what is in flight a DropOldest producer can't pass over. Waits at most `limit`; from any
  /// thread.
  bool wait_published(const AbortSignal& abort, Nanoseconds limit) const;
  void release(
      std::uint64_t position);      // its pixels are no longer needed for encoding; in any order
  void ack(std::uint64_t through);  // positions below `through` are done; never moves back
  void rewind();  // taken = released = acked: encode again from the oldest un-acked frame
  /// Called when the encoder holds more frames than the ring retains and nothing can move: switches
  /// the gate to AfterRelease.
  void relax_gate();
  void heartbeat(Nanoseconds now);
  Header& header() const;

 private:
  Consumer(std::unique_ptr<Mapping> mapping, std::string path);
  bool claim(TakenFrame& out);
  bool pixels_intact(const Cursors& cursors) const;
  void give_up_or_ask(const Cursors& cursors);
  void deliver(std::uint64_t position, TakenFrame& out);

  std::unique_ptr<Mapping> mapping_;
  std::string path_;
  bool resumed_ = false;
  std::mutex own_;                   // of what follows, and of this process's moves of the cursors
  std::uint64_t next_position_ = 0;  // one past the last position taken
  std::set<std::uint64_t> unreleased_;  // positions
  std::uint64_t expected_ = 0;          // sequence
  bool lost_ = false;                   // the next frame follows frames whose pixels are gone
};

/// Read-only view for status and metrics of either process (and for tests).
class Observer {
 public:
  static std::unique_ptr<Observer> open(const std::string& path);  // RingInvalid, SourceNotFound
  ~Observer();
  const Header& header() const;

 private:
  explicit Observer(std::unique_ptr<Mapping> mapping);
  std::unique_ptr<Mapping> mapping_;
};

}  // namespace videopush::ring
