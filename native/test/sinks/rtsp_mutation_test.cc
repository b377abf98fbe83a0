// Sets of mutated answers against the whole handshake and a short push: a typed error or a
// working session, no crash, no wait without a bound.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "sinks/rtsp_support.h"
#include "support/count.h"

using namespace videopush;
using namespace videopush::test;

namespace {

std::string mutate(std::string text, std::mt19937& random) {
  const std::string original = text;
  const auto position = [&] { return text.empty() ? 0 : random() % text.size(); };
  for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
    switch (random() % 9) {
      case 0:
        if (!text.empty()) text[position()] = static_cast<char>(random());
        break;
      case 1:
        text.erase(position(), 1 + random() % 20);
        break;
      case 2:
        text.insert(position(), 1 + random() % 30, static_cast<char>(random()));
        break;
      case 3:
        text.resize(position());
        break;
      case 4:
        text += original;
        break;
      case 5:
        text.insert(0, std::string("$\x01\x00\x05", 4) + "noise");
        break;
      case 6:
        text.insert(position(), "$\xff");
        break;
      case 7: {
        const std::string digits = std::to_string(static_cast<int>(random()));
        const std::size_t at = text.find_first_of("0123456789", position());
        if (at != std::string::npos) text.replace(at, 1 + random() % 3, digits);
        break;
      }
      default:
        text.insert(position(), "\r\n");
        break;
    }
  }
  return text;
}

/// One handshake and three units against a server whose answers are mutated, some or all.
ErrorCode push_against_mutations(std::mt19937& random) {
  const bool all = random() % 4 == 0;
  const unsigned victim = random() % 5;
  unsigned number = 0;
  FakeRtspServer server;
  server.on("*", [&](const RtspRequestSeen& request) {
    const bool challenge = request.method == "ANNOUNCE" && request.header("Authorization").empty();
    const std::string polite =
        challenge ? FakeRtspServer::answer(request, "401 Unauthorized",
                                           "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", "
                                           "qop=\"auth\", algorithm=SHA-256\r\n")
                  : FakeRtspServer::ok(request);
    const bool mutated = all || number++ == victim;
    return Reaction{mutated ? mutate(polite, random) : polite};
  });
  auto options = rtsp_options(server.url(), {"user", "password"});
  options.limits = {.connect_ms = 1'000, .response_ms = 40, .write_ms = 1'000};
  Publisher publisher(options, system_clock());
  std::mt19937 noise(1);
  const Error error = error_of([&] {
    publisher.connect();
    for (int i = 0; i < 3; ++i) {
      publisher.send(make_unit(i, 500, noise));
      publisher.sink->on_readable();
    }
  });
  publisher.close(40 * kMillisecond);
  return error.code();
}

}  // namespace

TEST_CASE("mutated RTSP answers end in a typed error or a session, in bounded time") {
  const unsigned start = seed_or(20'261'122);
  CAPTURE(start);
  const std::set<ErrorCode> expected = {ErrorCode::Internal /* none thrown */,
                                        ErrorCode::ProtocolError,
                                        ErrorCode::ResponseTimeout,
                                        ErrorCode::ServerRefused,
                                        ErrorCode::CredentialsRefused,
                                        ErrorCode::CredentialsMissing,
                                        ErrorCode::ConnectionClosed,
                                        ErrorCode::ConnectionReset};
  std::map<ErrorCode, int> seen;
  Nanoseconds longest = 0;
  for (int round = 0; round < count(200, 2'000); ++round) {
    CAPTURE(round);
    std::mt19937 random(start + static_cast<unsigned>(round));
    const Nanoseconds begin = system_clock().now();
    const ErrorCode code = push_against_mutations(random);
    longest = std::max(longest, system_clock().now() - begin);
    REQUIRE(expected.count(code) == 1);
    seen[code] += 1;
  }
  for (const auto& [code, count] : seen) {
    const std::string name(code == ErrorCode::Internal ? "no error" : to_string(code));
    MESSAGE(name, ": ", count);
  }
  MESSAGE("longest ", longest / kMillisecond, " ms");
  CHECK(longest < 10 * kSecond);
  CHECK(seen.size() >= 4);
}
