// What a conversion changes in a picture, in words for people. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/format.h"
#include "media/picture/layout.h"

namespace videopush::media {

/// One entry for each thing that a viewer could notice, in the order in which they are done; empty
/// when pictures pass as they are. `deinterlaced`: whether that was done before the conversion.
/// Errors: those of converted_format().
std::vector<std::string> picture_changes(const VideoFormat& input, const ConvertOptions& options,
                                         bool deinterlaced);

}  // namespace videopush::media
