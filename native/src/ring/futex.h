// Waiting on a word of shared memory, across processes (no FUTEX_PRIVATE), with abort and a limit.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/abort.h"
#include "core/clock.h"

namespace videopush::ring {

/// CLOCK_MONOTONIC, nanoseconds: the clock of heartbeats and limits, the same in both processes.
Nanoseconds monotonic_now();

/// Wakes the other side: something has changed.
void ring_bell(std::atomic<std::uint32_t>& bell);

/// One wait after another until a limit; the caller looks at its condition in between.
class BellWait {
 public:
  explicit BellWait(Nanoseconds limit);  // from now; kForever: none
  bool expired() const;
  /// Sleeps while `bell` is `seen` (its value before the condition was looked at), for one slice at
  /// most: 50 ms, which is also how late an abort can be noticed. Returns the time slept.
  Nanoseconds slice(std::atomic<std::uint32_t>& bell, std::uint32_t seen);

 private:
  Nanoseconds until_;
};

}  // namespace videopush::ring
