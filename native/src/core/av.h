// Owning pointers for FFmpeg's structs, and the two or three guards that keep the core compiling
// without warnings on FFmpeg 5.1 (Debian 12) and 7.1 (Debian 13).
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
#include <libavutil/rational.h>
}

#include <cstdint>
#include <memory>
#include <string>

#include "core/clock.h"

namespace videopush {

struct AvDelete {
  void operator()(AVFrame* p) const { av_frame_free(&p); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
  void operator()(AVCodecParameters* p) const { avcodec_parameters_free(&p); }
};
using FramePtr = std::unique_ptr<AVFrame, AvDelete>;
using PacketPtr = std::unique_ptr<AVPacket, AvDelete>;
using CodecContextPtr = std::unique_ptr<AVCodecContext, AvDelete>;
using CodecParametersPtr = std::unique_ptr<AVCodecParameters, AvDelete>;

/// Options for libav*, freed with this.
struct Dictionary {
  AVDictionary* entries = nullptr;

  Dictionary() = default;
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;
  ~Dictionary() { av_dict_free(&entries); }
  void set(const char* key, const std::string& value) {
    av_dict_set(&entries, key, value.c_str(), 0);
  }
};

/// Time base of Nanoseconds.
inline constexpr AVRational kNanosecond{1, kSecond};

FramePtr make_frame();    // throws std::bad_alloc
PacketPtr make_packet();  // throws std::bad_alloc

/// Duration of a frame in its time base; 0 when unknown. (`pkt_duration` before libavutil 57.30.)
std::int64_t frame_duration(const AVFrame& frame);
void set_frame_duration(AVFrame& frame, std::int64_t duration);
bool is_key_frame(const AVFrame& frame);

/// Process-wide libav* log level and destination (one line at a time, redacted).
/// level: 0 errors (the start value), 1 warnings and information, 2 debug. Without a sink (nullptr,
/// the start value) nothing is written.
void set_log_level(int level);
/// What libav* logged as errors in the calling thread since the previous call, redacted, joined by
/// "; " and without its prefixes (at most about 1 KB); "" when nothing. Only there does libavformat
/// say why an RTMP server refused, or what is wrong with a certificate.
std::string take_av_error();
void set_log_sink(void (*sink)(int av_level, const char* line, void* user), void* user);

}  // namespace videopush
