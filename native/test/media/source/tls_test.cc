// Whom a source's TLS connection trusts.
#include <doctest/doctest.h>

#include "media/source/source.h"
#include "support/error_of.h"
#include "support/tls_server.h"

using namespace videopush;
using namespace videopush::test;

namespace {

struct Kind {
  const char* scheme;
  std::string first;  // what the client says when it trusts the server
};

const Kind kKinds[] = {{"rtmps", std::string("\x03\0\0\0\0\x09\0\x7c\x02", 9)},
                       {"https", "GET /x"}};

Error open_error(const TlsServer& server, const Kind& kind, const std::string& host) {
  media::SourceOptions options;
  options.uri =
      std::string(kind.scheme) + "://" + host + ":" + std::to_string(server.port()) + "/x/y";
  options.open_timeout_ms = options.read_timeout_ms = 1'500;
  const AbortSignal never;
  return error_of([&] { media::open_source(options, {1}, never); });
}

void check_refused(const Error& error, const TlsServer& server, const Kind& kind) {
  CAPTURE(std::string(kind.scheme));
  CAPTURE(error.message());
  CHECK(error.code() == ErrorCode::CertificateRefused);
  CHECK(error.action().find("SSL_CERT_FILE") != std::string::npos);
  CHECK(server.received().find(kind.first) == std::string::npos);
}

}  // namespace

TEST_CASE("a source behind a certificate that nobody vouches for is not asked for anything") {
  const TlsServer server("127.0.0.1");
  for (const Kind& kind : kKinds)
    check_refused(open_error(server, kind, "127.0.0.1"), server, kind);
}

TEST_CASE("a source behind the trusted certificate of another host is not asked for anything") {
  const TlsServer server("wrong.example");
  const Trusting trusting(server.certificate());
  for (const Kind& kind : kKinds)
    check_refused(open_error(server, kind, "127.0.0.1"), server, kind);
}

TEST_CASE("a source whose certificate SSL_CERT_FILE vouches for is asked") {
  for (const Kind& kind : kKinds) {
    CAPTURE(std::string(kind.scheme));
    const TlsServer server("localhost");
    const Trusting trusting(server.certificate());
    const Error error = open_error(server, kind, "localhost");
    CAPTURE(error.message());
    CHECK(error.code() == ErrorCode::SourceTimeout);  // this server doesn't answer
    CHECK(server.wait_for(kind.first));
  }
}
