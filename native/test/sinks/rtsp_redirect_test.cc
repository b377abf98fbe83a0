// RTSP servers that send a publisher to another address.
#include <doctest/doctest.h>

#include <string>

#include "sinks/rtsp_support.h"

using namespace videopush;
using namespace videopush::test;

namespace {

FakeRtspServer::Handler to(const std::string& location) {
  return [location](const RtspRequestSeen& request) {
    return Reaction{
        FakeRtspServer::answer(request, "302 Moved Temporarily", "Location: " + location + "\r\n")};
  };
}

sinks::SinkOptions following(const FakeRtspServer& server, sinks::Credentials credentials = {}) {
  sinks::SinkOptions options = rtsp_options(server.url(), credentials);
  options.local_redirects = true;
  return options;
}

Error refusal(const std::string& location) {
  FakeRtspServer server;
  server.on("OPTIONS", to(location));
  Publisher publisher(following(server), system_clock());
  return error_of([&] { publisher.connect(); });
}

std::string authorizations(const FakeRtspServer& server) {
  std::string all;
  for (const RtspRequestSeen& request : server.requests()) all += request.header("Authorization");
  return all;
}

FakeRtspServer::Handler challenge() {
  return [](const RtspRequestSeen& request) {
    if (!request.header("Authorization").empty()) return Reaction{FakeRtspServer::ok(request)};
    return Reaction{FakeRtspServer::answer(request, "401 Unauthorized",
                                           "WWW-Authenticate: Basic realm=\"x\"\r\n")};
  };
}

}  // namespace

TEST_CASE("a publisher follows an RTSP redirect of any request, and publishes where it leads") {
  for (const char* method : {"OPTIONS", "ANNOUNCE", "SETUP"}) {
    CAPTURE(method);
    FakeRtspServer target, server;
    server.on(method, to("rtsp://127.0.0.1:" + std::to_string(target.port()) + "/other/path"));
    Publisher publisher(following(server), system_clock());
    publisher.connect();
    publisher.close(kSecond);
    CHECK(target.wait_for_request("TEARDOWN"));
    for (const RtspRequestSeen& request : target.requests())
      CHECK(request.uri.find("/other/path") != std::string::npos);
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("each connection of a publisher begins at the address that it was given") {
  FakeRtspServer target, server;
  server.on("OPTIONS", to(target.url()));
  Publisher publisher(following(server), system_clock());
  publisher.connect();
  publisher.sink->drop();
  publisher.connect();
  CHECK(server.connections() == 2);
  CHECK(target.connections() == 2);
}

TEST_CASE("a publisher follows five RTSP redirects and no sixth") {
  FakeRtspServer server;
  int hops = 0;
  server.on("OPTIONS", [&](const RtspRequestSeen& request) {
    return ++hops > 5 ? Reaction{FakeRtspServer::ok(request)} : to(server.url())(request);
  });
  Publisher publisher(following(server), system_clock());
  publisher.connect();
  CHECK(server.connections() == 6);
  hops = -1;
  const Error error = error_of([&] { publisher.connect(); });
  CHECK(error.code() == ErrorCode::ServerRefused);
  CHECK(error.message().find("more than 5 times") != std::string::npos);
}

TEST_CASE("a publisher's password does not follow an RTSP redirect to another server") {
  FakeRtspServer target, server;
  server.on("OPTIONS", to(target.url()));
  target.on("OPTIONS", challenge());
  Publisher publisher(following(server, {"me", "s3cret"}), system_clock());
  CHECK(error_of([&] { publisher.connect(); }).code() == ErrorCode::CredentialsMissing);
  CHECK(authorizations(target) == "");
}

TEST_CASE("a publisher's password follows an RTSP redirect within its server") {
  FakeRtspServer server;
  bool moved = false;
  server.on("OPTIONS", [&](const RtspRequestSeen& request) {
    if (moved) return challenge()(request);
    moved = true;
    return to(server.url() + "/2")(request);
  });
  Publisher publisher(following(server, {"me", "s3cret"}), system_clock());
  publisher.connect();
  CHECK(authorizations(server).find("Basic") != std::string::npos);
}

TEST_CASE("an RTSP redirect of a publisher to anything but an rtsp address is refused") {
  for (const std::string location :
       {"http://127.0.0.1:1/x", "file:///etc/passwd", "rtmp://127.0.0.1/x", "/relative", "",
        "rtsp://ann:pass@127.0.0.1:1/x", "rtsp://:1/x"}) {
    CAPTURE(location);
    const Error error = refusal(location);
    CHECK(error.code() == ErrorCode::ServerRefused);
    CHECK(error.message().find("redirects (302") != std::string::npos);
    CHECK(error.message().find("pass") == std::string::npos);
  }
}

TEST_CASE("an RTSP redirect of a publisher to a loopback address is refused") {
  FakeRtspServer target, server;
  server.on("OPTIONS", to(target.url()));
  Publisher publisher(rtsp_options(server.url()), system_clock());
  const Error error = error_of([&] { publisher.connect(); });
  CHECK(error.code() == ErrorCode::ServerRefused);
  CHECK(error.message().find("loopback") != std::string::npos);
  CHECK(target.connections() == 0);
}
