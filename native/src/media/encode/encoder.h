// One video encoder on libavcodec, with settings that suit a live push by default.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/av.h"
#include "core/format.h"

namespace videopush::media {

/// What the encoder keeps to. Constant and Quality, a `max_bit_rate` and a level need libx264 or
/// libx265.
enum class RateControl {
  Capped,    // the bit rate, with at most one second of it ahead
  Constant,  // exactly the bit rate, filled up where the picture needs less (ITU-T H.264 C.2)
  Quality,   // the picture's quality, whatever it takes up to `max_bit_rate` (capped CRF)
};

/// Unset means: from the source's descriptor where that makes sense, else the default given here.
struct EncoderOptions {
  std::string codec = "H264";  // H264, H265, VP8, VP9, AV1, MPEG4 ...: the preferred encoder for it
  std::string encoder = {};    // exact libavcodec name, e.g. "libx264"; wins over codec
  /// 0 = the input's, without the last line where the pixel format needs even sizes; the encoder
  /// scales when they differ.
  int width = 0, height = 0;
  AVRational frame_rate{0, 1};  // hint for rate control, frames are not dropped; 0 = the input's
  /// b/s; 0 = the source's when known, else 0.1 bit per pixel and 300 kb/s at least. The source's
  /// counts up to 4 times that. x264 and x265 tuned for zero latency keep to it over any second
  /// (VBV).
  std::int64_t bit_rate = 0;
  RateControl rate_control = RateControl::Capped;
  /// b/s over any second (VBV); 0 = the bit rate; for Quality twice what the size asks for.
  std::int64_t max_bit_rate = 0;
  /// The constant rate factor of Quality, from 1 (best) to 51; 0 = the encoder's own, 23 for x264
  /// and 28 for x265.
  int quality = 0;
  /// By their names for the encoder, such as "high" and "4.1"; "" = as the stream needs.
  std::string profile = {}, level = {};
  int gop_frames = 0;      // closed and fixed; 0 = gop_seconds
  double gop_seconds = 0;  // of media time, whatever the frame rate does; closed; 0 = 2 s
  int max_b_frames = -1;   // -1 = none; at most 16
  /// Unset: "veryfast" and "zerolatency" for x264 and x265, comparable settings for VP8, VP9 and
  /// AV1. "" = the encoder's own. Set on an encoder without such an option: EncoderRejected.
  std::optional<std::string> preset = {}, tune = {};
  /// FFmpeg's name of what the encoder is fed, such as "yuv420p10le"; "" = 4:2:0 of 8 bits, which
  /// every viewer can show, or what the encoder takes that is nearest to it.
  std::string pixel_format = {};
  int threads = 0;  // 0 = automatic
  /// Further options by their libavcodec names (private ones first, then AVCodecContext's); they
  /// win over everything else. "pixel_format" is refused, since pictures are converted before.
  std::map<std::string, std::string> extra = {};
};

struct EncodedPacket {
  PacketPtr packet;        // pts, dts in the encoder's time base (= input format's)
  std::uint64_t sequence;  // of the source frame this packet shows
  bool key;
};

class Encoder {
 public:
  /// Opens. EncoderUnknown, EncoderRejected (message names the setting), InvalidArgument (an odd
  /// size that was asked for with 4:2:0, ...).
  Encoder(const EncoderOptions& options, const VideoFormat& input, bool global_header);
  ~Encoder();
  /// Feeds one frame (pts strictly increasing) and appends what comes out. `force_key`: closed-GOP
  /// IDR.
  void encode(const AVFrame& frame, std::uint64_t sequence, bool force_key,
              std::vector<EncodedPacket>& out);
  void flush(std::vector<EncodedPacket>& out);
  const AVCodecParameters& parameters() const;  // extradata filled when global_header
  AVRational time_base() const;
  AVRational frame_rate() const;
  /// Effective settings for status: encoder name, bit rate, threads (thread_count as opened), and
  /// the GOP in frames or in seconds; the other one is 0.
  struct Effective {
    std::string encoder;
    std::int64_t bit_rate;
    int gop_frames;
    double gop_seconds;
    int max_b_frames, threads, width, height;
    std::string pixel_format;
  };
  Effective effective() const;
  int held() const;  // frames sent whose packet has not come out
  /// True when the encoder copies pixels on submission (libx264): the caller's buffer is free again
  /// when encode() returns.
  bool copies_input() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace videopush::media
