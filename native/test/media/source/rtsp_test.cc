#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "core/error.h"
#include "media/source/source.h"
#include "media/source/tiny_server.h"

using namespace videopush;
using media::SourceOptions;
using tiny::Request;
using tiny::send_all;
using tiny::Server;

namespace {

const AbortSignal never;

std::optional<Error> open_error(const std::string& url, const AbortSignal& abort = never,
                                std::int64_t limit_ms = 5'000) {
  SourceOptions options;
  options.uri = url;
  options.open_timeout_ms = limit_ms;
  try {
    media::open_source(options, {1}, abort);
  } catch (const Error& error) {
    return error;
  }
  return {};
}

std::string reply(const Request& request, const std::string& status,
                  const std::string& headers = "") {
  return "RTSP/1.0 " + status + "\r\nCSeq: " + request.headers.at("cseq") + "\r\n" + headers +
         "\r\n";
}

ErrorCode answered(const std::string& status, const std::string& headers = "") {
  const Server server([&](int fd, const Request& request) {
    const bool describe = request.line.rfind("DESCRIBE", 0) == 0;
    return send_all(fd, describe ? reply(request, status, headers)
                                 : reply(request, "200 OK", "Public: DESCRIBE, SETUP, PLAY\r\n"));
  });
  const auto error = open_error(server.url("rtsp", "/cam"));
  REQUIRE(error);
  return error->code();
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("an answer of an RTSP server becomes the error of that name") {
  CHECK(answered("404 Not Found") == ErrorCode::SourceNotFound);
  CHECK(answered("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n") ==
        ErrorCode::CredentialsMissing);
  CHECK(answered("403 Forbidden") == ErrorCode::CredentialsMissing);
  CHECK(answered("500 Oops") == ErrorCode::ServerRefused);
  CHECK(answered("454 Session Not Found") == ErrorCode::ServerRefused);
}

TEST_CASE("an RTSP redirect to loopback is not followed, and no other connection is made") {
  const Server target([](int, const Request&) { return false; });
  for (const std::string method : {"OPTIONS", "DESCRIBE"}) {
    CAPTURE(method);
    const Server server([&](int fd, const Request& request) {
      const bool redirect = request.line.rfind(method, 0) == 0;
      return send_all(fd, redirect ? reply(request, "302 Moved",
                                           "Location: " + target.url("rtsp", "/x") + "\r\n")
                                   : reply(request, "200 OK", "Public: DESCRIBE\r\n"));
    });
    const auto error = open_error(server.url("rtsp", "/cam"));
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::SourceForbidden);
    CHECK(server.connections() <= 2);
  }
  CHECK(target.connections() == 0);
}

TEST_CASE("an RTSP server whose description is endless is not read to its end") {
  const std::string sdp = "Content-Type: application/sdp\r\nContent-Length: ";
  for (const std::string length : {"2000000000", "99999999999999999999"}) {
    CAPTURE(length);
    CHECK(answered("200 OK", sdp + length + "\r\n") == ErrorCode::ProtocolError);
  }
  CHECK(answered("200 OK", "X: " + std::string(70'000, 'x') + "\r\n") == ErrorCode::ProtocolError);
}

TEST_CASE("an RTSP server that announces nothing, or nonsense, is refused") {
  for (const std::string body : {"", "v=0\r\n", "garbage", "v=0\r\nm=audio 0 RTP/AVP 0\r\n"}) {
    CAPTURE(body);
    const Server server([&](int fd, const Request& request) {
      if (request.line.rfind("DESCRIBE", 0) != 0) {
        return send_all(fd, reply(request, "200 OK",
                                  "Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n"));
      }
      send_all(fd, reply(request, "200 OK",
                         "Content-Type: application/sdp\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n") +
                       body);
      return true;
    });
    CHECK(open_error(server.url("rtsp", "/cam"), never, 500));
  }
}

TEST_CASE("an RTSP server that does not answer is reported within the limit") {
  CHECK(open_error("rtsp://127.0.0.1:1/cam")->code() == ErrorCode::ConnectRefused);
  CHECK(open_error("rtmp://127.0.0.1:1/live/cam")->code() == ErrorCode::ConnectRefused);
  CHECK(open_error("rtsp://no-such-host.invalid/cam")->code() == ErrorCode::HostUnknown);
  const Server silent([](int fd, const Request&) {
    tiny::wait_for_close(fd);
    return false;
  });
  for (const std::string scheme : {"rtsp", "rtmp"}) {
    CAPTURE(scheme);
    const auto start = std::chrono::steady_clock::now();
    const auto error = open_error(silent.url(scheme, "/live/cam"), never, 300);
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::SourceTimeout);
    CHECK(seconds_since(start) < 4);
  }
}

TEST_CASE("an abort ends a wait for a silent server of any kind at once") {
  for (const std::string scheme : {"http", "rtsp", "rtmp"}) {
    CAPTURE(scheme);
    Server silent([](int fd, const Request&) {
      tiny::wait_for_close(fd);
      return false;
    });
    AbortSignal abort;
    std::chrono::steady_clock::time_point asked;
    std::thread stopper([&] {
      silent.wait_for_connection();
      asked = std::chrono::steady_clock::now();
      abort.abort();
    });
    const auto error = open_error(silent.url(scheme, "/live/cam"), abort, 60'000);
    stopper.join();
    const double waited = seconds_since(asked);
    MESSAGE(scheme << ": abort took " << waited * 1000 << " ms");
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::Aborted);
    CHECK(waited < 0.06);
  }
}
