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
  int gop_frames = 0;      // closed and fixed; 0 = gop_seconds
  double gop_seconds = 0;  // 0 = the source's GOP when known, up to 10 s, else 2 s
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
  /// Effective settings for status: encoder name, bit rate, gop, threads (thread_count as opened).
  struct Effective {
    std::string encoder;
    std::int64_t bit_rate;
    int gop_frames, max_b_frames, threads, width, height;
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
