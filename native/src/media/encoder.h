// One video encoder on libavcodec, with settings that suit a live push unless told otherwise.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/av.h"
#include "core/format.h"

namespace videopush::media {

/// Unset (0 or "") means: from the source's descriptor where that makes sense, else the default given here.
struct EncoderOptions {
  std::string codec = "H264";     // H264, H265, VP8, VP9, AV1, MPEG4 ...: the preferred encoder for it is chosen
  std::string encoder;            // exact libavcodec name, e.g. "libx264"; wins over codec
  int width = 0, height = 0;      // 0 = the input's (scaling happens before the queue; when they differ the encoder session scales)
  AVRational frame_rate{0, 1};    // hint; 0 = the input's
  std::int64_t bit_rate = 0;      // b/s; 0 = the source's when known, else by size and rate: 0.1 bit per pixel, 300 kb/s at least
  int gop_frames = 0;             // 0 = gop_seconds of frames; closed, fixed
  double gop_seconds = 0;         // used when gop_frames is 0 (the rate is only known once the source is open); 0 = 2
  int max_b_frames = -1;          // -1 = 0; at most 16
  std::string preset = "veryfast";  // x264/x265 only; "" = the encoder's own
  std::string tune = "zerolatency"; // x264/x265 only; "" = none
  int threads = 0;                // 0 = automatic
  std::map<std::string, std::string> extra;  // further private options, by their libavcodec names
};

/// The exact encoder name for a codec or encoder name (case-insensitive codec, "h264" included). EncoderUnknown lists near names.
std::string resolve_encoder(const std::string& codec, const std::string& encoder);

struct EncodedPacket {
  PacketPtr packet;        // pts, dts in the encoder's time base (= input format's)
  std::uint64_t sequence;  // of the source frame this packet shows
  bool key;
};

class Encoder {
 public:
  /// Opens. EncoderUnknown, EncoderRejected (message names the setting), InvalidArgument (odd sizes for 4:2:0, ...).
  Encoder(const EncoderOptions& options, const VideoFormat& input, bool global_header);
  ~Encoder();
  /// Feeds one frame (pts strictly increasing) and appends what comes out. `force_key`: closed-GOP IDR.
  void encode(const AVFrame& frame, std::uint64_t sequence, bool force_key, std::vector<EncodedPacket>& out);
  void flush(std::vector<EncodedPacket>& out);
  const AVCodecParameters& parameters() const;  // extradata filled when global_header
  AVRational time_base() const;
  AVRational frame_rate() const;
  /// Effective settings for status: encoder name, bit rate, gop, threads (thread_count as opened).
  struct Effective { std::string encoder; std::int64_t bit_rate; int gop_frames, max_b_frames, threads, width, height; std::string pixel_format; };
  Effective effective() const;
  int held() const;  // frames sent whose packet has not come out
  /// True when the encoder copies pixels on submission (libx264): the caller's buffer is free again when encode() returns.
  bool copies_input() const;
 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace videopush::media
