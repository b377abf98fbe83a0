// Frames from the shared-memory ring, wrapped without a copy.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "ring/ring.h"
#include "sessions/encode/frame_input.h"

namespace videopush::sessions {

class RingInput final : public FrameInput {
 public:
  explicit RingInput(std::string path);
  ~RingInput() override;

  bool open(const AbortSignal& abort, Nanoseconds limit) override;
  bool finished() const override;
  const VideoFormat& format() const override;
  /// The frame refers to the slot, read-only, and must be gone before release() of its position.
  TakeResult take(InputFrame& out, const AbortSignal& abort, Nanoseconds limit) override;
  void release(std::uint64_t position) override;
  void ack(std::uint64_t through) override;
  bool rewind() override;
  bool persistent() const override { return true; }
  bool resumed() const override;
  std::uint64_t source_frames() const override;
  std::uint64_t waiting() const override;
  ring::OutputRecord& output_record(std::uint32_t index) override;
  void relax_gate() override;
  void heartbeat(Nanoseconds now) override;
  void leave() override;

 private:
  const std::string path_;
  std::unique_ptr<ring::Consumer> consumer_;
};

}  // namespace videopush::sessions
