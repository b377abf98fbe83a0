// Opening a codec context with settings, and naming the one that an encoder refuses.
#pragma once

#include "core/av.h"
#include "media/encode/encoder_settings.h"

namespace videopush::media {

/// An opened context for pictures of `picture`'s size, format, shape and colours. Its `framerate`
/// is at least 2, so that a frame is worth half of the VBV's one second at most. Error:
/// EncoderRejected.
CodecContextPtr open_encoder(const EncoderSettings& settings, const VideoFormat& picture,
                             bool global_header);

/// Before the context is freed. `used`: it was given a frame. SVT-AV1 (libsvtav1, seen with 1.4)
/// waits for ever when it is closed before its last packet was fetched, or was given no frame at
/// all; other encoders need nothing.
void make_closable(AVCodecContext& context, bool used) noexcept;

}  // namespace videopush::media
