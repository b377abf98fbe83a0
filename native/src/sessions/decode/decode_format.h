// What a queue has to look like for its source. Pure.
#pragma once

#include <cstdint>

#include "core/av.h"
#include "core/format.h"
#include "media/source/source.h"
#include "sessions/decode/options.h"

namespace videopush::sessions {

/// The format of the queue: the converter's output with the queue's time base and the source's
/// measured hints, adapted to size and rate.
VideoFormat queue_format(const media::SourceDescriptor& source, const VideoFormat& converted,
                         AVRational constant_rate);
/// retained = encoder delay + latency budget * rate + 2 (25 frames/s when the rate is unknown).
std::uint32_t retained_frames(const DecodeSessionOptions& options, const VideoFormat& queue);

}  // namespace videopush::sessions
