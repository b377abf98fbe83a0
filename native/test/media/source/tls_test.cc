// Whom a source's TLS connection trusts.
#include <doctest/doctest.h>

#include "media/source/source.h"
#include "media/source/tiny_server.h"
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

Error open_error(const TlsServer& server, const Kind& kind, const std::string& host,
                 const TlsTrust& trust = {}) {
  media::SourceOptions options;
  options.uri =
      std::string(kind.scheme) + "://" + host + ":" + std::to_string(server.port()) + "/x/y";
  options.tls = trust;
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

TEST_CASE("a source whose certificate its own file of authorities vouches for is asked") {
  for (const Kind& kind : kKinds) {
    CAPTURE(std::string(kind.scheme));
    const TlsServer server("localhost");
    const Error error = open_error(server, kind, "localhost", {.ca_file = server.certificate()});
    CAPTURE(error.message());
    CHECK(error.code() == ErrorCode::SourceTimeout);  // this server doesn't answer
    CHECK(server.wait_for(kind.first));
  }
}

TEST_CASE("a source's own file of authorities replaces the one of the environment") {
  const TlsServer server("127.0.0.1"), other("127.0.0.1");
  const Trusting trusting(server.certificate());
  for (const Kind& kind : kKinds) {
    const Error error = open_error(server, kind, "127.0.0.1", {.ca_file = other.certificate()});
    check_refused(error, server, kind);
  }
}

TEST_CASE("a source's file of authorities that does not exist is reported by its name") {
  const TlsServer server("127.0.0.1");
  for (const Kind& kind : kKinds) {
    const Error error = open_error(server, kind, "127.0.0.1", {.ca_file = "/nowhere/ca.crt"});
    CHECK(error.code() == ErrorCode::CredentialsMissing);
    CHECK(error.message().find("/nowhere/ca.crt") != std::string::npos);
    CHECK(server.received().find(kind.first) == std::string::npos);
  }
}

TEST_CASE("a source that may skip verification is asked, and the log says so each time") {
  const TlsServer server("wrong.example");
  for (const Kind& kind : kKinds) {
    CAPTURE(std::string(kind.scheme));
    const OwnWarnings warnings;
    for (std::size_t time = 1; time <= 2; ++time) {
      open_error(server, kind, "127.0.0.1", {.insecure_skip_verify = true});
      REQUIRE(warnings.lines().size() == time);
      CHECK(warnings.lines().back().find("not verified (insecureSkipVerify)") != std::string::npos);
    }
    CHECK(server.wait_for(kind.first));
  }
}

TEST_CASE("a redirect from https to http is refused, and nothing is asked for there") {
  const TlsServer server("127.0.0.1", "-HTTP");
  const tiny::Server target([](int, const tiny::Request&) { return false; });
  server.redirect("/x/y", target.url("http", "/clip.mp4"));
  const Error error = open_error(server, kKinds[1], "127.0.0.1", {.ca_file = server.certificate()});
  CAPTURE(error.message());
  CHECK(error.code() == ErrorCode::SourceForbidden);
  CHECK(error.message().find("from https to http") != std::string::npos);
  CHECK(target.connections() == 0);
}
