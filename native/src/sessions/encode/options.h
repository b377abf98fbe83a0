// What an encode session is told: encoder, pacing, outputs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/clock.h"
#include "media/encode/encoder.h"
#include "pacing/schedule.h"
#include "sessions/encode/output.h"
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
  /// While every output is away, frames go on at their own pace and are dropped(network); else they
  /// wait.
  bool drop_in_outage = false;
};

/// What tests replace. The defaults are the real things.
struct EncodeHooks {
  std::function<std::unique_ptr<sinks::Sink>(const sinks::SinkOptions&, Clock&)> make_sink;
  std::uint64_t seed = 0;  // of the back-off jitter and the RTP identity; 0 = from the system
};

}  // namespace videopush::sessions
