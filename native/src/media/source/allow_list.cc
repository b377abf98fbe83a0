#include "media/source/allow_list.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "core/av.h"

namespace videopush::media {
namespace {

struct Format {
  std::string_view name;  // one of the names of a libavformat demuxer
  bool timestamps;
};

// The audio-only ones are here so that the error can say "no video" instead of "unknown".
constexpr std::array kFormats = {
    Format{"mov", true},        Format{"matroska", true}, Format{"mpegts", true},
    Format{"flv", true},        Format{"live_flv", true}, Format{"avi", true},
    Format{"mpeg", false},      Format{"ogg", true},      Format{"ivf", true},
    Format{"mxf", true},        Format{"nut", true},      Format{"asf", true},
    Format{"gif", true},        Format{"wav", true},      Format{"mp3", true},
    Format{"aac", true},        Format{"flac", true},     Format{"yuv4mpegpipe", true},
    Format{"h264", false},      Format{"hevc", false},    Format{"m4v", false},
    Format{"mpegvideo", false}, Format{"mjpeg", false},   Format{"obu", false},
    Format{"apng", true},       Format{"dv", false},
};

constexpr std::string_view kStillPicture = "_pipe";

/// A demuxer's name field is a list: "mov,mp4,m4a,3gp,3g2,mj2".
bool has_name(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (list.substr(0, comma) == name) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

const Format* find(std::string_view demuxer) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& format) {
    return has_name(demuxer, format.name);
  });
  return found == kFormats.end() ? nullptr : &*found;
}

}  // namespace

const std::string& allowed_formats() {
  static const std::string list = [] {
    std::string out;
    for (const Format& format : kFormats) {
      if (!out.empty()) out += ',';
      out += format.name;
    }
    return out;
  }();
  return list;
}

bool is_allowed_format(std::string_view demuxer) { return find(demuxer) != nullptr; }

bool has_timestamps(std::string_view demuxer) {
  const Format* format = find(demuxer);
  return format == nullptr || format->timestamps;
}

std::string refusal(std::string_view demuxer, std::string_view head) {
  static const std::map<std::string_view, std::string_view> kReasons = {
      {"hls", "HLS playlists are not read yet"},
      {"dash", "DASH manifests are not read yet"},
      {"concat", "it is a list of other files, which is not read"},
      {"ffmetadata", "it is text without video"},
      {"sdp", "session descriptions are not read; give the rtsp:// address"},
      {"rtsp", "it redirects to another address; give that address"},
  };
  // By their first bytes: libavformat takes some of them for music.
  static const std::pair<std::string_view, std::string_view> kCompressed[] = {
      {"\x1f\x8b", "gzip"},
      {"\x28\xb5\x2f\xfd", "zstd"},
      {"\xfd"
       "7zXZ",
       "xz"},
      {"BZh", "bzip2"},
      {"PK\x03\x04", "zip"},
  };
  for (const auto& [magic, name] : kCompressed) {
    if (head.starts_with(magic)) return "it is compressed (" + std::string(name) + "); unpack it";
  }
  // Newer versions of libavformat recognise playlists by their extension and type only.
  if (head.rfind("#EXTM3U", 0) == 0) demuxer = "hls";
  if (demuxer.empty()) return "it is no video file of a kind that is read here";
  for (const auto& [name, reason] : kReasons) {
    if (has_name(demuxer, name)) return std::string(reason);
  }
  // Still pictures have a demuxer each, named after the codec: "png_pipe".
  if (demuxer.ends_with(kStillPicture)) {
    demuxer.remove_suffix(kStillPicture.size());
    return "it is a still picture (" + std::string(demuxer) + "), not a video";
  }
  // The library's short name for a format means nothing to a person.
  const AVInputFormat* format =
      av_find_input_format(std::string(demuxer.substr(0, demuxer.find(','))).c_str());
  const bool named = format != nullptr && format->long_name != nullptr;
  return "its format (" + std::string(named ? format->long_name : demuxer) + ") is not read";
}

std::string allowed_protocols(const Location& location, bool rtsp_over_udp) {
  switch (location.scheme) {
    case Scheme::Rtsp:
      return rtsp_over_udp ? "udp,rtp,tcp" : "tcp";
    case Scheme::Rtmp:
      return location.url.rfind("rtmps:", 0) == 0 ? "rtmps,tls,tcp" : "rtmp,tcp";
    case Scheme::Srt:
      return "srt";
    case Scheme::File:
    case Scheme::Http:
      break;  // bytes come from our own input
  }
  return "none";
}

}  // namespace videopush::media
