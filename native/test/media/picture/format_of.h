// What a test's source says of its pictures: 25 a second, and nothing of colours or shape.
#pragma once

#include "core/format.h"

namespace videopush::test {

inline VideoFormat format_of(int width, int height, AVPixelFormat pixels) {
  VideoFormat format;
  format.width = width;
  format.height = height;
  format.pixel_format = pixels;
  format.time_base_num = 1;
  format.time_base_den = 25;
  return format;
}

}  // namespace videopush::test
