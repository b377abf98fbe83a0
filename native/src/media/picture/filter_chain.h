// What libavfilter does to a picture before swscale gets it, in its own words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/av.h"
#include "media/picture/layout.h"

namespace videopush::media {

/// The parts of a conversion that swscale can't do.
struct FilterWork {
  Orientation orientation = {};
  std::optional<std::uint32_t> background = {};  // laid under a picture with alpha, 0xRRGGBB
  /// For a picture beyond SDR that is to be SDR.
  struct ToSdr {
    int transfer, primaries;  // of the picture
    int width, height;        // before it is turned; it is scaled on the way
    int pixel_format;         // of the output, made at once where that can be
    bool operator==(const ToSdr&) const = default;
  };
  std::optional<ToSdr> to_sdr = {};

  bool nothing() const { return orientation.upright() && !background && !to_sdr; }
  bool operator==(const FilterWork&) const = default;
};

/// The chain that does `work` for pictures like `in`. Errors: InvalidArgument when this FFmpeg was
/// built without the filters that HDR needs.
std::string filter_chain(const FilterWork& work, const AVFrame& in);

}  // namespace videopush::media
