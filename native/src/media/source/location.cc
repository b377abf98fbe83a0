#include "media/source/location.h"

#include <cctype>
#include <map>

#include "core/error.h"

namespace videopush::media {
namespace {

constexpr std::size_t kLongestUrl = 4096;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int lower = std::tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string lower(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) out += static_cast<char>(std::tolower(c));
  return out;
}

[[noreturn]] void invalid(const std::string& shown, const std::string& why) {
  throw Error(ErrorCode::UrlInvalid, "'" + shown + "': " + why,
              "write it like rtsp://host:8554/path or /folder/clip.mp4");
}

void check_characters(const std::string& uri, const std::string& shown) {
  if (uri.size() > kLongestUrl) invalid(shown.substr(0, 80) + "...", "longer than 4096 characters");
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

/// authority = [user-info "@"] host [":" port]  (RFC 3986 section 3.2)
void split_authority(std::string_view authority, Location& out) {
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view info = authority.substr(0, at);
    const std::size_t colon = info.find(':');
    out.user = percent_decode(info.substr(0, colon));
    if (colon != std::string_view::npos) out.password = percent_decode(info.substr(colon + 1));
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) invalid(out.shown, "']' is missing after the address");
    out.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else {
    const std::size_t colon = authority.find(':');
    out.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (out.host.empty()) invalid(out.shown, "the host is missing");
  if (port.empty()) return;
  const std::string digits(port.substr(1));
  const bool numeric = port.front() == ':' && !digits.empty() && digits.size() <= 5 &&
                       digits.find_first_not_of("0123456789") == std::string::npos;
  if (!numeric || std::stoi(digits) < 1 || std::stoi(digits) > 65535) {
    invalid(out.shown, "the port must be a number from 1 to 65535");
  }
}

}  // namespace

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  return out;
}

Location parse_location(const std::string& uri) {
  Location out;
  out.shown = redact(uri);
  if (uri.empty()) invalid("", "the source is empty");
  check_characters(uri, out.shown);
  const std::size_t mark = uri.find("://");
  const std::string scheme = mark == std::string::npos ? "" : lower(uri.substr(0, mark));
  const bool is_url =
      !scheme.empty() && std::isalpha(static_cast<unsigned char>(scheme[0])) &&
      scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") == std::string::npos;
  if (!is_url || scheme == "file") {
    out.path = uri;
    if (scheme == "file") {
      const std::size_t slash = uri.find('/', mark + 3);
      const std::string host =
          lower(uri.substr(mark + 3, slash == std::string::npos ? slash : slash - mark - 3));
      if (slash == std::string::npos || !(host.empty() || host == "localhost")) {
        invalid(out.shown, "a file URL has no host: file:///folder/clip.mp4");
      }
      out.path = percent_decode(std::string_view(uri).substr(slash));
    } else if (uri.rfind("file:", 0) == 0) {
      out.path = uri.substr(5);
    }
    if (out.path.empty()) invalid(out.shown, "the path is empty");
    if (out.path.find('\0') != std::string::npos) invalid(out.shown, "the path has a zero byte");
    return out;
  }
  out.scheme = known_scheme(scheme, out.shown);
  const std::size_t begin = mark + 3;
  const std::size_t end = std::min(uri.find_first_of("/?#", begin), uri.size());
  const std::string_view authority = std::string_view(uri).substr(begin, end - begin);
  split_authority(authority, out);
  const std::size_t at = authority.rfind('@');
  const std::size_t host_begin = at == std::string_view::npos ? begin : begin + at + 1;
  out.url = scheme + "://" + uri.substr(host_begin);
  return out;
}

}  // namespace videopush::media
