// Opening a codec context with settings, and naming the one that an encoder refuses.
#pragma once

#include "core/av.h"
#include "media/encoder_settings.h"

namespace videopush::media {

/// An opened context for pictures of `picture`'s size, format, shape and colours. Error:
/// EncoderRejected.
CodecContextPtr open_encoder(const EncoderSettings& settings, const VideoFormat& picture,
                             bool global_header);

}  // namespace videopush::media
