// Whom TLS connections trust, and what a refused certificate means to a person: the same for
// sources and outputs.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

struct AVDictionary;

namespace videopush {

/// The file of authorities (PEM) that the environment variable SSL_CERT_FILE names, as OpenSSL's
/// programs take it; they replace the system's. nullptr when it is unset: the system's are trusted.
const char* trusted_certificates();

/// Makes libavformat's tls protocol check the server's chain and its name; by itself it checks
/// neither (libavformat/tls.h, `verify`).
void verify_certificates(AVDictionary** options);

/// True when a line that libavformat logged says that the server's certificate was refused.
bool says_certificate(std::string_view line);

/// CertificateRefused. It may be renewed at any time, so it is tried again.
Error certificate_refused(const std::string& target, const std::string& reason, int averror = 0);

}  // namespace videopush
