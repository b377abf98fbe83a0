// What a conversion makes of a picture: the format that comes out, and where each picture lies in
// it. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "core/av.h"
#include "core/format.h"
#include "media/picture/orientation.h"

namespace videopush::media {

/// Pixels that are left out at each side.
struct Crop {
  int left = 0, top = 0, right = 0, bottom = 0;
  bool empty() const { return left == 0 && top == 0 && right == 0 && bottom == 0; }
};

/// What becomes of PQ, HLG and BT.2020: BT.709, which every screen shows, or what they are.
enum class Hdr { ToneMap, Keep };

/// Which pictures are deinterlaced, before all else. Auto: those that are marked as interlaced.
enum class Deinterlace { Auto, Off, Always };

struct ConvertOptions {
  int width = 0,
      height = 0;  // 0 = the source's; only one given keeps the aspect ratio (even numbers)
  Orientation orientation = {};        // the source's; what a picture says of itself wins
  int pixel_format = AV_PIX_FMT_NONE;  // NONE = the source's own
  Crop crop = {};                      // of the upright picture
  bool square_pixels = false;
  Hdr hdr = Hdr::ToneMap;
  /// What shows through transparent pixels where the output has no alpha, 0xRRGGBB; unset: alpha is
  /// ignored.
  std::optional<std::uint32_t> background = {};
  int threads = 0;  // of tone mapping, at most 4; 0 = one for each available processor
};

/// The format of all pictures that come out, from that of the first one that goes in.
///
/// The picture keeps its shape on the display: when a scale changes the proportions, the sample
/// aspect ratio makes up for it. A size that nobody asked for is cut by a line where the pixel
/// format that was asked for needs even ones. Errors: InvalidArgument (sizes outside 2..8192, a
/// crop that leaves nothing).
VideoFormat converted_format(const VideoFormat& input, const ConvertOptions& options);

/// A rectangle of a picture.
struct Area {
  int x = 0, y = 0, width = 0, height = 0;
  bool is_whole(const VideoFormat& picture) const {
    return width == picture.width && height == picture.height;
  }
};

/// Where an upright picture of this size, whose pixels have this shape, lies in `output`:
/// everywhere when both have the same shape on the display, give or take what rounding to even
/// sizes makes, else in the middle, between two bars.
Area area_within(const VideoFormat& output, int width, int height, AVRational aspect);

/// A side of the picture as it is used: itself, or without the lines by which it is longer than
/// what the pixel format of `output` can have.
int trimmed(int side, int wanted, int step);

/// Pixels per chroma sample.
int column_step(int pixel_format);
int row_step(int pixel_format);

/// The crop of an upright picture as that of the picture before it was mirrored and turned.
Crop before_turning(Crop crop, Orientation orientation);

/// What SDR screens show wrong: the curves of PQ and HLG, and the primaries of BT.2020.
bool beyond_sdr(int primaries, int transfer);

bool has_alpha(int pixel_format);

}  // namespace videopush::media
