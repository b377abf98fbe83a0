// Frames in, paced units out: one thread encodes, one sender thread per output.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "media/encode/encoder.h"
#include "pacing/schedule.h"
#include "pacing/stats.h"
#include "sessions/encode/frame_input.h"
#include "sessions/encode/output.h"
#include "sessions/events.h"
#include "sinks/sink.h"

namespace videopush::sessions {

struct EncodeOptions {
  media::EncoderOptions encoder;
  Nanoseconds latency_budget = 100'000'000;
  pacing::CatchUp catch_up = pacing::CatchUp::Rebase;
  std::vector<OutputOptions> outputs;
  /// In-memory input only: how much media may be accepted ahead of its deadline (0 = no bound but
  /// the queue's).
  Nanoseconds max_lead = 0;
};

struct EncodeSnapshot {
  bool running, ended, failed;
  std::optional<Error> error;  // permanent failure of the encode side
  std::uint64_t source_frames, dequeued, encoded;
  std::uint64_t resumes;
  std::optional<media::Encoder::Effective> encoder;
  std::optional<VideoFormat> format;
  pacing::Histogram::Snapshot encode_duration, residence, latency;
  std::vector<OutputSnapshot> outputs;
};

/// What tests replace. The defaults are the real things.
struct EncodeHooks {
  std::function<std::unique_ptr<sinks::Sink>(const sinks::SinkOptions&, Clock&)> make_sink;
  std::uint64_t seed = 0;  // of the back-off jitter and the RTP identity; 0 = from the system
};

class EncodeSession {
 public:
  EncodeSession(EncodeOptions options, std::unique_ptr<FrameInput> input, Clock& clock,
                EventSink events, EncodeHooks hooks = {});
  ~EncodeSession();  // aborts and joins

  void start();
  /// An orderly end: what stands in the queue now is still taken, all of it is sent on its
  /// deadlines, nothing reconnects, then teardown. Without a connection: at once, and the frames
  /// stay for a later process.
  void request_stop();
  void abort();                  // at once; within 100 ms every wait ends
  bool wait(Nanoseconds limit);  // true once all threads have ended
  EncodeSnapshot snapshot() const;
  /// Lead of the media accepted so far (media time accepted - time since t0), seconds.
  double lead_seconds() const;
  /// Seconds that a caller who paces by itself does well to wait before it hands in more pictures:
  /// half the lead, at least 0, without the pictures that the encoder holds back.
  double wait_reference() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace videopush::sessions
