#include "media/source/location.h"

#include <map>

#include "core/error.h"
#include "core/redact.h"
#include "core/url.h"

namespace videopush::media {
namespace {

[[noreturn]] void invalid(const std::string& shown, const std::string& why) {
  throw Error(ErrorCode::UrlInvalid, "'" + shown + "': " + why,
              "write it like rtsp://host:8554/path or /folder/clip.mp4");
}

void check_characters(const std::string& uri, const std::string& shown) {
  if (uri.size() > kMaxUrlBytes)
    invalid(shown.substr(0, 80) + "...", "longer than 4096 characters");
  for (const unsigned char c : uri) {
    if (c < 0x20 || c == 0x7f) invalid(shown, "control characters are not allowed");
  }
}

Scheme known_scheme(const std::string& name, const std::string& shown) {
  static const std::map<std::string, Scheme> kSchemes = {
      {"http", Scheme::Http}, {"https", Scheme::Http}, {"rtsp", Scheme::Rtsp},
      {"rtmp", Scheme::Rtmp}, {"rtmps", Scheme::Rtmp}, {"srt", Scheme::Srt}};
  const auto found = kSchemes.find(name);
  if (found != kSchemes.end()) return found->second;
  if (name == "rtsps") {
    throw Error(ErrorCode::SchemeUnsupported, "'" + shown + "': rtsps sources are not read yet",
                "use rtsp:// inside a trusted network, or https, rtmps or srt");
  }
  throw Error(ErrorCode::SchemeUnsupported, "'" + shown + "': " + name + ":// is not read",
              "use a path or file:, http(s)://, rtsp://, rtmp(s):// or srt://");
}

void read_network_url(const UrlParts& parts, Location& out) {
  const Authority authority = split_authority(parts.authority);
  if (!authority.problem.empty()) invalid(out.shown, std::string(authority.problem));
  const std::string_view info = authority.user_info;
  const std::size_t colon = info.find(':');
  out.user = percent_decode(info.substr(0, colon));
  if (colon != std::string_view::npos) out.password = percent_decode(info.substr(colon + 1));
  out.host = authority.host;
  std::string_view place = parts.authority;
  if (authority.has_user_info) place.remove_prefix(info.size() + 1);
  out.url = parts.scheme + "://" + std::string(place) + std::string(parts.rest);
}

}  // namespace

Location parse_location(const std::string& uri) {
  Location out;
  out.shown = redact_url(uri);
  if (uri.empty()) invalid("", "the source is empty");
  check_characters(uri, out.shown);
  if (const auto path = local_path(uri)) {
    out.path = *path;
    return out;
  }
  const UrlParts parts = split_url(uri);
  out.scheme = known_scheme(parts.scheme, out.shown);
  read_network_url(parts, out);
  return out;
}

}  // namespace videopush::media
