#include "sinks/url.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/error.h"

namespace videopush::sinks {
namespace {

constexpr std::size_t kLongestUrl = 4096;

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(ErrorCode::UrlInvalid, "invalid URL " + redact(text) + ": " + std::string(why),
              "write it as scheme://host:port/path");
}

bool is_scheme_char(unsigned char c) {
  return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
}

std::uint16_t parse_port(std::string_view text, std::string_view digits) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port < 1 || port > 65535) {
    refuse(text, "the port must be a number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

void parse_authority(std::string_view text, std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) {
    refuse(text, "user and password do not belong into it (a literal @ is written %40)");
  }
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos)
      refuse(text, "the bracket of the IPv6 address is not closed");
    url.host = authority.substr(1, close - 1);
    rest = authority.substr(close + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    rest = authority.substr(colon);
  }
  if (url.host.empty()) refuse(text, "it names no host");
  if (rest.empty()) return;
  if (rest.front() != ':') refuse(text, "the host is followed by something else than a port");
  url.port = parse_port(text, rest.substr(1));
}

}  // namespace

std::string Url::authority(std::uint16_t default_port) const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port != 0 ? port : default_port);
}

bool has_scheme(std::string_view text) {
  const std::size_t mark = text.find("://");
  return mark != std::string_view::npos && mark > 0 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(mark),
                     is_scheme_char);
}

Url parse_url(std::string_view text) {
  if (!has_scheme(text)) refuse(text, "it has no scheme");
  if (text.size() > kLongestUrl) refuse(text.substr(0, 64), "it is longer than 4096 bytes");
  const auto unprintable = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), unprintable)) {
    refuse(text, "it contains white space or control characters (a space is written %20)");
  }
  const std::size_t mark = text.find("://");
  Url url;
  url.scheme = text.substr(0, mark);
  std::transform(url.scheme.begin(), url.scheme.end(), url.scheme.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view rest = text.substr(mark + 3);
  if (rest.find('#') != std::string_view::npos) refuse(text, "a target has no fragment (#)");
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  parse_authority(text, rest.substr(0, end), url);
  url.path = rest.substr(end);
  if (url.path.starts_with('?')) url.path.insert(0, "/");
  return url;
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

}  // namespace videopush::sinks
