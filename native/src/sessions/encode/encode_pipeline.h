// From the input's frames to the senders' units, for one format of the input.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sessions/encode/encode_loop.h"
#include "sessions/encode/frame_encoder.h"
#include "sessions/encode/in_flight.h"
#include "sessions/encode/lead_meter.h"
#include "sessions/encode/pipeline_context.h"
#include "sessions/encode/sender_group.h"
#include "sessions/encode/wake.h"

namespace videopush::sessions {

/// Joins the parts, each with its own kind of state: the senders, the frames in flight and the lead
/// (shared between threads), the encoder and the loop (of the encode thread, which this starts).
class EncodePipeline final : public SenderHost {
 public:
  /// Errors: RingInvalid (the ledger of another output stands in the input).
  explicit EncodePipeline(const PipelineContext& context);
  ~EncodePipeline() override;

  /// Opens the encoder for the input's format, starts the senders and the encode thread, and
  /// returns when all have ended. Throws what stopped the encode thread: Aborted, EncoderUnknown,
  /// EncoderRejected, InvalidArgument, RingInvalid ...
  EncodeOutcome run();

  // Any thread.
  void stop_requested();  // the session's stopping flag was set
  void abort_senders();   // the session's abort signal was set
  const LeadMeter& lead() const { return lead_; }
  const FrameEncoder& encoder() const { return encoder_; }
  const Sender& sender(std::size_t index) const { return senders_[index]; }

  // SenderHost
  void on_progress() override;
  void on_sent(const QueuedUnit& unit, Nanoseconds accepted) override;
  void on_event(std::string_view kind, std::string_view output, std::string_view detail) override;
  std::optional<pacing::ScheduleState> schedule_of_others(const Sender& self) const override;

 private:
  void add_sender(std::size_t index);

  const PipelineContext context_;
  const VideoFormat format_;
  SenderGroup senders_;
  Wake wake_;
  InFlight in_flight_;
  LeadMeter lead_;
  FrameEncoder encoder_;
  EncodeLoop loop_;
};

}  // namespace videopush::sessions
