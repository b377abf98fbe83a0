// Whom an output's TLS connection trusts.
#include <doctest/doctest.h>

#include "sinks/rtsp_support.h"
#include "support/tls_server.h"

using namespace videopush;
using namespace videopush::test;

namespace {

/// C0 and the beginning of C1: what an RTMP client says first (libavformat/rtmpproto.c).
const std::string kRtmpHandshake("\x03\0\0\0\0\x09\0\x7c\x02", 9);

Error push_error(const TlsServer& server, const std::string& host, const TlsTrust& trust = {}) {
  auto options = rtsp_options("rtmps://" + host + ":" + std::to_string(server.port()) + "/live/KEY",
                              {.user = "me", .password = "s3cret"});
  options.limits = {.connect_ms = 2'000, .response_ms = 1'000, .write_ms = 1'000};
  options.tls = trust;
  Publisher publisher(options, system_clock());
  return error_of([&] { publisher.connect(); });
}

void check_refused(const Error& error, const TlsServer& server, const std::string& reason) {
  CAPTURE(error.message());
  CHECK(error.code() == ErrorCode::CertificateRefused);
  CHECK_FALSE(is_permanent(error.code()));  // it may be renewed
  CHECK(error.message().find(reason) != std::string::npos);
  CHECK(error.action().find("SSL_CERT_FILE") != std::string::npos);
  CHECK(server.received().find(kRtmpHandshake) == std::string::npos);
}

}  // namespace

TEST_CASE("an RTMPS server whose certificate nobody vouches for gets no byte of RTMP") {
  const TlsServer server("127.0.0.1");
  check_refused(push_error(server, "127.0.0.1"), server, "verif");
}

TEST_CASE("an RTMPS server with the trusted certificate of another host gets no byte of RTMP") {
  const TlsServer server("wrong.example");
  const Trusting trusting(server.certificate());
  check_refused(push_error(server, "127.0.0.1"), server, "127.0.0.1");
}

TEST_CASE("an RTMPS server gets the push when SSL_CERT_FILE vouches for its certificate") {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    CAPTURE(std::string(host));
    const TlsServer server(host);
    const Trusting trusting(server.certificate());
    const Error error = push_error(server, host);
    CAPTURE(error.message());
    CHECK(error.code() == ErrorCode::ConnectTimeout);  // this server doesn't answer
    CHECK(server.wait_for(kRtmpHandshake));
  }
}

TEST_CASE("an RTMPS server gets the push when the output's file of authorities vouches for it") {
  const TlsServer server("localhost"), other("localhost");
  const Error error = push_error(server, "localhost", {.ca_file = server.certificate()});
  CAPTURE(error.message());
  CHECK(error.code() == ErrorCode::ConnectTimeout);  // this server doesn't answer
  CHECK(server.wait_for(kRtmpHandshake));
  const Trusting trusting(other.certificate());
  check_refused(push_error(other, "localhost", {.ca_file = server.certificate()}), other, "verif");
}

TEST_CASE("an RTMPS server gets nothing while the output's file of authorities is missing") {
  const TlsServer server("127.0.0.1");
  const Error error = push_error(server, "127.0.0.1", {.ca_file = "/nowhere/ca.crt"});
  CHECK(error.code() == ErrorCode::CredentialsMissing);
  CHECK(error.message().find("/nowhere/ca.crt") != std::string::npos);
}

TEST_CASE("an RTMPS output that may skip verification says so in the log at each connect") {
  const TlsServer server("wrong.example");
  const OwnWarnings warnings;
  for (std::size_t time = 1; time <= 2; ++time) {
    push_error(server, "127.0.0.1", {.insecure_skip_verify = true});
    REQUIRE(warnings.lines().size() == time);
    CHECK(warnings.lines().back().find("not verified (insecureSkipVerify)") != std::string::npos);
  }
  CHECK(server.wait_for(kRtmpHandshake));
}
