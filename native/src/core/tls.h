// Whom TLS connections trust, and what a refused certificate means to a person: the same for
// sources and outputs.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

struct AVDictionary;

namespace videopush {

/// Whom one connection trusts.
struct TlsTrust {
  /// A file of authorities (PEM) in place of the system's; "" = the one that SSL_CERT_FILE names.
  std::string ca_file = {};
  /// Nothing is verified: whoever answers gets what is sent. Each connection says so in the log.
  bool insecure_skip_verify = false;

  /// The file of authorities that replaces the system's: `ca_file`, else what the environment
  /// variable SSL_CERT_FILE names, as OpenSSL's programs take it. nullptr: the system's are
  /// trusted. CredentialsMissing: `ca_file` can't be read.
  const char* authorities() const;
};

/// Has libavformat's tls protocol check the server's chain and its name, unless `trust` says not
/// to; by itself it checks neither (libavformat/tls.h, `verify`). `target`: for messages.
void set_trust(AVDictionary** options, const TlsTrust& trust, const std::string& target);

/// Says in the log that a connection to `target` is made without verifying its certificate.
void warn_unverified(const std::string& target);

/// True when a line that libavformat logged says that the server's certificate was refused.
bool says_certificate(std::string_view line);

/// CertificateRefused. It may be renewed at any time, so it is tried again.
Error certificate_refused(const std::string& target, const std::string& reason, int averror = 0);

}  // namespace videopush
