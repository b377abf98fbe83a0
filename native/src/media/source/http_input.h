// A resource on a web server as a source of bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/abort.h"
#include "core/tls.h"
#include "media/source/byte_input.h"

namespace videopush::media {

struct HttpOptions {
  std::string url;                   // http(s), without user-info
  std::string shown;                 // for messages
  std::string user, password;        // "" = none; sent to the first server only
  std::int64_t silence_ms = 10'000;  // once opened() was called: the longest wait for a byte
  TlsTrust tls = {};
  bool local_redirects = false;  // lift the rule on redirect targets; for tests of the rest
};

/// A resource on a web server: connected, redirects followed and status checked on return.
/// At most 5 redirects, http and https only. A redirect is refused when the address connected to is
/// loopback or link-local, whatever its name is, unless the same host and port was asked first and
/// is all that was connected to. Proxy variables of the environment are not used.
/// `limit` bounds everything until opened(); `abort` ends any wait at once. A transfer that breaks
/// off is continued by a Range request, 5 times in a row at most. Errors: SourceNotFound,
/// CredentialsMissing, CredentialsRefused, ServerRefused, SourceForbidden, SourceEmpty,
/// HostUnknown, ConnectRefused, ConnectFailed, SourceTimeout, SourceDisconnected, UrlInvalid,
/// Aborted.
std::unique_ptr<ByteInput> open_http(const HttpOptions& options, const AbortSignal& abort,
                                     const IoLimit& limit);

}  // namespace videopush::media
