// Sizes and places of a ring, from its format alone. Pure; also what a file that claims to be a
// ring is judged by.
#pragma once

#include <cstdint>
#include <optional>

#include "ring/layout.h"

namespace videopush::ring {

/// Where the planes of one frame lie in a slot: rows and planes begin on 64 bytes.
struct Geometry {
  std::uint32_t plane_count = 0;
  std::uint32_t plane_offset[kMaxPlanes] = {};
  std::int32_t plane_stride[kMaxPlanes] = {};
  std::uint64_t picture_bytes = 0;  // from the first plane's first byte to the last plane's last
  std::uint64_t slot_bytes = 0;     // whole pages
  bool operator==(const Geometry&) const = default;
};

/// nullopt: not a picture that can be stored (no such pixel format, a hardware one, sides not
/// in 1..8192).
std::optional<Geometry> geometry(const VideoFormat& format);

/// Whether a consumer that runs with `a` can go on with `b`: what the encoder depends on is the
/// same. Measured hints (bit rate, GOP length, a frame rate that differs by less than 2 %) may
/// differ.
bool same_picture(const VideoFormat& a, const VideoFormat& b);

}  // namespace videopush::ring
