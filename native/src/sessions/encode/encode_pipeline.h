// From the input's frames to the senders' units, for one format of the input: the encode thread and
// what it shares with the senders.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/abort.h"
#include "media/encode/encoder.h"
#include "sessions/encode/encode_session.h"
#include "sessions/encode/sender.h"
#include "sessions/encode/wake.h"

namespace videopush::sessions {

/// Counters of the encode side. Live as long as the session.
struct EncodeStats {
  std::atomic<std::uint64_t> dequeued{0}, encoded{0}, resumes{0};
  pacing::Histogram encode_duration{pacing::work_bounds()};
  pacing::Histogram residence{pacing::residence_bounds()};
  pacing::Histogram latency{pacing::residence_bounds()};
};

/// What a pipeline works with; all of it outlives the pipeline.
struct PipelineContext {
  const EncodeOptions& options;
  const EncodeHooks& hooks;
  FrameInput& input;
  Clock& clock;
  const EventSink& events;
  const AbortSignal& abort;
  const std::atomic<bool>& stopping;
  EncodeStats& stats;
  std::vector<std::unique_ptr<SenderStatus>>& statuses;  // one per output
};

class EncodePipeline final : public SenderHost, public LeadGate {
 public:
  enum class Outcome { Ended, Stopped, FormatChanged };

  /// Opens the encoder for the input's format. Errors: EncoderUnknown, EncoderRejected,
  /// InvalidArgument, RingInvalid.
  explicit EncodePipeline(const PipelineContext& context);
  ~EncodePipeline() override;

  /// Starts the senders and the encode thread and returns when all have ended. Throws what stopped
  /// the encode thread: Aborted, EncoderRejected, RingInvalid ...
  Outcome run();

  /// Any thread: the session's stopping flag was set.
  void stop_requested();
  /// Any thread: the session's abort signal was set.
  void abort_senders();

  // Any thread.
  std::optional<media::Encoder::Effective> effective() const;  // once opened
  /// The lead of what was handed in (as the input says, else of what was taken): that media minus
  /// the time since t0, ns; 0 elapsed before t0.
  Nanoseconds lead(Nanoseconds now) const;
  /// The lead without the pictures that the encoder holds back: they leave it only after later
  /// ones, so a caller that waits for them to be sent would wait in vain, ns.
  Nanoseconds sendable_lead(Nanoseconds now) const;
  const Sender& sender(std::size_t index) const { return *senders_[index]; }

  // LeadGate
  Nanoseconds accept_at(const AcceptedMedia& media, Nanoseconds now) const override;
  // SenderHost
  void on_progress() override;
  void on_sent(const QueuedUnit& unit, Nanoseconds accepted) override;
  void on_event(std::string_view kind, std::string_view output, std::string_view detail) override;
  std::optional<pacing::ScheduleState> schedule_of_others(const Sender& self) const override;

 private:
  struct InFlight {
    std::uint64_t position, sequence;
  };
  struct SideData {  // what goes with a frame past the encoder
    Nanoseconds produced_at;
    bool discontinuity;
  };

  Nanoseconds lead_of(const AcceptedMedia& media, Nanoseconds now) const;
  void add_sender(std::size_t index);
  void open_encoder();
  void start_senders();

  // The encode thread.
  Outcome encode_loop();
  bool stops_here();
  bool may_take();
  bool outputs_ready();
  void wait_for_progress();
  void on_frame(InputFrame& taken);
  void on_starved();
  bool too_late(const AVFrame& frame) const;
  bool settled_everywhere(std::uint64_t sequence) const;
  void encode(const InputFrame& taken);
  void fail_frame(const InputFrame& taken, const Error& error);
  void fan_out(std::vector<media::EncodedPacket>& packets);
  void let_go_of_stragglers();
  void rewind();
  bool drain();
  void settle_tail();
  void give_up_unsettled();
  bool rewind_wanted() const;

  const PipelineContext context_;
  const VideoFormat format_;
  const OnLoss on_loss_;
  const std::size_t most_pending_;  // units per sender before the encode thread waits
  std::vector<std::unique_ptr<Sender>> senders_;
  Wake wake_;
  Nanoseconds started_at_ = 0;

  // The encode thread's own.
  std::unique_ptr<media::Encoder> encoder_;
  std::map<std::uint64_t, SideData> side_data_;
  bool begun_ = false;                          // a frame was taken
  std::optional<std::uint64_t> next_sequence_;  // after the last frame taken
  std::optional<std::uint64_t> left_;           // asked to stop: frames to take before
  bool force_key_ = false;
  bool packet_seen_ = false;
  int failures_ = 0;  // of the encoder, in a row

  // Shared.
  mutable std::mutex mutex_;
  std::deque<InFlight> in_flight_;  // taken, not acked
  AcceptedMedia taken_;
  std::optional<media::Encoder::Effective> effective_;
  std::atomic<std::int64_t> reorder_ticks_{0};  // pts - dts of the first packet
  std::atomic<int> held_{0};
};

}  // namespace videopush::sessions
