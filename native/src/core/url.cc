#include "core/url.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/error.h"
#include "core/redact.h"

namespace videopush {
namespace {

constexpr std::string_view kSchemeMark = "://";

bool is_scheme_char(unsigned char c) {
  return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
}

/// 0 for what is not a whole number from 1 to 65535.
std::uint16_t parse_port(std::string_view digits) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool whole = error == std::errc{} && end == digits.data() + digits.size();
  return whole && port <= 65535 ? static_cast<std::uint16_t>(port) : 0;
}

}  // namespace

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool has_scheme(std::string_view text) {
  const std::string_view scheme = text.substr(0, text.find(kSchemeMark));
  return scheme.size() < text.size() && !scheme.empty() &&
         std::isalpha(static_cast<unsigned char>(scheme.front())) != 0 &&
         std::ranges::all_of(scheme, is_scheme_char);
}

UrlParts split_url(std::string_view text) {
  const std::size_t mark = text.find(kSchemeMark);
  const std::string_view after = text.substr(mark + kSchemeMark.size());
  const std::size_t end = std::min(after.find_first_of("/?#"), after.size());
  return {ascii_lower(text.substr(0, mark)), after.substr(0, end), after.substr(end)};
}

Authority split_authority(std::string_view text) {
  Authority out;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    out.has_user_info = true;
    out.user_info = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  std::size_t host_end = std::min(text.find(':'), text.size());
  out.host = text.substr(0, host_end);
  if (text.starts_with('[')) {
    host_end = text.find(']');
    if (host_end == std::string_view::npos) {
      out.problem = "the bracket of the IPv6 address is not closed";
      return out;
    }
    out.host = text.substr(1, host_end - 1);
    ++host_end;
  }
  const std::string_view rest = text.substr(host_end);
  if (!rest.empty()) out.port = parse_port(rest.substr(1));
  if (out.host.empty()) {
    out.problem = "the host is missing";
  } else if (!rest.empty() && rest.front() != ':') {
    out.problem = "the host is followed by something else than a port";
  } else if (!rest.empty() && out.port == 0) {
    out.problem = "the port must be a number from 1 to 65535";
  }
  return out;
}

std::optional<std::string> local_path(std::string_view text) {
  constexpr std::string_view kFile = "file:";
  const auto refuse = [&](const char* why) {
    throw Error(ErrorCode::UrlInvalid, "'" + redact_url(text) + "': " + why,
                "write it like /folder/clip.mp4 or file:///folder/clip.mp4");
  };
  if (ascii_lower(text.substr(0, kFile.size())) != kFile) {
    if (has_scheme(text)) return std::nullopt;
    if (text.empty()) refuse("the path is empty");
    return std::string(text);
  }
  std::string_view rest = text.substr(kFile.size());
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const std::string host = ascii_lower(rest.substr(0, rest.find('/')));
    const bool local = host.empty() || host == "localhost";
    if (!local || host.size() == rest.size()) refuse("a file URL has no host");
    rest.remove_prefix(host.size());
  }
  std::string path = percent_decode(rest);
  if (path.empty()) refuse("the path is empty");
  if (path.find('\0') != std::string::npos) refuse("the path has a zero byte");
  return path;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kUnreserved = "-._~";
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) != 0 || kUnreserved.find(static_cast<char>(c)) != std::string_view::npos) {
      out += static_cast<char>(c);
    } else {
      out += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace videopush
