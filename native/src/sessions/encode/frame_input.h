// What the encode session takes frames from: the shared ring, or a queue in the same process
// (frames from JavaScript).
#pragma once

#include <cstdint>
#include <memory>

#include "core/abort.h"
#include "core/av.h"
#include "core/clock.h"
#include "core/format.h"
#include "ring/layout.h"
#include "ring/ledger.h"

namespace videopush::sessions {

enum class TakeResult { Frame, End, Timeout, Aborted, FormatChanged };

/// What `produced_at` says of the source's clock.
enum class SourcePace {
  Any,      // nothing, since the source gives frames when they are asked for
  Live,     // a live source gave the frame at that instant
  Delayed,  // a live source gave the frame earlier, and a full queue held it up
};

struct InputFrame {
  FramePtr frame;  // refers to the slot's memory (read-only) or owns its pixels
  std::uint64_t position = 0;
  std::uint64_t sequence = 0;
  std::uint64_t skipped = 0;  // sequences just before this one that will not come (again) ...
  ring::Drop skipped_reason = ring::Drop::QueueFull;  // ... and why
  bool discontinuity = false;
  SourcePace pace = SourcePace::Any;
  Nanoseconds produced_at = 0;
};

/// The first and the newest frame that a caller handed in; AV_NOPTS_VALUE before any.
struct AcceptedMedia {
  std::int64_t first_pts = AV_NOPTS_VALUE, last_pts = AV_NOPTS_VALUE;
};

/// How far ahead of its deadline media may be accepted; asked by an input that holds its producer
/// back.
class LeadGate {
 public:
  virtual ~LeadGate() = default;
  /// The earliest instant at which more media may follow; kForever: not before
  /// `FrameInput::lead_changed()`, which may also come earlier than any other answer.
  virtual Nanoseconds accept_at(const AcceptedMedia& media, Nanoseconds now) const = 0;
};

/// Called by the session's threads. `open`, `take`, `release`, `rewind` and `relax_gate` come from
/// one thread at a time; `ack`, `heartbeat`, `source_frames` and `lead_changed` from any, also
/// meanwhile.
class FrameInput {
 public:
  virtual ~FrameInput() = default;
  /// Waits until the format is known (a ring: until a decoder made it). false: not within `limit`,
  /// call again. Called again after FormatChanged.
  virtual bool open(const AbortSignal&, Nanoseconds limit) {
    static_cast<void>(limit);
    return true;
  }
  /// The end was reached in an earlier process run and every frame is settled: there is
  /// nothing to publish.
  virtual bool finished() const { return false; }
  virtual const VideoFormat& format() const = 0;
  virtual TakeResult take(InputFrame& out, const AbortSignal& abort, Nanoseconds limit) = 0;
  virtual void release(std::uint64_t position) = 0;
  virtual void ack(std::uint64_t through) = 0;
  /// Encode again from the oldest un-acked frame; false when this input can't (its frames are
  /// gone).
  virtual bool rewind() = 0;
  /// What is not settled when the session ends is delivered to a later process (a ring); else it is
  /// lost.
  virtual bool persistent() const = 0;
  virtual bool resumed() const = 0;
  virtual std::uint64_t source_frames() const = 0;
  /// Number of frames in the input that nobody has taken yet: an orderly stop still sends these.
  virtual std::uint64_t waiting() const { return 0; }
  virtual ring::OutputRecord& output_record(std::uint32_t index) = 0;
  /// The encoder holds every frame that is taken and needs more: asked when nothing else can move.
  virtual void relax_gate() {}
  virtual void heartbeat(Nanoseconds) {}
  /// In-memory input: `gate` decides when more is accepted; outlives the input's use. nullptr = no
  /// bound.
  virtual void set_lead_gate(const LeadGate*) {}
  virtual void lead_changed() {}
  /// What the caller handed in; unset: what was taken counts.
  virtual AcceptedMedia accepted() const { return {}; }
  /// The session takes nothing any more: whoever waits in a push is sent away.
  virtual void close() {}
  /// The session has ended and asks nothing any more: another one may take its place.
  virtual void leave() {}
};

}  // namespace videopush::sessions
