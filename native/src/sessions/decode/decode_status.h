// What a decode session says of itself: written by its thread, read by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "sessions/decode/snapshot.h"

namespace videopush::sessions {

class DecodeStatus {
 public:
  using Count = std::atomic<std::uint64_t>;

  void set_phase(DecodePhase phase) { phase_.store(phase, std::memory_order_relaxed); }
  void set_error(std::optional<Error> error);
  void set_source(const media::SourceDescriptor& descriptor, const VideoFormat& queue_format);
  void on_decoded(Nanoseconds now, Nanoseconds took);
  void set_discontinuities(const media::Discontinuities& jumps);
  media::Discontinuities discontinuities() const;
  DecodeSnapshot snapshot(Nanoseconds now) const;

  Count demuxed{0}, enqueued{0}, dropped{0}, decode_errors{0}, rate_repeats{0}, rate_drops{0};
  Count passes{0}, reconnects{0}, resumes{0}, blocked_ns{0};
  std::atomic<std::int64_t> position{0};  // source pts of the last published frame

 private:
  std::atomic<DecodePhase> phase_{DecodePhase::Opening};
  Count decoded_{0};
  Count forward_{0}, backward_{0}, outliers_{0};
  std::atomic<Nanoseconds> last_decoded_{0};
  pacing::Histogram duration_{pacing::work_bounds()};
  mutable std::mutex mutex_;
  std::optional<Error> error_;
  std::optional<media::SourceDescriptor> descriptor_;
  std::optional<VideoFormat> queue_format_;
};

}  // namespace videopush::sessions
