#include "media/picture/changes.h"

#include <cstdio>
#include <utility>

#include "media/picture/color.h"

namespace videopush::media {
namespace {

std::string size_of(int width, int height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

std::string name_of(int pixel_format) {
  const char* name = av_get_pix_fmt_name(static_cast<AVPixelFormat>(pixel_format));
  return name ? name : "unknown";
}

const char* range_beyond_sdr(const VideoFormat& input) {
  switch (input.color_transfer) {
    case AVCOL_TRC_SMPTE2084:
      return "tone-mapped from PQ to BT.709";
    case AVCOL_TRC_ARIB_STD_B67:
      return "tone-mapped from HLG to BT.709";
    default:
      return "colours converted from BT.2020 to BT.709";
  }
}

/// `width` and `height`: of the upright, cropped picture.
void add_size(std::vector<std::string>& changes, int width, int height, const VideoFormat& output) {
  const int column = column_step(output.pixel_format), row = row_step(output.pixel_format);
  const bool scaled = trimmed(width, output.width, column) != output.width ||
                      trimmed(height, output.height, row) != output.height;
  if (width == output.width && height == output.height) return;
  const std::string sizes = size_of(width, height) + " to " + size_of(output.width, output.height);
  changes.push_back(scaled ? "scaled from " + sizes
                           : "cut from " + sizes + ", as " + name_of(output.pixel_format) +
                                 " needs even sizes");
}

}  // namespace

std::vector<std::string> picture_changes(const VideoFormat& input, const ConvertOptions& options,
                                         bool deinterlaced) {
  const VideoFormat output = converted_format(input, options);
  std::vector<std::string> changes;
  if (deinterlaced) changes.emplace_back("deinterlaced");
  int width = input.width, height = input.height;
  if (options.background && has_alpha(input.pixel_format) && !has_alpha(output.pixel_format)) {
    char color[8];
    std::snprintf(color, sizeof color, "#%06x", static_cast<unsigned>(*options.background));
    changes.push_back(std::string("laid over ") + color);
  }
  if (options.hdr == Hdr::ToneMap && beyond_sdr(input.color_primaries, input.color_transfer))
    changes.emplace_back(range_beyond_sdr(input));
  if (options.orientation.mirrored) changes.emplace_back("mirrored left to right");
  if (options.orientation.rotation != 0)
    changes.push_back("turned by " + std::to_string(options.orientation.rotation) +
                      " degrees clockwise");
  if (options.orientation.turned()) std::swap(width, height);
  if (const Crop& crop = options.crop; !crop.empty()) {
    width -= crop.left + crop.right;
    height -= crop.top + crop.bottom;
    changes.push_back("cropped to " + size_of(width, height));
  }
  add_size(changes, width, height, output);
  AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
  const int plain = without_j(static_cast<AVPixelFormat>(input.pixel_format), range);
  if (plain != output.pixel_format)
    changes.push_back("converted from " + name_of(plain) + " to " + name_of(output.pixel_format));
  return changes;
}

}  // namespace videopush::media
