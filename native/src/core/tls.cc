#include "core/tls.h"

extern "C" {
#include <libavutil/dict.h>
}

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/log.h"

namespace videopush {

const char* TlsTrust::authorities() const {
  if (!ca_file.empty()) {
    // The TLS libraries would go on without it, and refuse every certificate.
    if (access(ca_file.c_str(), R_OK) == 0) return ca_file.c_str();
    throw Error(ErrorCode::CredentialsMissing, ca_file + ": " + std::strerror(errno),
                "provide the file of authorities (PEM), readable for this process");
  }
  const char* file = std::getenv("SSL_CERT_FILE");
  return file != nullptr && *file != '\0' ? file : nullptr;
}

void set_trust(AVDictionary** options, const TlsTrust& trust, const std::string& target) {
  if (trust.insecure_skip_verify) {
    warn_unverified(target);
    av_dict_set(options, "tls_verify", "0", 0);
    return;
  }
  av_dict_set(options, "tls_verify", "1", 0);
  if (const char* file = trust.authorities()) av_dict_set(options, "ca_file", file, 0);
}

void warn_unverified(const std::string& target) {
  log_warning(target + ": the server's certificate is not verified (insecureSkipVerify): " +
              "whoever answers gets the stream and its credentials");
}

bool says_certificate(std::string_view line) {
  return line.find("certificate") != std::string_view::npos;
}

Error certificate_refused(const std::string& target, const std::string& reason, int averror) {
  return Error(ErrorCode::CertificateRefused,
               target + ": the server's certificate is not accepted (" + reason + ")",
               "use the host name that the certificate is for; to trust an authority of your own, "
               "name its PEM file: caSecretRef of a stream, --ca-file of the command, or the "
               "environment variable SSL_CERT_FILE",
               averror);
}

}  // namespace videopush
