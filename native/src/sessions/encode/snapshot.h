// What an encode session shows of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/error.h"
#include "core/format.h"
#include "media/encode/encoder.h"
#include "pacing/stats.h"
#include "sessions/encode/output.h"

namespace videopush::sessions {

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

}  // namespace videopush::sessions
