#include "sinks/muxed_address.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/error.h"
#include "core/redact.h"
#include "core/url.h"
#include "sinks/url.h"

namespace videopush::sinks {
namespace {

std::uint16_t rtmp_port(const Url& url) { return url.scheme == "rtmps" ? 443 : 1935; }

/// libavformat keeps a path of 1,023 bytes and an application of as many (rtmpproto.c).
constexpr std::size_t kMaxRtmpPath = 1'023, kMaxRtmpApplication = 500;

/// "/application[/instance]/key?query", as libavformat splits it, but that a '/' in the query
/// divides nothing.
void split_rtmp_path(std::string_view path, TargetAddress& out) {
  const std::string_view names = path.substr(0, path.find('?'));
  if (path.size() <= kMaxRtmpPath && path.find('/', names.size()) == std::string_view::npos) return;
  std::size_t end = names.find('/', 1);
  if (end == std::string_view::npos) end = names.size();
  const std::size_t colon = names.find(':', end), instance = names.find('/', end + 1);
  if (instance != std::string_view::npos && colon >= instance) end = instance;
  out.application = path.substr(1, end - 1);
  out.stream_key = path.substr(std::min(end + (end < names.size() ? 1 : 0), path.size()));
  if (out.application.size() <= kMaxRtmpApplication) return;
  throw Error(ErrorCode::UrlInvalid, "the RTMP URL's application is longer than 500 bytes",
              "write rtmp://host/application/key; the key and what follows it may be longer");
}

TargetAddress srt_address(const std::string& text, const Credentials& credentials) {
  constexpr std::string_view kParameter = "streamid=", kAccessControl = "#!::";
  const Url url = parse_url(text);
  if (url.port == 0) {
    throw Error(ErrorCode::UrlInvalid,
                "invalid URL " + redact_url(text) + ": SRT has no usual port",
                "name the server's port, as in srt://host:8890/path");
  }
  const std::size_t mark = std::min(url.path.find('?'), url.path.size());
  const std::string path = url.path.substr(0, mark);
  TargetAddress out;
  if (path.size() > 1) out.stream_id = "publish:" + percent_decode(path.substr(1));
  std::string others;
  for (std::size_t at = mark + 1; at < url.path.size();) {
    const std::size_t end = std::min(url.path.find('&', at), url.path.size());
    const std::string item = url.path.substr(at, end - at);
    if (item.starts_with(kParameter)) {
      out.stream_id = percent_decode(item.substr(kParameter.size()));
    } else {
      others += (others.empty() ? "?" : "&") + item;
    }
    at = end + 1;
  }
  if (!credentials.user.empty() && !out.stream_id.empty()) {
    out.stream_id += out.stream_id.starts_with(kAccessControl)
                         ? ",u=" + credentials.user + ",s=" + credentials.password
                         : ":" + credentials.user + ":" + credentials.password;
  }
  out.url = "srt://" + url.authority(url.port) + others;
  return out;
}

}  // namespace

const AVOutputFormat* muxer_of(Protocol protocol, std::string_view url) {
  struct Ending {
    std::string_view suffix;
    const char* muxer;
  };
  static constexpr std::array<Ending, 4> kEndings = {
      Ending{".mkv", "matroska"}, {".mp4", "mp4"}, {".ts", "mpegts"}, {".flv", "flv"}};
  if (protocol == Protocol::Rtmp) return av_guess_format("flv", nullptr, nullptr);
  if (protocol == Protocol::Srt) return av_guess_format("mpegts", nullptr, nullptr);
  const std::string path = ascii_lower(local_path(url).value_or(""));
  for (const Ending& each : kEndings) {
    if (path.ends_with(each.suffix)) return av_guess_format(each.muxer, nullptr, nullptr);
  }
  throw Error(
      ErrorCode::SchemeUnsupported,
      "cannot push to " + redact_url(url) + ": the file's ending does not name a known container",
      "supported: files ending in .mkv, .mp4, .ts or .flv, and rtsp://, rtmp://, rtmps://, srt://");
}

TargetAddress target_address(Protocol protocol, const std::string& text,
                             const Credentials& credentials) {
  if (protocol == Protocol::Srt) return srt_address(text, credentials);
  const Url url = parse_url(text);
  // libavformat takes schemes in lower case only.
  std::string out = url.scheme + "://" + url.authority(rtmp_port(url)) + url.path;
  if (!credentials.user.empty() || !credentials.password.empty()) {
    out += out.find('?') == std::string::npos ? '?' : '&';
    out += "user=" + percent_encode(credentials.user) +
           "&pass=" + percent_encode(credentials.password);
  }
  TargetAddress target{.url = out, .stream_id = {}};
  split_rtmp_path(parse_url(out).path, target);
  return target;
}

std::string part_name(const std::string& path, int part) {
  if (part == 1) return path;
  const std::size_t ending = path.rfind('.');
  return path.substr(0, ending) + "-" + std::to_string(part) + path.substr(ending);
}

int unused_part(const std::string& path, int most) {
  std::error_code unreadable;  // the opening will say why
  for (int part = 1; part <= most; ++part) {
    if (!std::filesystem::exists(part_name(path, part), unreadable)) return part;
  }
  throw Error(ErrorCode::FileNotWritable,
              "cannot write " + redact(path) + ": all names up to " +
                  redact(part_name(path, most)) + " are taken",
              "remove these files, or name another one");
}

std::vector<std::string> files_written(const std::string& url, const std::vector<int>& parts) {
  std::vector<std::string> files;
  files.reserve(parts.size());
  for (const int part : parts) files.push_back(redact(part_name(local_path(url).value(), part)));
  return files;
}

}  // namespace videopush::sinks
