// What the parts of an encode pipeline work with; all of it outlives the pipeline.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/abort.h"
#include "core/clock.h"
#include "core/redact.h"
#include "pacing/stats.h"
#include "sessions/encode/frame_input.h"
#include "sessions/encode/options.h"
#include "sessions/encode/sender_status.h"
#include "sessions/events.h"

namespace videopush::sessions {

/// Counters of the encode side. They last as long as the session.
struct EncodeStats {
  std::atomic<std::uint64_t> dequeued{0}, encoded{0}, resumes{0};
  pacing::Histogram encode_duration{pacing::work_bounds()};
  pacing::Histogram residence{pacing::residence_bounds()};
  pacing::Histogram latency{pacing::residence_bounds()};
};

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

  /// Any thread. `subject`: the output or the frame that the event is about.
  void report(std::string_view kind, std::string_view subject, std::string_view detail) const {
    if (!events) return;
    std::string text(subject);
    if (!detail.empty()) text += ": " + redact(detail);
    events(kind, text);
  }
};

}  // namespace videopush::sessions
