// From what was asked and what the source is to what the encoder is opened with. Nothing is opened
// here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/av.h"
#include "core/format.h"
#include "media/encode/encoder.h"

namespace videopush::media {

/// One option that somebody asked for by name, so that a refusal can name it.
struct AskedOption {
  std::string name, value;
};

/// How an encoder with a bit rate learns how long a frame lasts.
enum class FrameTime {
  Stamps,   // from its timestamp; or it has no bit rate to keep to
  Budget,   // it counts frames, and takes another bit rate with any of them: RateBudget
  Restart,  // it counts frames, and is opened again when their rate changes: RateWatch
};

struct EncoderSettings {
  const AVCodec* codec = nullptr;
  int width = 0, height = 0;
  int pixel_format = AV_PIX_FMT_NONE;
  AVRational frame_rate{25, 1};
  /// The encoder's own clock: the input's time base, but 1/frame_rate for the codecs whose syntax
  /// can't express that (MPEG-1, -2, -4, H.263).
  AVRational time_base{1, 25};
  std::int64_t bit_rate = 0;      // 0: constant quality was asked for
  std::int64_t min_bit_rate = 0;  // 0 none
  std::int64_t max_bit_rate = 0;  // of the VBV, which holds one second of it; 0 none
  FrameTime frame_time = FrameTime::Stamps;
  int gop_frames = 50;     // what the encoder counts; where the GOP is a time, only an upper bound
  double gop_seconds = 2;  // distance at which key frames are forced; 0 = by the encoder's count
  int max_b_frames = 0;
  int threads = 0;
  std::map<std::string, std::string> options;  // for avcodec_open2, as far as the encoder has them
  std::vector<AskedOption> asked;              // those among them that are the caller's
};

/// Errors: EncoderUnknown, EncoderRejected (an option this encoder does not have), InvalidArgument
/// (sizes, rates and counts out of range, with what would do).
EncoderSettings encoder_settings(const EncoderOptions& options, const VideoFormat& input,
                                 bool global_header);

/// The settings for a source of another frame rate.
EncoderSettings at_frame_rate(EncoderSettings settings, AVRational frame_rate);

/// True when libavcodec has an option of this name for the encoder, private or general.
bool has_option(const AVCodec& codec, const std::string& name);
/// Sets an option that somebody asked for. Error: EncoderRejected (no such option).
void ask(EncoderSettings& settings, const std::string& name, const std::string& value);

/// The format nearest to `wanted` that `codec` takes: itself, else the least lossy.
int supported_pixel_format(const AVCodec& codec, int wanted);

}  // namespace videopush::media
