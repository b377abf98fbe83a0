// Colour matrix and range of a picture, for conversions.
#pragma once

#include "core/av.h"

namespace videopush::media {

/// What the numbers of a picture mean; never "unspecified".
struct ColorMeaning {
  AVColorSpace matrix;  // AVCOL_SPC_RGB for RGB formats
  bool full_range;
  bool operator==(const ColorMeaning&) const = default;
};

/// True for a format with a palette, too, since its entries are RGB.
bool is_rgb(AVPixelFormat format);

/// The matrix that an untagged YUV picture is taken to have: BT.709 for HD (1280 or more on the
/// longer side, or 720 on the shorter), else BT.601: what broadcast uses for the two (ITU-R BT.709,
/// BT.601).
AVColorSpace default_matrix(int width, int height);

/// What the tags mean; untagged YUV counts as limited range with the default matrix of its size.
ColorMeaning color_meaning(AVPixelFormat format, AVColorSpace matrix, AVColorRange range, int width,
                           int height);

/// The full-range "J" formats are the plain ones with a range tag: returns the plain format, or
/// `format` itself, and sets `range` to full for a J format.
AVPixelFormat without_j(AVPixelFormat format, AVColorRange& range);

}  // namespace videopush::media
