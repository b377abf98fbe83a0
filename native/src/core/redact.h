// Keeps secrets out of everything that people read: logs, events, errors, snapshots. The rules and
// their cases are those of the TypeScript copy: test/vectors/redaction.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace videopush {

/// Replaces the secrets that are known to the process (see Secrets), then hides the secret parts of
/// every URL in `text`: user-info vanishes; query values become "***" unless their names are known
/// to be harmless, and so do fragments, the stream key of an RTMP path, and users, passwords and
/// unknown fields of an SRT stream id. Redacting twice changes nothing more.
std::string redact(std::string_view text);

/// The same for a text that is one URL to its end, whatever characters stand in it.
std::string redact_url(std::string_view url);

/// What may be shown of a URL that is a secret as a whole: "scheme://host:port/***"; "***" for what
/// is no URL.
std::string hide_url(std::string_view url);

/// The parts of `url` that redact() hides. `whole`: its path and its query as well, because the URL
/// itself is a secret.
std::vector<std::string> secrets_in(std::string_view url, bool whole = false);

/// Secrets that no text of this process may hold while this object exists. redact() finds them
/// outside of URLs too, as they are, percent-encoded and percent-decoded: libavformat prints the
/// path of an RTMP URL alone, and servers name a stream in words of their own. Of less than 3
/// characters they are not looked for, of less than 12 only as whole words. Thread-safe.
class Secrets {
 public:
  Secrets() = default;
  ~Secrets();
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  /// Takes the place of what was set before. Of more than 64 secrets the longest are kept.
  void set(const std::vector<std::string>& secrets);

 private:
  std::vector<std::string> forms_;
};

}  // namespace videopush
