// What a decode session is told: source, format, ring.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/abort.h"
#include "core/av.h"
#include "core/clock.h"
#include "media/picture/layout.h"
#include "media/source/source.h"
#include "ring/ring.h"

namespace videopush::sessions {

/// What the end of the source means. Complete: the end marker. Repeat: the next pass, without a gap
/// in time. Reconnect: the source is opened again, its outage shows as a gap in time.
enum class OnEnd { Complete, Repeat, Reconnect };

struct DecodeSessionOptions {
  media::SourceOptions source;
  std::string user_file, password_file;  // source credentials, read at every open
  media::DecodeOptions decode;
  /// How pictures are converted; the orientation is the source's.
  media::ConvertOptions picture = media::for_viewers();
  /// At a rate of at least 1.5 times the source's, each field of a deinterlaced picture is a
  /// picture.
  media::Deinterlace deinterlace = media::Deinterlace::Auto;
  AVRational frame_rate{0, 1};  // set = constant rate
  OnEnd on_end = OnEnd::Complete;
  ring::RingOptions ring;  // `retained` is computed when the rate is known:
  /// retained = encoder_delay + latency_budget * rate + 2
  int encoder_delay_frames = 0;
  Nanoseconds latency_budget = 100'000'000;
};

/// What tests replace. The defaults are the real things.
struct DecodeHooks {
  std::function<std::unique_ptr<media::FrameSource>(
      const media::SourceOptions&, const media::DecodeOptions&, const AbortSignal&)>
      open_source;
  std::uint64_t seed = 0;  // of the back-off jitter; 0 = from the system
};

}  // namespace videopush::sessions
