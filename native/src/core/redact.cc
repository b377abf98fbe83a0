#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace videopush {
namespace {

constexpr std::string_view kHidden = "***";

bool is_scheme_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.';
}

bool ends_url(char c) {
  return std::isspace(static_cast<unsigned char>(c)) || c == '"' || c == '\'' || c == '<' ||
         c == '>' || c == '`' || c == '|';
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Hiding a harmless parameter costs nothing; showing a secret does. Hence parts of names.
bool looks_secret(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kParts = {
      "user", "pass", "pwd", "token", "key", "secret", "sig", "auth", "credential", "session"};
  const std::string name_lower = lower(name);
  return std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) {
    return name_lower.find(part) != std::string::npos;
  });
}

/// SRT stream ids carry credentials in two shapes: "publish:path:user:password" (MediaMTX) and the
/// access control syntax "#!::m=publish,r=path,u=user,s=secret" (SRT Access Control guidelines).
/// Either may be percent-encoded.
std::string redact_stream_id(std::string_view escaped) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kSeparators = {
      {{"%3a", ":"}, {"%2c", ","}, {"%3d", "="}}};
  std::string value(escaped);
  for (const auto& [code, sign] : kSeparators) {
    for (std::size_t at = 0; (at = lower(value).find(code, at)) != std::string::npos;) {
      value.replace(at, code.size(), sign);
    }
  }
  const std::string text = lower(value);
  if (text.find("!::") != std::string::npos || text.find("%21") != std::string::npos) {
    std::string out;
    std::size_t begin = 0;
    while (begin <= value.size()) {
      const std::size_t end = std::min(value.find(',', begin), value.size());
      std::string_view field = std::string_view(value).substr(begin, end - begin);
      const std::size_t equals = field.find('=');
      const std::string_view name = field.substr(0, equals);
      const char key = name.empty() ? '\0' : name.back();
      const bool hide = equals != std::string_view::npos && (key == 'u' || key == 's');
      out += hide ? std::string(name) + "=" + std::string(kHidden) : std::string(field);
      if (end < value.size()) out += ',';
      begin = end + 1;
    }
    return out;
  }
  const std::size_t first = value.find(':');
  const std::size_t second = first == std::string_view::npos ? first : value.find(':', first + 1);
  if (second == std::string_view::npos) return value;
  return value.substr(0, second + 1) + std::string(kHidden);
}

std::string redact_query(std::string_view query) {
  std::string out;
  std::size_t begin = 0;
  while (begin <= query.size()) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view pair = query.substr(begin, end - begin);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      out += pair;
    } else {
      const std::string_view name = pair.substr(0, equals);
      out += name;
      out += '=';
      if (lower(name) == "streamid") {
        out += redact_stream_id(pair.substr(equals + 1));
      } else {
        out += looks_secret(name) ? kHidden : pair.substr(equals + 1);
      }
    }
    if (end < query.size()) out += '&';
    begin = end + 1;
  }
  return out;
}

/// `rest`: what follows "scheme://", up to the URL's end. A password with an unescaped '/' would
/// end the authority early; a "port" that is no number gives it away.
std::string_view without_user_info(std::string_view rest) {
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos && authority.find('[') == std::string_view::npos) {
    const std::size_t colon = authority.find(':');
    const bool odd_port =
        colon != std::string_view::npos &&
        authority.find_first_not_of("0123456789", colon + 1) != std::string_view::npos;
    if (odd_port) at = rest.rfind('@');
  }
  return at == std::string_view::npos ? rest : rest.substr(at + 1);
}

}  // namespace

std::string redact(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t mark = text.find("://"); mark != std::string_view::npos;
       mark = text.find("://", done)) {
    const std::size_t begin = mark + 3;
    out += text.substr(done, begin - done);
    done = begin;
    if (mark == 0 || !is_scheme_char(text[mark - 1])) continue;
    std::size_t end = begin;
    while (end < text.size() && !ends_url(text[end])) ++end;
    const std::string_view rest = without_user_info(text.substr(begin, end - begin));
    const std::size_t query = rest.find('?');
    out += rest.substr(0, query);
    if (query != std::string_view::npos) {
      out += '?';
      out += redact_query(rest.substr(query + 1));
    }
    done = end;
  }
  out += text.substr(done);
  return out;
}

}  // namespace videopush
