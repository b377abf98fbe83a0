// A source into the ring: one thread reads, decodes, converts and publishes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/error.h"
#include "media/convert.h"
#include "media/source.h"
#include "pacing/stats.h"
#include "ring/ring.h"
#include "sessions/encode_session.h"  // EventSink

namespace videopush::sessions {

enum class OnEnd { Complete, Repeat, Reconnect };

struct DecodeSessionOptions {
  media::SourceOptions source;
  std::string user_file, password_file;  // source credentials, read at every open
  media::DecodeOptions decode;
  int width = 0, height = 0;
  AVRational frame_rate{0, 1};  // set = constant rate
  OnEnd on_end = OnEnd::Complete;
  ring::RingOptions ring;
  /// retained = encoder_delay + latency_budget * rate + 2, computed when the rate is known.
  int encoder_delay_frames = 0;
  Nanoseconds latency_budget = 100'000'000;
};

enum class DecodePhase { Opening, Running, Blocked, Waiting, Ended, Failed };

struct DecodeSnapshot {
  DecodePhase phase;
  std::optional<Error> error;
  std::optional<media::SourceDescriptor> descriptor;
  std::optional<VideoFormat> queue_format;
  std::uint64_t demuxed, decoded, enqueued, dropped_queue_full, dropped_decode_error, rate_repeats, rate_drops;
  std::uint64_t passes, reconnects, resumes;
  std::int64_t last_frame_age_ns;  // since the last decoded frame
  double position_seconds;         // in the source, of the last published frame
  pacing::Histogram::Snapshot decode_duration;
  double blocked_seconds;
};

class DecodeSession {
 public:
  DecodeSession(DecodeSessionOptions options, Clock& clock, EventSink events);
  ~DecodeSession();
  void start();
  void request_stop();  // at a frame boundary, end marker NOT written: a restarted decoder goes on
  void abort();
  bool wait(Nanoseconds limit);
  DecodeSnapshot snapshot() const;
 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace videopush::sessions
