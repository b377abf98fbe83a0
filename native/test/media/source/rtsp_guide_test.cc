// RTSP servers that send a reader to another address.
#include "media/source/rtsp_guide.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "media/source/tiny_server.h"
#include "support/error_of.h"

using namespace videopush;
using test::error_of;
using tiny::Request;
using tiny::send_all;
using tiny::Server;

namespace {

std::string reply(const Request& request, const std::string& status,
                  const std::string& headers = "") {
  return "RTSP/1.0 " + status + "\r\nCSeq: " + request.headers.at("cseq") + "\r\n" + headers +
         "\r\n";
}

Server::Handler redirect(const std::string& location) {
  return [location](int fd, const Request& request) {
    return send_all(fd, reply(request, "302 Moved Temporarily", "Location: " + location + "\r\n"));
  };
}

bool accept(int fd, const Request& request) { return send_all(fd, reply(request, "200 OK")); }

media::RtspRoute route_of(const std::string& uri, bool local = true) {
  const AbortSignal never;
  const IoLimit limit(never, std::chrono::seconds(5));
  return media::find_rtsp_route(media::parse_location(uri), never, limit, local);
}

}  // namespace

TEST_CASE("an RTSP source that is not redirected keeps its address") {
  const Server server(accept);
  const media::RtspRoute route = route_of(server.url("rtsp", "/cam?x=1"));
  CHECK(route.url == server.url("rtsp", "/cam?x=1"));
  CHECK_FALSE(route.redirected);
  CHECK(route_of("rtsp://127.0.0.1:1/x").url ==
        "rtsp://127.0.0.1:1/x");  // for libavformat to judge
}

TEST_CASE("an RTSP source is followed to another server, by the address that was asked") {
  const Server target(accept);
  const std::string by_name = "rtsp://localhost:" + std::to_string(target.port()) + "/other";
  const Server server(redirect(by_name));
  const media::RtspRoute route = route_of(server.url("rtsp", "/cam"));
  CHECK(route.url == target.url("rtsp", "/other"));
  CHECK(route.redirected);
  CHECK_FALSE(route.same_server);
}

TEST_CASE("an RTSP source follows five redirects and no sixth") {
  int hops = 0;
  const Server* self = nullptr;
  const Server server([&](int fd, const Request& request) {
    return ++hops > 5 ? accept(fd, request)
                      : redirect(self->url("rtsp", "/" + std::to_string(hops)))(fd, request);
  });
  self = &server;
  CHECK(route_of(server.url("rtsp", "/cam")).url == server.url("rtsp", "/5"));
  hops = -1;
  const Error error = error_of([&] { route_of(server.url("rtsp", "/cam")); });
  CHECK(error.code() == ErrorCode::SourceForbidden);
  CHECK(error.message().find("more than 5 redirects") != std::string::npos);
}

TEST_CASE("an RTSP source's password does not follow a redirect to another server") {
  bool asked = false, leaked = false;
  const auto challenge = [&](int fd, const Request& request) {
    asked = true;
    leaked = leaked || request.headers.count("authorization") > 0;
    return send_all(fd,
                    reply(request, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n"));
  };
  const Server target(challenge);
  const Server server(redirect(target.url("rtsp", "/other")));
  const std::string uri = "rtsp://ann:s3cret@127.0.0.1:" + std::to_string(server.port()) + "/cam";
  CHECK_FALSE(route_of(uri).same_server);
  CHECK(asked);
  CHECK_FALSE(leaked);
}

TEST_CASE("a redirect that an RTSP server gives after it has seen the password is followed") {
  const Server target(accept);
  const Server server([&](int fd, const Request& request) {
    if (request.headers.count("authorization") > 0)
      return redirect(target.url("rtsp", "/other"))(fd, request);
    return send_all(fd, reply(request, "401 Unauthorized",
                              "WWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\n"));
  });
  const std::string uri = "rtsp://ann:s3cret@127.0.0.1:" + std::to_string(server.port()) + "/cam";
  CHECK(route_of(uri).url == target.url("rtsp", "/other"));
}

TEST_CASE("an RTSP redirect of a source to anything but an rtsp address is refused") {
  for (const std::string location : {"http://127.0.0.1:1/x", "file:///etc/passwd", "/etc/passwd",
                                     "rtmp://127.0.0.1/x", "rtsps://127.0.0.1/x"}) {
    CAPTURE(location);
    const Server server(redirect(location));
    const Error error = error_of([&] { route_of(server.url("rtsp", "/cam")); });
    CHECK(error.code() == ErrorCode::SourceForbidden);
    CHECK(error.message().find("not rtsp") != std::string::npos);
  }
}

TEST_CASE("an RTSP redirect of a source to a loopback address is refused") {
  const Server target(accept);
  const Server server(redirect(target.url("rtsp", "/other")));
  const Error error = error_of([&] { route_of(server.url("rtsp", "/cam"), false); });
  CHECK(error.code() == ErrorCode::SourceForbidden);
  CHECK(error.message().find("loopback") != std::string::npos);
  CHECK(target.connections() == 0);
}
