// What addresses of sources and of targets have in common (RFC 3986): where they are split, how
// bytes are written in them, and which ports there are. Which parts are allowed is up to the
// caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace videopush {

/// Longer URLs are refused, since libavformat cuts them off. In bytes.
inline constexpr std::size_t kMaxUrlBytes = 4096;

/// ASCII letters in lower case; every other byte stays as it is.
std::string ascii_lower(std::string_view text);

/// True for "scheme://..." (RFC 3986 section 3.1); text without it names a file.
bool has_scheme(std::string_view text);

/// scheme "://" authority rest. The views point into the text that was split.
struct UrlParts {
  std::string scheme;  // lower case
  std::string_view authority;
  std::string_view rest;  // begins with '/', '?' or '#', or is empty
};

/// Requires has_scheme(text).
UrlParts split_url(std::string_view text);

/// [user-info "@"] host [":" port]  (RFC 3986 section 3.2)
struct Authority {
  bool has_user_info = false;
  std::string_view user_info;  // still percent-encoded
  std::string_view host;       // IPv6 without its brackets
  std::uint16_t port = 0;      // 0 = not given
  std::string_view problem;    // why the authority is invalid; empty when it is valid
};

Authority split_authority(std::string_view text);

/// The path of the file that `text` names; nullopt for the URL of anything else. Text without a
/// scheme is the path as it stands, whatever is in it. A file: URL (RFC 8089, any case) is
/// percent-decoded, which gives every byte a way to be written; its host is empty or localhost.
/// UrlInvalid: another host, no path, a zero byte.
std::optional<std::string> local_path(std::string_view text);

/// Percent-encodes everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);
/// The other way round; a '%' without two hexadecimal digits stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace videopush
