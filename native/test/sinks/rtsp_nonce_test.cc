// RTSP servers that give another nonce for every request.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

#include "sinks/rtsp_support.h"

using namespace videopush;
using namespace videopush::test;

TEST_CASE("a nonce that is good for one request only is replaced, also if nobody calls it stale") {
  const std::string methods[] = {"OPTIONS", "ANNOUNCE", "SETUP", "RECORD"};
  for (const std::string password : {"right", "wrong"}) {
    CAPTURE(password);
    int given = 0;
    std::map<std::string, int> challenges;  // by method
    FakeRtspServer server;
    for (const std::string& method : methods) {
      server.on(method, [&](const RtspRequestSeen& request) {
        const std::string fresh = "nonce=\"n" + std::to_string(given) + "\"";
        const bool known = request.header("Authorization").find(fresh) != std::string::npos;
        ++given;
        if (known && password == "right") {
          std::string more;
          if (request.method == "SETUP") {
            more = "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
          }
          return Reaction{FakeRtspServer::answer(request, "200 OK", more)};
        }
        ++challenges[request.method];
        return Reaction{FakeRtspServer::answer(
            request, "401 Unauthorized",
            "WWW-Authenticate: Digest realm=\"x\", nonce=\"n" + std::to_string(given) + "\"\r\n")};
      });
    }
    Publisher publisher(rtsp_options(server.url(), {"user", password}), system_clock());
    if (password == "right") {
      publisher.connect();
      for (const std::string& method : methods) CHECK(challenges[method] == 1);
      publisher.close(kSecond);
    } else {
      CHECK(error_of([&] { publisher.connect(); }).code() == ErrorCode::CredentialsRefused);
      CHECK(challenges["OPTIONS"] == 2);
    }
  }
}
