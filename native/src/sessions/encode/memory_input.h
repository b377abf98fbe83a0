// Frames pushed by the caller (from JavaScript), in the memory of this process.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "sessions/encode/frame_input.h"
#include "sessions/encode/wake.h"

namespace videopush::sessions {

struct MemoryInputOptions {
  VideoFormat format;           // fixed; time_base is the unit of the pushed frames' pts
  std::uint32_t capacity = 20;  // frames waiting for the encoder, 1..kMaxSlots
  std::uint32_t outputs = 1;    // as many as the session has
};

enum class Pushed { Accepted, Full, Aborted, Closed };

/// A bounded queue. One thread pushes, the session's encode thread takes. What was taken can't be
/// encoded again: after a lost connection the output goes on with a fresh key frame.
class MemoryInput final : public FrameInput {
 public:
  MemoryInput(const MemoryInputOptions& options, Clock& clock);

  /// Waits up to `limit` (0 = doesn't) for room and, with `paced`, until the lead allows more
  /// media. The frame is moved from only when Accepted. Errors: InvalidArgument when its size or
  /// format is not the queue's or its pts does not lie after the last one's.
  Pushed push(FramePtr& frame, const AbortSignal& abort, Nanoseconds limit, bool paced = true);
  /// No further frames: the session flushes, sends the rest on time and ends.
  void end();
  std::uint32_t depth() const;  // frames waiting

  const VideoFormat& format() const override { return options_.format; }
  TakeResult take(InputFrame& out, const AbortSignal& abort, Nanoseconds limit) override;
  void release(std::uint64_t) override {}
  void ack(std::uint64_t) override {}
  bool rewind() override { return false; }
  bool persistent() const override { return false; }
  bool resumed() const override { return false; }
  std::uint64_t source_frames() const override;
  std::uint64_t waiting() const override { return depth(); }
  ring::OutputRecord& output_record(std::uint32_t index) override { return records_[index]; }
  void set_lead_gate(const LeadGate* gate) override;
  void lead_changed() override { pusher_.signal(); }
  AcceptedMedia accepted() const override;
  void close() override;

 private:
  struct Waiting {
    FramePtr frame;
    std::uint64_t sequence;
    Nanoseconds produced_at;
  };

  void check(const AVFrame& frame) const;
  /// When the next frame may be accepted: now or earlier = at once.
  Nanoseconds admission(bool paced, Nanoseconds now) const;

  const MemoryInputOptions options_;
  Clock& clock_;
  std::unique_ptr<ring::OutputRecord[]> records_;
  mutable std::mutex mutex_;
  std::deque<Waiting> queue_;
  std::uint64_t sequences_ = 0;
  AcceptedMedia accepted_;
  bool ended_ = false, closed_ = false;
  const LeadGate* gate_ = nullptr;
  Wake taker_, pusher_;
};

}  // namespace videopush::sessions
