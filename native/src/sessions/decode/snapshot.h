// What a decode session shows of itself.
#pragma once

#include <cstdint>
#include <optional>

#include "core/error.h"
#include "core/format.h"
#include "media/source/source.h"
#include "pacing/stats.h"

namespace videopush::sessions {

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
  media::Discontinuities discontinuities;
  std::uint64_t passes, reconnects, resumes;
  std::int64_t last_frame_age_ns;  // since the last decoded frame; 0 before the first
  double position_seconds;         // in the source, of the last published frame
  pacing::Histogram::Snapshot decode_duration;
  double blocked_seconds;
};

}  // namespace videopush::sessions
