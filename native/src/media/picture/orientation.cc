#include "media/picture/orientation.h"

#include <cmath>
#include <cstring>
#include <numbers>

namespace videopush::media {

// The matrix takes a point (x, y) of the decoded picture, y downwards, to
// (m[0] * x + m[3] * y, m[1] * x + m[4] * y) on the display. A mirror image has a negative
// determinant. A mirror in x leaves the second column alone, so that m[3] and m[4] show the turn
// with and without one.
Orientation orientation_of(const std::int32_t matrix[9]) {
  const double a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  const double determinant = a * d - b * c;
  if (determinant == 0) return {};
  const long quarters = std::lround(std::atan2(-c, d) / (std::numbers::pi / 2));
  return {.rotation = static_cast<int>((quarters + 4) % 4) * 90, .mirrored = determinant < 0};
}

std::optional<Orientation> orientation_of(const AVFrame& frame) {
  const AVFrameSideData* side = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  std::int32_t matrix[9];
  if (!side || static_cast<std::size_t>(side->size) < sizeof matrix) return std::nullopt;
  std::memcpy(matrix, side->data, sizeof matrix);
  return orientation_of(matrix);
}

const char* upright_chain(Orientation orientation) {
  switch (orientation.rotation) {
    case 90:
      return orientation.mirrored ? "transpose=clock_flip" : "transpose=clock";
    case 180:
      return orientation.mirrored ? "vflip" : "hflip,vflip";
    case 270:
      return orientation.mirrored ? "transpose=cclock_flip" : "transpose=cclock";
    default:
      return orientation.mirrored ? "hflip" : "";
  }
}

}  // namespace videopush::media
