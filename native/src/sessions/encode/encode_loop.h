// The encode thread: takes frames from the input, has them encoded, and ends in order.
#pragma once

#include <cstdint>
#include <optional>

#include "sessions/encode/frame_encoder.h"
#include "sessions/encode/in_flight.h"
#include "sessions/encode/lead_meter.h"
#include "sessions/encode/pipeline_context.h"
#include "sessions/encode/sender_group.h"
#include "sessions/encode/wake.h"

namespace videopush::sessions {

enum class EncodeOutcome { Ended, Stopped, FormatChanged };

/// What the loop shares with the pipeline that runs it; all of it outlives the loop.
struct EncodeLoopParts {
  const PipelineContext& context;
  const VideoFormat& format;
  SenderHost& host;
  SenderGroup& senders;
  FrameEncoder& encoder;
  InFlight& in_flight;
  LeadMeter& lead;
  Wake& wake;  // signalled when a sender has moved
};

/// How far this pipeline has got with its input. Belongs to the encode thread.
class EncodeLoop {
 public:
  explicit EncodeLoop(const EncodeLoopParts& parts);

  /// Runs until the end of the input, or of its format, or until a stop was asked for.
  /// `started_at`: when the senders began to connect. Throws Aborted, EncoderRejected, RingInvalid
  /// ...
  EncodeOutcome run(Nanoseconds started_at);

 private:
  // May a frame be taken now?
  bool stops_here();
  bool may_take() const;
  bool outputs_ready() const;
  bool drops() const;
  void wait_for_progress();
  void leave_outage();
  void let_pass(std::int64_t pts, bool drops);
  void await_turn();
  // A frame was taken, or none came.
  void on_frame(InputFrame& taken);
  void on_starved();
  bool too_late(const InputFrame& taken) const;
  bool is_backlog(const InputFrame& taken);
  // The connection was lost; the input has ended.
  void rewind();
  bool drain();

  const EncodeLoopParts parts_;
  const PipelineContext& context_;
  SenderGroup& senders_;
  FrameEncoder& encoder_;
  const std::size_t max_pending_;  // units per sender before this thread waits
  Nanoseconds started_at_ = 0;
  bool begun_ = false;  // a frame was taken
  struct Passed {
    std::int64_t pts;                  // of the last frame
    Nanoseconds next_at;               // when another one may follow
    std::optional<std::int64_t> back;  // pts of the first frame after the outage
  };
  std::optional<Passed> passed_;                // of an outage, and shortly after it
  bool fresh_;                                  // nothing was sent or encoded yet
  std::optional<std::uint64_t> next_sequence_;  // after the last frame taken
  std::optional<std::uint64_t> left_;           // asked to stop: frames to take before
};

}  // namespace videopush::sessions
