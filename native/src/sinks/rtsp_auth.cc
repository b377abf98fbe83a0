#include "sinks/rtsp_auth.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <memory>
#include <utility>

extern "C" {
#include <libavutil/base64.h>
#include <libavutil/md5.h>
#include <libavutil/mem.h>
#include <libavutil/sha.h>
}

#include "core/error.h"

namespace videopush::sinks {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

template <std::size_t N>
std::string hex(const std::array<std::uint8_t, N>& bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) out += {kHexDigits[byte >> 4], kHexDigits[byte & 15]};
  return out;
}

std::string hash(AuthScheme scheme, std::string_view text) {
  if (scheme == AuthScheme::DigestMd5) {
    std::array<std::uint8_t, 16> out;
    av_md5_sum(out.data(), bytes_of(text), text.size());
    return hex(out);
  }
  std::array<std::uint8_t, 32> out;
  const std::unique_ptr<AVSHA, void (*)(void*)> sha(av_sha_alloc(), av_free);
  if (!sha || av_sha_init(sha.get(), 256) < 0) throw Error(ErrorCode::Internal, "out of memory");
  av_sha_update(sha.get(), bytes_of(text), text.size());
  av_sha_final(sha.get(), out.data());
  return hex(out);
}

std::string base64(std::string_view text) {
  std::string out(AV_BASE64_SIZE(text.size()), '\0');
  av_base64_encode(out.data(), static_cast<int>(out.size()), bytes_of(text),
                   static_cast<int>(text.size()));
  out.resize(out.size() - 1);  // its terminator
  return out;
}

/// RFC 9110 section 5.6.4.
std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// Reads tokens and quoted strings off the front of a header value.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool at_end() const { return text_.empty(); }
  void skip_separators() { drop(text_.find_first_not_of(" \t,")); }
  void skip_space() { drop(text_.find_first_not_of(" \t")); }
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view token() {
    const std::size_t end = std::min(text_.find_first_of(" \t,=\""), text_.size());
    const std::string_view out = text_.substr(0, end);
    text_.remove_prefix(end);
    return out;
  }
  std::string value() {
    if (!take('"')) return std::string(token());
    std::string out;
    while (!text_.empty() && !take('"')) {
      if (take('\\') && text_.empty()) break;
      out += text_.front();
      text_.remove_prefix(1);
    }
    return out;
  }
  void drop_one() { text_.remove_prefix(1); }

 private:
  void drop(std::size_t count) { text_.remove_prefix(std::min(count, text_.size())); }
  std::string_view text_;
};

bool lists_auth(std::string_view qop) {
  while (!qop.empty()) {
    const std::size_t comma = std::min(qop.find(','), qop.size());
    if (same_text(trimmed(qop.substr(0, comma)), "auth")) return true;
    qop.remove_prefix(std::min(comma + 1, qop.size()));
  }
  return false;
}

struct RawChallenge {
  std::string scheme;
  std::vector<std::pair<std::string, std::string>> parameters;
};

/// RFC 9110 section 11.6.1: challenges and their parameters share one comma-separated list, so only
/// a "=" behind a word distinguishes the two.
std::vector<RawChallenge> split_challenges(std::string_view header) {
  std::vector<RawChallenge> out;
  Reader reader(header);
  for (reader.skip_separators(); !reader.at_end(); reader.skip_separators()) {
    const std::string word(reader.token());
    if (word.empty()) {
      reader.drop_one();  // a sign that has no business here
      continue;
    }
    reader.skip_space();
    if (!reader.take('=')) {
      out.push_back({word, {}});
      continue;
    }
    reader.skip_space();
    std::string value = reader.value();
    if (!out.empty()) out.back().parameters.emplace_back(word, std::move(value));
  }
  return out;
}

/// False for an algorithm that this program does not know.
bool set_algorithm(std::string_view name, Challenge& challenge) {
  constexpr std::string_view kSession = "-sess";
  challenge.algorithm = name;
  if (name.size() > kSession.size() &&
      same_text(name.substr(name.size() - kSession.size()), kSession)) {
    challenge.session = true;
    name.remove_suffix(kSession.size());
  }
  if (same_text(name, "MD5")) return true;
  challenge.scheme = AuthScheme::DigestSha256;
  return same_text(name, "SHA-256");
}

std::optional<Challenge> interpret(const RawChallenge& raw) {
  Challenge out;
  const bool digest = same_text(raw.scheme, "Digest");
  if (!digest && !same_text(raw.scheme, "Basic")) return std::nullopt;
  if (digest) out.scheme = AuthScheme::DigestMd5;
  for (const auto& [name, value] : raw.parameters) {
    if (same_text(name, "realm")) out.realm = value;
    if (!digest) continue;
    if (same_text(name, "nonce")) out.nonce = value;
    if (same_text(name, "opaque")) out.opaque = value;
    if (same_text(name, "stale")) out.stale = same_text(value, "true");
    if (same_text(name, "algorithm") && !set_algorithm(value, out)) return std::nullopt;
    if (same_text(name, "qop")) {
      out.offers_qop = true;
      out.qop_auth = lists_auth(value);
    }
  }
  if (digest && (out.nonce.empty() || (out.offers_qop && !out.qop_auth))) return std::nullopt;
  return out;
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

}  // namespace

std::string random_hex() {
  std::array<std::uint8_t, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw Error(ErrorCode::Internal, "the system has no random numbers");
  }
  return hex(bytes);
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> out;
  for (const RawChallenge& raw : split_challenges(header)) {
    if (auto challenge = interpret(raw)) out.push_back(std::move(*challenge));
  }
  return out;
}

Authenticator::Authenticator(Credentials credentials, std::function<std::string()> make_cnonce)
    : credentials_(std::move(credentials)), make_cnonce_(std::move(make_cnonce)) {
  if (has_control_characters(credentials_.user) || has_control_characters(credentials_.password)) {
    throw Error(ErrorCode::CredentialsRefused, "user or password contains a control character",
                "check the files that hold them for stray line ends");
  }
}

bool Authenticator::accept(const RtspMessage& unauthorized) {
  std::optional<Challenge> best;
  for (const RtspHeader& header : unauthorized.headers) {
    if (!same_text(header.name, "WWW-Authenticate")) continue;
    for (Challenge& each : parse_challenges(header.value)) {
      if (!best || each.scheme > best->scheme) best = std::move(each);
    }
  }
  if (!best) return false;
  renewed_ = challenge_ && challenge_->nonce != best->nonce;
  if (!challenge_ || renewed_) nonce_count_ = 0;
  challenge_ = std::move(best);
  return true;
}

std::string Authenticator::authorization(std::string_view method, std::string_view uri) {
  if (!challenge_ || !has_credentials()) return {};
  if (challenge_->scheme != AuthScheme::Basic) return digest(method, uri);
  return "Basic " + base64(credentials_.user + ":" + credentials_.password);
}

/// RFC 7616 section 3.4; without qop RFC 2617 section 3.2.2.1.
std::string Authenticator::digest(std::string_view method, std::string_view uri) {
  const Challenge& c = *challenge_;
  const auto h = [&c](const std::string& text) { return hash(c.scheme, text); };
  const std::string cnonce = make_cnonce_();
  std::array<char, 9> count;
  std::snprintf(count.data(), count.size(), "%08x", ++nonce_count_);

  std::string secret = h(credentials_.user + ":" + c.realm + ":" + credentials_.password);
  if (c.session) secret = h(secret + ":" + c.nonce + ":" + cnonce);
  const std::string request = h(std::string(method) + ":" + std::string(uri));
  const std::string middle =
      c.qop_auth ? c.nonce + ":" + count.data() + ":" + cnonce + ":auth" : c.nonce;

  std::string out = "Digest username=" + quoted_string(credentials_.user) +
                    ", realm=" + quoted_string(c.realm) + ", nonce=" + quoted_string(c.nonce) +
                    ", uri=" + quoted_string(uri) + ", response=\"" +
                    h(secret + ":" + middle + ":" + request) + '"';
  if (!c.algorithm.empty()) out += ", algorithm=" + c.algorithm;
  if (!c.opaque.empty()) out += ", opaque=" + quoted_string(c.opaque);
  if (c.qop_auth) out += std::string(", qop=auth, nc=") + count.data();
  if (c.qop_auth || c.session) out += ", cnonce=\"" + cnonce + '"';
  return out;
}

}  // namespace videopush::sinks
