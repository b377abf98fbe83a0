// Answers to "401 Unauthorized": Basic (RFC 7617) and Digest (RFC 7616, and RFC 2617 for servers
// without qop), which RTSP takes over from HTTP (RFC 2326 section 14, RFC 7826 section 19.1).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sinks/rtsp_parser.h"
#include "sinks/sink.h"

namespace videopush::sinks {

enum class AuthScheme { Basic, DigestMd5, DigestSha256 };  // the later, the better

struct Challenge {
  AuthScheme scheme = AuthScheme::Basic;
  std::string realm, nonce, opaque;
  std::string algorithm;  // as the server spelled it; empty when it gave none
  bool session = false;   // an algorithm with "-sess"
  bool offers_qop = false;
  bool qop_auth = false;  // "auth" is among what it offers
  bool stale = false;     // the credentials were right, the nonce has expired
};

/// The challenges of one WWW-Authenticate value that this program can answer. Pure; anything odd is
/// left out.
std::vector<Challenge> parse_challenges(std::string_view header);

/// Keeps the challenge of one connection and signs its requests.
class Authenticator {
 public:
  /// `make_cnonce`: 32 hexadecimal digits, fresh ones at every call.
  Authenticator(Credentials credentials, std::function<std::string()> make_cnonce);

  bool has_credentials() const {
    return !credentials_.user.empty() || !credentials_.password.empty();
  }
  bool has_challenge() const { return challenge_.has_value(); }

  /// Takes the best challenge of a 401 response. Returns false when there is none that can be
  /// answered.
  bool accept(const RtspMessage& unauthorized);
  bool stale() const { return challenge_ && challenge_->stale; }
  /// The challenge accepted last came in place of one with another nonce. Some servers give each
  /// nonce for one request only, and don't call it stale.
  bool renewed() const { return renewed_; }

  /// Value of the Authorization header for a request; empty while nobody has asked for one.
  std::string authorization(std::string_view method, std::string_view uri);

 private:
  std::string digest(std::string_view method, std::string_view uri);

  Credentials credentials_;
  std::function<std::string()> make_cnonce_;
  std::optional<Challenge> challenge_;
  std::uint32_t nonce_count_ = 0;
  bool renewed_ = false;
};

/// 32 hexadecimal digits from the kernel's random numbers.
std::string random_hex();

}  // namespace videopush::sinks
