#include "core/tls.h"

extern "C" {
#include <libavutil/dict.h>
}

#include <cstdlib>

namespace videopush {

const char* trusted_certificates() {
  const char* file = std::getenv("SSL_CERT_FILE");
  return file != nullptr && *file != '\0' ? file : nullptr;
}

void verify_certificates(AVDictionary** options) {
  av_dict_set(options, "tls_verify", "1", 0);
  if (const char* file = trusted_certificates()) av_dict_set(options, "ca_file", file, 0);
}

bool says_certificate(std::string_view line) {
  return line.find("certificate") != std::string_view::npos;
}

Error certificate_refused(const std::string& target, const std::string& reason, int averror) {
  return Error(ErrorCode::CertificateRefused,
               target + ": the server's certificate is not accepted (" + reason + ")",
               "use the host name that the certificate is for; to trust an authority of your own, "
               "name its PEM file in the environment variable SSL_CERT_FILE",
               averror);
}

}  // namespace videopush
