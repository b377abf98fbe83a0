// How a picture has to be turned and mirrored to be upright, from its display matrix.
#pragma once

#include <cstdint>
#include <optional>

#include "core/av.h"

namespace videopush::media {

/// One of the eight ways in which a picture can lie: it is first mirrored left to right, if at all,
/// and then turned.
struct Orientation {
  int rotation = 0;  // clockwise degrees: 0, 90, 180, 270
  bool mirrored = false;

  bool upright() const { return rotation == 0 && !mirrored; }
  /// Width and height change places.
  bool turned() const { return rotation % 180 != 0; }
  bool operator==(const Orientation&) const = default;
};

/// From a display matrix (libavutil/display.h); an angle between two quarter turns is rounded to
/// the nearer one, and a matrix without an inverse counts as upright.
Orientation orientation_of(const std::int32_t matrix[9]);

/// What the decoder says of this picture, from H.264's and H.265's display orientation message and
/// from Exif; nullopt: nothing.
std::optional<Orientation> orientation_of(const AVFrame& frame);

/// libavfilter's words that make such a picture upright; "" when it is.
const char* upright_chain(Orientation orientation);

}  // namespace videopush::media
