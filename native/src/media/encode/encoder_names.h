// Which encoder a name means.
#pragma once

#include <string>

namespace videopush::media {

/// The exact libavcodec name for a codec or encoder name (case-insensitive codec, "h264" included).
/// Errors: EncoderUnknown, which lists near names; EncoderRejected for one that needs a graphics
/// processor or another device, whether this FFmpeg has it or not.
std::string resolve_encoder(const std::string& codec, const std::string& encoder);

}  // namespace videopush::media
