#include "core/redact.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "core/secrets.h"
#include "core/url.h"

namespace videopush {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::string_view kMark = "://";
constexpr auto kNowhere = std::string_view::npos;
constexpr std::size_t kFarthestAt = 256;  // from a broken password to the '@' behind it

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_scheme_char(char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; }

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool contains(std::string_view set, char c) { return set.find(c) != kNowhere; }

/// 1 to `longest` letters, digits and characters of `others`.
bool is_plain(std::string_view text, std::string_view others, std::size_t longest) {
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(),
                     [others](char c) { return is_alnum(c) || contains(others, c); });
}

/// Showing a secret costs more than hiding a harmless value: only what is known is shown.
bool is_harmless(std::string_view name) {
  static constexpr std::array<std::string_view, 27> kNames = {
      "channel",       "subtype",        "transport",       "transportmode",
      "latency",       "rcvlatency",     "peerlatency",     "mode",
      "codec",         "profile",        "format",          "rate",
      "fps",           "width",          "height",          "size",
      "bitrate",       "quality",        "timeout",         "connect_timeout",
      "pkt_size",      "tlpktdrop",      "x-amz-algorithm", "x-amz-date",
      "x-amz-expires", "rtsp_transport", "listen"};
  return std::find(kNames.begin(), kNames.end(), ascii_lower(name)) != kNames.end();
}

std::string separators_decoded(std::string_view escaped) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kSeparators = {
      {{"%21", "!"}, {"%3a", ":"}, {"%2c", ","}, {"%3d", "="}, {"%2f", "/"}}};
  std::string text(escaped);
  for (const auto& [code, sign] : kSeparators) {
    for (std::size_t at = 0; (at = ascii_lower(text).find(code, at)) != kNowhere;) {
      text.replace(at, code.size(), sign);
    }
  }
  return text;
}

/// True for what follows a user when a '/', '?' or '#' in a password has ended the authority early:
/// a "port" that is no number.
bool has_odd_port(std::string_view authority) {
  const std::size_t colon = authority.find(':');
  return colon != kNowhere && !contains(authority, '[') && !contains(authority, '@') &&
         authority.find_first_not_of("0123456789", colon + 1) != kNowhere;
}

/// `rest`: what follows "scheme://". The place of the '@'; kNowhere when there is none.
std::size_t end_of_user_info(std::string_view rest) {
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  return has_odd_port(authority) ? rest.rfind('@') : authority.rfind('@');
}

/// One URL on its way into a text; collects what it hides.
class UrlRedactor {
 public:
  std::string out;
  std::vector<std::string> hidden;

  /// `rest`: what follows "scheme://".
  void url(std::string_view scheme, std::string_view rest) {
    rest = user_info(rest);
    if (scheme == "file") {
      out += rest;
      return;
    }
    const std::size_t end = std::min(rest.find_first_of("?#"), rest.size());
    path(scheme, rest.substr(0, end));
    if (end == rest.size()) return;
    out += rest[end];
    if (rest[end] == '?') {
      query(rest.substr(end + 1));
    } else {
      hide(rest.substr(end + 1));
    }
  }

 private:
  void hide(std::string_view secret) {
    if (!secret.empty()) out += kHidden;
    hide_quietly(secret);
  }

  /// What is hidden already, as a part or in another form.
  void hide_quietly(std::string_view secret) {
    if (!secret.empty()) hidden.emplace_back(secret);
  }

  void show_or_hide(bool shown, std::string_view text) {
    if (shown) {
      out += text;
    } else {
      hide(text);
    }
  }

  /// Returns what follows it.
  std::string_view user_info(std::string_view rest) {
    const std::size_t at = end_of_user_info(rest);
    if (at == kNowhere) return rest;
    const std::string_view info = rest.substr(0, at);
    const std::size_t colon = std::min(info.find(':'), info.size());
    hide_quietly(info.substr(0, colon));
    hide_quietly(info.substr(std::min(colon + 1, info.size())));
    return rest.substr(at + 1);
  }

  /// `text`: authority and path. The first element of an RTMP path is the application, what follows
  /// is the stream key.
  void path(std::string_view scheme, std::string_view text) {
    const std::size_t application = text.find('/');
    const std::size_t key = application == kNowhere ? application : text.find('/', application + 1);
    if (!scheme.starts_with("rtmp") || key == kNowhere) {
      out += text;
      return;
    }
    out += text.substr(0, key + 1);
    hide(text.substr(key + 1));
    // libavformat counts what stands before the last element to the application.
    if (const std::size_t last = text.rfind('/'); last > key) hide_quietly(text.substr(last + 1));
  }

  void query(std::string_view text) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find('&', begin), text.size());
      if (begin > 0) out += '&';
      parameter(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  /// Text in base 64 ends in '=': what has no value is no name.
  void parameter(std::string_view text) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string_view name = text.substr(0, equals);
    const std::string_view value = text.substr(std::min(equals + 1, text.size()));
    if (!is_plain(name, "._-", 40) || value.empty() || value.front() == '=') {
      show_or_hide(equals == text.size() && is_harmless(name), text);
      return;
    }
    out += name;
    out += '=';
    if (ascii_lower(name) == "streamid") {
      stream_id(value);
    } else {
      show_or_hide(is_harmless(name) && is_plain(value, "._-", 40), value);
    }
  }

  /// SRT stream ids have two public shapes: "publish:path:user:password" (MediaMTX) and
  /// "#!::m=publish,r=path,u=user,s=session" (SRT Access Control guidelines). Either may be
  /// percent-encoded. Any other is somebody's key.
  void stream_id(std::string_view escaped) {
    const std::string text = separators_decoded(escaped);
    const std::size_t prefix = text.find("!::");
    if (prefix != kNowhere && prefix + 3 < text.size() &&
        (text.starts_with("#!::") || ascii_lower(text).starts_with("%23!::"))) {
      access_control(std::string_view(text), prefix + 3);
      return;
    }
    const std::size_t path = std::min(text.find(':'), text.size());
    const std::size_t user = std::min(text.find(':', std::min(path + 1, text.size())), text.size());
    const std::string_view view = text, action = view.substr(0, path);
    const bool known = (action == "publish" || action == "read") && path + 1 < user &&
                       is_plain(view.substr(path + 1, user - path - 1), "._/-", 200);
    if (!known) return hide(escaped);
    out += view.substr(0, std::min(user + 1, view.size()));
    if (user + 1 < view.size()) credentials(view.substr(user + 1));
  }

  /// "user:password", shown as one.
  void credentials(std::string_view text) {
    out += kHidden;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(':', begin), text.size());
      hide_quietly(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  void access_control(std::string_view text, std::size_t begin) {
    out += text.substr(0, begin);
    while (begin <= text.size()) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      const std::string_view field = text.substr(begin, end - begin);
      const std::size_t equals = std::min(field.find('='), field.size());
      const std::string_view value = field.substr(std::min(equals + 1, field.size()));
      out += field.substr(0, value.empty() ? 0 : equals + 1);
      const bool place = equals == 1 && contains("rhtm", field[0]) && is_plain(value, "._/-", 200);
      show_or_hide(place, value.empty() ? field : value);
      if (end < text.size()) out += ',';
      begin = end + 1;
    }
  }
};

/// The first character from `begin` on that can't stand in a URL, or the "://" of another one in
/// its path or behind a comma.
std::size_t end_of_token(std::string_view text, std::size_t begin, bool in_apostrophes) {
  bool in_path = true;
  std::size_t end = begin;
  for (; end < text.size(); ++end) {
    const char c = text[end];
    in_path = in_path && c != '?' && c != '#';
    if (in_path && text.substr(end).starts_with(kMark)) break;
    if (is_space(c) || contains("\"<>`", c) || (c == '\'' && in_apostrophes)) break;
    if (text.substr(end).starts_with("\\\"")) break;
  }
  return end;
}

std::string_view without_punctuation(std::string_view text) {
  while (!text.empty() && contains(".,:;!?)]}'", text.back())) text.remove_suffix(1);
  return text;
}

/// True when `rest` ends in a password, because that has a character that may not stand in a URL.
bool ends_in_password(std::string_view rest) {
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  return has_odd_port(without_punctuation(authority)) && !contains(rest, '@');
}

/// Where the URL ends whose part after "://" begins at `begin`.
std::size_t end_of_url(std::string_view text, std::size_t begin, bool in_apostrophes) {
  std::size_t end = end_of_token(text, begin, in_apostrophes);
  if (ends_in_password(text.substr(begin, end - begin))) {
    const std::string_view behind = text.substr(end, kFarthestAt);
    const std::string_view line = behind.substr(0, behind.find_first_of("\"\n"));
    const std::size_t at = line.substr(0, line.find(kMark)).find('@');
    if (at != kNowhere) end = end_of_token(text, end + at + 1, in_apostrophes);
  }
  if (!text.substr(end).starts_with(kMark)) {
    return begin + without_punctuation(text.substr(begin, end - begin)).size();
  }
  while (end > begin && is_scheme_char(text[end - 1])) --end;
  return end;
}

std::string redact_urls(std::string_view text) {
  UrlRedactor redactor;
  std::size_t done = 0;
  for (std::size_t mark = text.find(kMark); mark != kNowhere; mark = text.find(kMark, done)) {
    const std::size_t begin = mark + kMark.size();
    std::size_t scheme = mark;
    while (scheme > done && is_scheme_char(text[scheme - 1])) --scheme;
    redactor.out += text.substr(done, begin - done);
    done = begin;
    if (scheme == mark) continue;
    const bool quoted = scheme > 0 && text[scheme - 1] == '\'';
    done = end_of_url(text, begin, quoted);
    redactor.url(ascii_lower(text.substr(scheme, mark - scheme)), text.substr(begin, done - begin));
  }
  return redactor.out.append(text.substr(done));
}

struct SplitUrl {
  std::string scheme;
  std::string_view rest;
};

SplitUrl split(std::string_view url) {
  const std::size_t mark = url.find(kMark);
  const bool named = mark != kNowhere && mark > 0 && is_plain(url.substr(0, mark), "+-.", 40);
  if (!named) return {};
  return {ascii_lower(url.substr(0, mark)), url.substr(mark + kMark.size())};
}

}  // namespace

std::string redact(std::string_view text) { return redact_urls(hide_secrets(text, kHidden)); }

std::string redact_url(std::string_view url) {
  const auto [scheme, rest] = split(url);
  if (scheme.empty()) return redact(url);
  UrlRedactor redactor;
  redactor.out = std::string(url.substr(0, url.size() - rest.size()));
  redactor.url(scheme, rest);
  return redactor.out;
}

std::string hide_url(std::string_view url) {
  const auto [scheme, rest] = split(url);
  if (scheme.empty()) return std::string(kHidden);
  const std::size_t at = end_of_user_info(rest);
  const std::string_view shown = rest.substr(at == kNowhere ? 0 : at + 1);
  const std::string_view host = shown.substr(0, shown.find_first_of("/?#"));
  return scheme + std::string(kMark) + std::string(host) + "/" + std::string(kHidden);
}

std::vector<std::string> secrets_in(std::string_view url, bool whole) {
  const auto [scheme, rest] = split(url);
  if (scheme.empty()) return {};
  UrlRedactor redactor;
  redactor.url(scheme, rest);
  std::vector<std::string> out = std::move(redactor.hidden);
  if (!whole) return out;
  const std::size_t slash = rest.find('/');
  const std::size_t query = std::min(rest.find('?'), rest.size());
  if (query < rest.size()) out.emplace_back(rest.substr(query + 1));
  if (slash >= query) return out;
  const std::string_view path = rest.substr(slash + 1, query - slash - 1);
  out.emplace_back(path);
  out.emplace_back(path.substr(std::min(path.rfind('/') + 1, path.size())));
  return out;
}

}  // namespace videopush
