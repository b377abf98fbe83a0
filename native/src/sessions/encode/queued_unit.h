// An access unit on its way through a sender.
#pragma once

#include <cstdint>

#include "core/av.h"
#include "core/clock.h"
#include "sessions/encode/frame_input.h"

namespace videopush::sessions {

struct QueuedUnit {
  PacketPtr packet;
  std::uint64_t sequence = 0;
  bool key = false;
  bool discontinuity = false;
  SourcePace pace = SourcePace::Any;
  Nanoseconds produced_at = 0;
  Nanoseconds queued_at = 0;  // the same instant for every output
};

}  // namespace videopush::sessions
