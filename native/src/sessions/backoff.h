// The pause before a connection is tried again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "core/clock.h"

namespace videopush::sessions {

/// Jittered pauses between attempts: each lies between 0.25 s and three times the one before, at
/// most 5 s.
class Backoff {
 public:
  static constexpr Nanoseconds kMin = kSecond / 4, kMax = 5 * kSecond;
  explicit Backoff(std::uint64_t seed) : random_(seed) {}
  Nanoseconds next() {
    std::uniform_int_distribution<Nanoseconds> pause(kMin, std::min(kMax, 3 * last_));
    return last_ = pause(random_);
  }
  void reset() { last_ = kMin; }

 private:
  std::mt19937_64 random_;
  Nanoseconds last_ = kMin;
};

}  // namespace videopush::sessions
