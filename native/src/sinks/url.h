// The address of a target, taken apart and checked before anything is connected.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace videopush::sinks {

/// scheme://host[:port][/path][?query]; user-info and fragments are refused.
struct Url {
  std::string scheme;      // lower case
  std::string host;        // IPv6 without its brackets
  std::uint16_t port = 0;  // 0 = not given
  std::string path;        // with its leading '/', and with the query; may be empty

  /// "host:port", IPv6 in brackets again.
  std::string authority(std::uint16_t default_port) const;
};

/// True for "scheme://..."; a name without it is a file's.
bool has_scheme(std::string_view text);

/// UrlInvalid: empty host, port out of range, user-info, white space or control characters, longer
/// than 4096 bytes (libavformat's own limit).
Url parse_url(std::string_view text);

/// Percent-encodes everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);
/// The other way round; a '%' without two hexadecimal digits stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace videopush::sinks
