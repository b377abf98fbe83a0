// The address of a target, taken apart and checked before anything is connected.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace videopush::sinks {

/// scheme://host[:port][/path][?query]; user-info is refused, and so are fragments, except where
/// SRT and RTMP take a "#" as any other character.
struct Url {
  std::string scheme;      // lower case
  std::string host;        // IPv6 without its brackets
  std::uint16_t port = 0;  // 0 = not given
  std::string path;        // with its leading '/', and with the query; may be empty

  /// "host:port", IPv6 in brackets again.
  std::string authority(std::uint16_t default_port) const;
};

/// UrlInvalid: empty host, port out of range, user-info, fragment, white space or control
/// characters, longer than kMaxUrlBytes.
Url parse_url(std::string_view text);

}  // namespace videopush::sinks
