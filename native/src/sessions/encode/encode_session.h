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
#include "ring/ledger.h"
#include "sessions/encode/frame_input.h"
#include "sinks/sink.h"

namespace videopush::sessions {

struct OutputOptions {
  std::string name;
  std::string url;                       // without user-info
  bool url_secret = false;               // only its scheme and host may be shown
  std::string user_file, password_file;  // read at every connect; empty = none
  std::string user, password;  // given in memory by a library user; files, when named, win
  sinks::Limits limits;
};

struct EncodeOptions {
  media::EncoderOptions encoder;
  Nanoseconds latency_budget = 100'000'000;
  pacing::CatchUp catch_up = pacing::CatchUp::Rebase;
  std::vector<OutputOptions> outputs;
  /// In-memory input only: how much media may be accepted ahead of its deadline (0 = no bound but
  /// the queue's).
  Nanoseconds max_lead = 0;
};

enum class OutputPhase { Idle, Connecting, Connected, Waiting, Failed, Closed };

struct OutputSnapshot {
  std::string name, protocol, url;  // redacted
  OutputPhase phase = OutputPhase::Idle;
  std::optional<Error> error;    // the last one; cleared by a successful connect
  std::uint64_t connects = 0;    // by this process
  std::uint64_t reconnects = 0;  // successful ones after the first
  /// Connections lost and attempts that failed, by reason.
  std::uint64_t reconnects_refused = 0, reconnects_timeout = 0, reconnects_reset = 0,
                reconnects_protocol = 0;
  double outage_seconds = 0;  // from the first failure to the next connection, summed
  ring::Ledger::Totals ledger;
  std::uint64_t key_frames = 0, late = 0;
  pacing::Histogram::Snapshot lateness, interval_error, write_duration;
  // seconds
  double send_lead = 0, lead = 0, jitter = 0, interval_sum = 0, interval_squared_sum = 0,
         wait_sum = 0;
  std::uint64_t rebases = 0;  // all of them; by reason:
  std::uint64_t rebases_stall = 0, rebases_resume = 0, rebases_discontinuity = 0;
  double rebase_seconds = 0;
  std::uint64_t backlog_bytes = 0;
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

/// Events are few (state changes), called on native threads.
using EventSink = std::function<void(std::string_view kind, std::string_view detail)>;

/// What tests put in place of the world. The defaults are the real things.
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
  /// Lead of the media accepted so far (DESIGN: media time accepted - time since t0), seconds;
  /// waitRef = max(lead, 0) / 2.
  double lead_seconds() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace videopush::sessions
