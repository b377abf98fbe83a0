// What the encode session takes frames from: the shared ring, or a queue in the same process (frames from JavaScript).
#pragma once

#include <cstdint>
#include <memory>

#include "core/abort.h"
#include "core/av.h"
#include "core/format.h"
#include "pacing/clock.h"
#include "ring/layout.h"
#include "ring/ledger.h"

namespace videopush::sessions {

enum class TakeResult { Frame, End, Timeout, Aborted, FormatChanged };

struct InputFrame {
  FramePtr frame;              // refers to the slot's memory (read-only) or owns its pixels
  std::uint64_t position = 0;
  std::uint64_t sequence = 0;
  std::uint64_t skipped = 0;   // sequences lost to a full queue just before this frame
  bool discontinuity = false;
  Nanoseconds produced_at = 0;
};

class FrameInput {
 public:
  virtual ~FrameInput() = default;
  virtual const VideoFormat& format() const = 0;
  virtual TakeResult take(InputFrame& out, const AbortSignal& abort, Nanoseconds limit) = 0;
  virtual void release(std::uint64_t position) = 0;
  virtual void ack(std::uint64_t through) = 0;
  /// Encode again from the oldest un-acked frame; false when this input can't (its frames are gone).
  virtual bool rewind() = 0;
  virtual bool resumed() const = 0;
  virtual std::uint64_t source_frames() const = 0;
  virtual ring::OutputRecord& output_record(std::uint32_t index) = 0;
  virtual void relax_gate() {}
  virtual void heartbeat(Nanoseconds) {}
};

}  // namespace videopush::sessions
