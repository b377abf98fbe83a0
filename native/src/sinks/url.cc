#include "sinks/url.h"

#include <algorithm>

#include "core/error.h"
#include "core/redact.h"
#include "core/url.h"

namespace videopush::sinks {
namespace {

/// True when every '#' of the URL is one that libavformat takes as it stands: in an SRT query,
/// whose stream ids begin with "#!::" (SRT Access Control guidelines), and behind the host of RTMP,
/// which knows no fragments.
bool takes_hash(const UrlParts& parts) {
  const std::size_t hash = parts.rest.find('#');
  if (parts.scheme == "srt") return parts.rest.find('?') < hash;
  return (parts.scheme == "rtmp" || parts.scheme == "rtmps") && hash > 0;
}

constexpr std::size_t kLongestShown = 200;  // bytes

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  std::string shown = redact_url(text);
  if (shown.size() > kLongestShown) shown = shown.substr(0, kLongestShown) + "...";
  throw Error(ErrorCode::UrlInvalid, "invalid URL " + shown + ": " + std::string(why),
              "write it as scheme://host:port/path");
}

}  // namespace

std::string Url::authority(std::uint16_t default_port) const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port != 0 ? port : default_port);
}

Url parse_url(std::string_view text) {
  if (!has_scheme(text)) refuse(text, "it has no scheme");
  if (text.size() > kMaxUrlBytes) refuse(text, "it is longer than 4096 bytes");
  const auto unprintable = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  if (std::ranges::any_of(text, unprintable)) {
    refuse(text, "it contains white space or control characters (a space is written %20)");
  }
  const UrlParts parts = split_url(text);
  if (text.find('#') != std::string_view::npos && !takes_hash(parts))
    refuse(text, "a target has no fragment (a literal # is written %23)");
  const Authority authority = split_authority(parts.authority);
  if (authority.has_user_info) {
    refuse(text, "user and password do not belong into it (a literal @ is written %40)");
  }
  if (!authority.problem.empty()) refuse(text, authority.problem);
  std::string path(parts.rest);
  if (path.starts_with('?')) path.insert(0, "/");
  return {parts.scheme, std::string(authority.host), authority.port, path};
}

}  // namespace videopush::sinks
