// Bytes of a file or an http(s) resource, for libavformat to read through an AVIOContext.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/abort.h"

namespace videopush::media {

/// Not thread-safe but for the abort it was made with. Everything throws typed Errors.
class ByteInput {
 public:
  virtual ~ByteInput() = default;
  /// 1..size bytes from the current position; 0 at the end.
  virtual int read(std::uint8_t* out, int size) = 0;
  /// To an absolute position; may lie beyond the end.
  virtual void seek(std::int64_t position) = 0;
  virtual std::int64_t size() const = 0;  // bytes; -1 unknown
  virtual bool seekable() const = 0;
  /// The opening phase, bounded as a whole, is over: from now on only silence is.
  virtual void opened() {}
};

/// A regular file. Errors: SourceNotFound, SourceForbidden (no permission), SourceUnsupported (a
/// folder, a device), SourceEmpty.
std::unique_ptr<ByteInput> open_file(const std::string& path);

struct HttpOptions {
  std::string url;                   // http(s), without user-info
  std::string shown;                 // for messages
  std::string user, password;        // "" = none; sent to the first server only
  std::int64_t silence_ms = 10'000;  // once opened() was called: the longest wait for a byte
  bool local_redirects = false;      // lift the rule on redirect targets; for tests of the rest
};

/// A resource on a web server: connected, redirects followed and status checked on return.
/// At most 5 redirects, http and https only. A redirect is refused when the address connected to is
/// loopback or link-local, whatever its name is. Proxy variables of the environment are not used.
/// `limit` bounds everything until opened(); `abort` ends any wait at once. A transfer that breaks
/// off is continued by a Range request, 5 times in a row at most. Errors: SourceNotFound,
/// CredentialsMissing, CredentialsRefused, ServerRefused, SourceForbidden, SourceEmpty,
/// HostUnknown, ConnectRefused, ConnectFailed, SourceTimeout, SourceDisconnected, UrlInvalid,
/// Aborted.
std::unique_ptr<ByteInput> open_http(const HttpOptions& options, const AbortSignal& abort,
                                     const IoLimit& limit);

}  // namespace videopush::media
