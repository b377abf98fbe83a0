// A source into the ring: one thread reads, decodes, converts and publishes.
//
// The decoder's place is in the ring: whoever starts next finds the last published frame there,
// seeks to it and goes on with the same numbers. A frame is published whole or not at all, so a
// session may be stopped or killed at any instant.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/error.h"
#include "media/picture/convert.h"
#include "media/source/source.h"
#include "pacing/stats.h"
#include "ring/ring.h"
#include "sessions/events.h"

namespace videopush::sessions {

/// What the end of the source means. Complete: the end marker. Repeat: the next pass, without a gap
/// in time. Reconnect: the source is opened again, its outage shows as a gap in time.
enum class OnEnd { Complete, Repeat, Reconnect };

struct DecodeSessionOptions {
  media::SourceOptions source;
  std::string user_file, password_file;  // source credentials, read at every open
  media::DecodeOptions decode;
  int width = 0, height = 0;
  AVRational frame_rate{0, 1};  // set = constant rate
  OnEnd on_end = OnEnd::Complete;
  ring::RingOptions ring;  // `retained` is computed when the rate is known:
  /// retained = encoder_delay + latency_budget * rate + 2
  int encoder_delay_frames = 0;
  Nanoseconds latency_budget = 100'000'000;
};

enum class DecodePhase { Opening, Running, Blocked, Waiting, Ended, Failed };

struct DecodeSnapshot {
  DecodePhase phase;
  /// Failed: why. Waiting: what is waited out. Running or Ended: the damage that ended the last
  /// pass early.
  std::optional<Error> error;
  std::optional<media::SourceDescriptor> descriptor;
  std::optional<VideoFormat> queue_format;
  // Since this session began; those of the whole stream are in the ring's header.
  std::uint64_t demuxed, decoded, enqueued, dropped_queue_full, dropped_decode_error, rate_repeats,
      rate_drops;
  std::uint64_t passes, reconnects, resumes;
  std::int64_t last_frame_age_ns;  // since the last decoded frame; 0 before the first
  double position_seconds;         // in the source, of the last published frame
  pacing::Histogram::Snapshot decode_duration;
  double blocked_seconds;
};

/// What tests replace. The defaults are the real things.
struct DecodeHooks {
  std::function<std::unique_ptr<media::FrameSource>(
      const media::SourceOptions&, const media::DecodeOptions&, const AbortSignal&)>
      open_source;
  std::uint64_t seed = 0;  // of the back-off jitter; 0 = from the system
};

/// Passing errors (refused, timed out, disconnected, ring busy) are waited out with a jittered
/// back-off of 0.25-5 s, for as long as the session exists; a finite source goes on exactly where
/// it stopped, a live one with a counted gap. Permanent ones (is_permanent) end the session: phase
/// Failed, error kept. A truncated or corrupt source under Complete gives what could be decoded,
/// then the end marker: phase Ended, error kept. Events: source.opened, source.resumed,
/// source.lost, source.damaged, source.replayed, source.ended, source.failed.
class DecodeSession {
 public:
  DecodeSession(DecodeSessionOptions options, Clock& clock, EventSink events,
                DecodeHooks hooks = {});
  ~DecodeSession();  // aborts and joins
  void start();
  /// Stops at a frame boundary. The end marker is NOT written: a restarted decoder goes on.
  void request_stop();
  void abort();
  /// True once the thread has ended: failed, stopped, or everything published and the marker
  /// written. After the marker it goes on only while the consumer may still ask for frames whose
  /// slots were used again (Gate::AfterRelease).
  bool wait(Nanoseconds limit);
  DecodeSnapshot snapshot() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace videopush::sessions
