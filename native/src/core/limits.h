// Bounds of numbers that come from outside, for every check in C++.
#pragma once

#include <cstdint>

namespace videopush {

/// Of a source, b/s. No real one comes near; what lies beyond is not a bit rate.
constexpr std::int64_t kMaxSourceBitRate = 1ll << 50;

}  // namespace videopush
