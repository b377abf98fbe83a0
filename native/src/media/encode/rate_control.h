// Which bit rate an encoder gets, and how strictly it keeps to it. Nothing is opened here.
#pragma once

#include "media/encode/encoder_settings.h"

namespace videopush::media {

/// The target, or none for constant quality. Error: InvalidArgument for settings that contradict
/// each other or that the encoder can't keep to.
void choose_bit_rate(EncoderSettings& settings, const EncoderOptions& options,
                     const VideoFormat& input);

/// The encoder's own options for that, before the caller's: theirs win.
void add_rate_options(EncoderSettings& settings, const EncoderOptions& options);

/// The VBV, and how the encoder keeps to it when the frame rate varies, once all options are set.
void bound_bit_rate(EncoderSettings& settings, const EncoderOptions& options);

/// Lets an encoder that takes over a running stream begin with the stream's VBV level, in seconds
/// of its rate. Only x265 needs it: it is opened again when the frame rate changes.
void begin_vbv_at(EncoderSettings& settings, double seconds);

}  // namespace videopush::media
