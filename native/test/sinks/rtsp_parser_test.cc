#include "sinks/rtsp_parser.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "core/error.h"
#include "support/count.h"

using namespace videopush;
using sinks::RtspMessage;
using sinks::RtspParser;

namespace {

std::span<const std::uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Everything that comes out of `text`, fed in pieces of `piece` bytes.
std::vector<RtspMessage> parse(const std::string& text, std::size_t piece = SIZE_MAX) {
  RtspParser parser;
  std::vector<RtspMessage> out;
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size())) {
    parser.feed(bytes(text.substr(at, piece)));
    while (auto message = parser.next()) out.push_back(std::move(*message));
  }
  return out;
}

ErrorCode code_of(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::Internal;  // no error
}

const std::string kResponse =
    "RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession:  12;timeout=55 \r\nContent-Length: 4\r\n\r\nbody";
const std::string kRequest = "OPTIONS rtsp://h/p RTSP/1.0\r\ncseq: 9\r\n\r\n";

}  // namespace

TEST_CASE("a response is read with its status, headers and body") {
  const auto messages = parse(kResponse);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].is_response());
  CHECK(messages[0].status_line() == "200 OK");
  CHECK(messages[0].header("session") == "12;timeout=55");
  CHECK(messages[0].header("absent") == std::nullopt);
  CHECK(messages[0].cseq() == 3);
  CHECK(messages[0].body == "body");
}

TEST_CASE("a request of the server's is read") {
  const auto messages = parse(kRequest);
  REQUIRE(messages.size() == 1);
  CHECK_FALSE(messages[0].is_response());
  CHECK(messages[0].method == "OPTIONS");
  CHECK(messages[0].uri == "rtsp://h/p");
  CHECK(messages[0].cseq() == 9);
}

TEST_CASE("messages and interleaved data are distinguished however the bytes are cut") {
  std::string frame = "$";
  frame += '\1';
  frame += '\0';
  frame += '\6';
  frame += "$RTSP\n";
  const std::string stream =
      frame + kResponse + "\r\n" + frame + frame + kRequest + frame + kResponse;
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    const auto messages = parse(stream, piece);
    REQUIRE(messages.size() == 3);
    CHECK(messages[0].body == "body");
    CHECK(messages[1].method == "OPTIONS");
    CHECK(messages[2].status == 200);
  }
}

TEST_CASE("bare line feeds, folded headers and empty reasons are tolerated") {
  const auto messages = parse("RTSP/1.0 404\nCSeq: 1\nPublic: A,\n  B\n\n");
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].status == 404);
  CHECK(messages[0].header("Public") == "A, B");
}

TEST_CASE("bytes that are no RTSP are a protocol error at once") {
  for (const std::string& text : {
           std::string("HTTP/1.1 400 Bad Request\r\n"),
           std::string("RTSP/2.0 200 OK\r\n"),
           std::string("RTSP/1.0 20 OK\r\n"),
           std::string("RTSP/1.0 2000 OK\r\n"),
           std::string("RTSP/1.0\r\n"),
           std::string("RTSP/1.0 999 Odd\r\n"),
           std::string("RTSP/1.0 -20 No\r\n"),
           std::string("GET\r\n"),
           std::string("\x16\x03\x01\x02"),
           std::string("hello"),
           std::string("A B\r\n"),
           std::string("RTSP/1.0 200 OK\r\nno colon\r\n"),
           std::string("RTSP/1.0 200 OK\r\n: empty\r\n"),
           std::string("RTSP/1.0 200 OK\r\n folded: first\r\n"),
           std::string("RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n"),
           std::string("RTSP/1.0 200 OK\r\nContent-Length: 1x\r\n\r\n"),
           std::string("RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
           std::string("RTSP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"),
       }) {
    CAPTURE(text);
    CHECK(code_of(text) == ErrorCode::ProtocolError);
  }
}

TEST_CASE("lines, headers, their number and bodies are refused beyond their limits of size") {
  const std::string start = "RTSP/1.0 200 OK\r\n";
  std::string many = start, large = start;
  for (int i = 0; i < 65; ++i) many += "A: b\r\n";
  for (int i = 0; i < 5; ++i) large += "A: " + std::string(4'000, 'x') + "\r\n";
  CHECK(code_of(many) == ErrorCode::ProtocolError);
  CHECK(code_of(large) == ErrorCode::ProtocolError);
  CHECK(code_of(start + "A: " + std::string(4'097, 'x')) == ErrorCode::ProtocolError);
  CHECK(code_of(start + "Content-Length: 65537\r\n\r\n") == ErrorCode::ProtocolError);
  CHECK(parse(start + "Content-Length: 65536\r\n\r\n" + std::string(65'536, 'x')).size() == 1);
}

TEST_CASE("a message whose CSeq is not usable has none") {
  for (const char* value : {"", "x", "-1", "4294967296", "1 2"}) {
    const auto messages = parse("RTSP/1.0 200 OK\r\nCSeq: " + std::string(value) + "\r\n\r\n");
    REQUIRE(messages.size() == 1);
    CHECK_FALSE(messages[0].cseq().has_value());
  }
}

TEST_CASE("a mutated stream ends in messages, in a wait for more, or in a protocol error") {
  const unsigned start = test::seed_or(71'131);
  CAPTURE(start);
  std::mt19937 random(start);
  const std::string original = kResponse + kRequest + std::string("$\0\0\3abc", 7) + kResponse;
  const int rounds = test::count(200, 20'000);
  int errors = 0, messages = 0;
  for (int round = 0; round < rounds; ++round) {
    std::string text = original;
    for (unsigned edits = 1 + random() % 4; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 5);
          break;
        case 2:
          text.insert(at, 1 + random() % 5, static_cast<char>(random()));
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 40));
          break;
      }
    }
    try {
      messages += static_cast<int>(parse(text, 1 + random() % 64).size());
    } catch (const Error& error) {
      REQUIRE(error.code() == ErrorCode::ProtocolError);
      ++errors;
    }
  }
  MESSAGE(errors, " errors and ", messages, " messages in ", rounds, " streams");
  CHECK(errors > rounds / 20);
  CHECK(messages > rounds / 4);
}
