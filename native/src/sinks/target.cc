#include "sinks/target.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "core/error.h"
#include "core/redact.h"
#include "core/url.h"
#include "sinks/muxed_address.h"
#include "sinks/muxed_sink.h"
#include "sinks/rtsp_sink.h"
#include "sinks/srt_sink.h"
#include "sinks/url.h"

namespace videopush::sinks {
namespace {

constexpr std::string_view kSupported =
    "supported: rtsp://, rtmp://, rtmps://, srt://, and files ending in .mkv, .mp4, .ts or .flv";

[[noreturn]] void unsupported(std::string_view url, std::string_view why) {
  throw Error(ErrorCode::SchemeUnsupported,
              "cannot push to " + redact_url(url) + ": " + std::string(why),
              std::string(kSupported));
}

/// A protocol of libavformat's that a smaller build may lack.
Protocol built_in(std::string_view url, const std::string& scheme, Protocol protocol) {
  void* position = nullptr;
  while (const char* name = avio_enum_protocols(&position, 1)) {
    if (scheme == name) return protocol;
  }
  unsupported(url, "this FFmpeg build has no " + scheme);
}

Protocol protocol_of_scheme(std::string_view url, const std::string& scheme) {
  if (scheme == "rtsp") return Protocol::Rtsp;
  if (scheme == "rtmp" || scheme == "rtmps") return built_in(url, scheme, Protocol::Rtmp);
  if (scheme == "srt") return Protocol::Srt;
  if (scheme == "rtsps") unsupported(url, "RTSP over TLS is not offered; use rtsp:// or rtmps://");
  if (scheme == "tcp") unsupported(url, "Matroska over TCP is not offered");
  if (scheme == "http" || scheme == "https") unsupported(url, "pushing by HTTP is not offered");
  unsupported(url, "the scheme " + scheme + ":// is unknown");
}

constexpr std::array kRtpCodecs = {
    AV_CODEC_ID_H264,       AV_CODEC_ID_HEVC, AV_CODEC_ID_MPEG4, AV_CODEC_ID_MPEG1VIDEO,
    AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_VP8,  AV_CODEC_ID_VP9};
/// The MPEG-TS muxer takes any codec and labels what it does not know as private data.
constexpr std::array kMpegTsCodecs = {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_MPEG4,
                                      AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO};
/// What a refusal names, if the target can carry it.
constexpr std::array kUsualCodecs = {AV_CODEC_ID_H264,      AV_CODEC_ID_HEVC, AV_CODEC_ID_AV1,
                                     AV_CODEC_ID_VP9,       AV_CODEC_ID_VP8,  AV_CODEC_ID_MPEG4,
                                     AV_CODEC_ID_MPEG2VIDEO};

bool carries(Protocol protocol, std::string_view url, AVCodecID codec) {
  const auto in = [codec](const auto& list) {
    return std::find(list.begin(), list.end(), codec) != list.end();
  };
  if (protocol == Protocol::Rtsp) return in(kRtpCodecs);
  const AVOutputFormat* format = muxer_of(protocol, url);
  if (std::string_view(format->name) == "mpegts") return in(kMpegTsCodecs);
  return avformat_query_codec(format, codec, FF_COMPLIANCE_NORMAL) == 1;
}

}  // namespace

Protocol protocol_of(std::string_view url) {
  if (url.empty())
    throw Error(ErrorCode::UrlInvalid, "the target is empty", std::string(kSupported));
  if (!local_path(url)) return protocol_of_scheme(url, parse_url(url).scheme);
  muxer_of(Protocol::File, url);  // refuses an unknown ending
  return Protocol::File;
}

std::string_view protocol_name(std::string_view url) {
  try {
    switch (protocol_of(url)) {
      case Protocol::Rtsp:
        return "rtsp";
      case Protocol::Rtmp:
        return "rtmp";
      case Protocol::Srt:
        return "srt";
      case Protocol::File:
        break;
    }
    return "file";
  } catch (const Error&) {
    // The output itself reports what is wrong with its URL.
    return "unknown";
  }
}

void check_codec(Protocol protocol, std::string_view url, AVCodecID codec) {
  if (carries(protocol, url, codec)) return;
  std::string list;
  for (const AVCodecID each : kUsualCodecs) {
    if (carries(protocol, url, each))
      list += (list.empty() ? "" : ", ") + std::string(avcodec_get_name(each));
  }
  throw Error(ErrorCode::CodecUnsupportedByTarget,
              redact_url(url) + " cannot carry " + avcodec_get_name(codec), "it can carry " + list);
}

std::unique_ptr<Sink> make_sink(const SinkOptions& options, Clock& clock) {
  const Protocol protocol = protocol_of(options.url);
  if (protocol == Protocol::Rtsp) return std::make_unique<RtspSink>(options, clock);
  if (protocol == Protocol::Srt) return std::make_unique<SrtSink>(options, clock);
  return std::make_unique<MuxedSink>(options, protocol, clock);
}

}  // namespace videopush::sinks
