// A server that lies, stalls, closes or talks nonsense: a named error, in bounded time, and the
// next connection works.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "sinks/rtsp_support.h"
#include "sinks/tcp_socket.h"

using namespace videopush;
using namespace videopush::test;
using Then = Reaction::Then;

namespace {

constexpr std::int64_t kLimitMs = 300;  // of each step where a test waits for the limit
constexpr Nanoseconds kSoon = 10 * kLimitMs * kMillisecond;

sinks::SinkOptions impatient(const std::string& url, sinks::Credentials credentials = {}) {
  auto options = rtsp_options(url, std::move(credentials));
  options.limits = {.connect_ms = kLimitMs, .response_ms = kLimitMs, .write_ms = kLimitMs};
  return options;
}

/// A listening socket whose connections nobody accepts; its port is free again when it goes.
struct Listener {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int port = 0;
  explicit Listener(int backlog) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    if (backlog >= 0) REQUIRE(listen(fd, backlog) == 0);
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~Listener() { close(fd); }
  std::string url() const { return "rtsp://127.0.0.1:" + std::to_string(port) + "/x"; }
};

/// How connecting ends, and that it ends soon.
Error connect_error(const sinks::SinkOptions& options) {
  Publisher publisher(options, system_clock());
  const Nanoseconds begin = system_clock().now();
  Error error = error_of([&] { publisher.connect(); });
  CHECK(system_clock().now() - begin < kSoon);
  return error;
}

/// The same for a server that reacts to one method in its own way.
Error connect_error(const std::string& method, const FakeRtspServer::Handler& handler,
                    sinks::Credentials credentials = {}) {
  FakeRtspServer server;
  server.on(method, handler);
  return connect_error(rtsp_options(server.url(), std::move(credentials)));
}

FakeRtspServer::Handler always(const Reaction& reaction) {
  return [reaction](const RtspRequestSeen&) { return reaction; };
}

FakeRtspServer::Handler status(const std::string& line, const std::string& more = "") {
  return [=](const RtspRequestSeen& request) {
    return Reaction{FakeRtspServer::answer(request, line, more)};
  };
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* kMethods[] = {"OPTIONS", "ANNOUNCE", "SETUP", "RECORD"};

}  // namespace

TEST_CASE("a push to an absent RTSP server fails with ConnectRefused") {
  Listener bound(-1);  // holds the port, listens to nothing
  CHECK(connect_error(impatient(bound.url())).code() == ErrorCode::ConnectRefused);
}

TEST_CASE("a push to an unknown name fails with HostUnknown") {
  // A label of 64 letters: no name server needs to be asked.
  const std::string name(64, 'x');
  const Error error = connect_error(rtsp_options("rtsp://" + name + ".invalid/x"));
  CHECK(error.code() == ErrorCode::HostUnknown);
  CHECK(contains(error.message(), name));
}

TEST_CASE("a push to an address that drops all packets fails with ConnectTimeout at the limit") {
  Listener full(0);
  // A full accept queue makes the kernel drop what comes, as a black hole does.
  std::vector<int> waiting;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(full.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ::connect(waiting.back(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  CHECK(connect_error(impatient(full.url())).code() == ErrorCode::ConnectTimeout);
  for (const int fd : waiting) close(fd);
}

TEST_CASE("a server that accepts and says nothing is reported as ResponseTimeout at each step") {
  Listener silent(8);
  CHECK(connect_error(impatient(silent.url())).code() == ErrorCode::ResponseTimeout);
  for (const char* method : kMethods) {
    CAPTURE(method);
    FakeRtspServer server;
    server.on(method, always(Reaction{}));
    const Error error = connect_error(impatient(server.url()));
    CHECK(error.code() == ErrorCode::ResponseTimeout);
    CHECK(contains(error.message(), method));
  }
}

TEST_CASE(
    "a server that talks without end but never answers is reported as ResponseTimeout all the "
    "same") {
  for (const char* method : kMethods) {
    CAPTURE(method);
    FakeRtspServer server;
    server.on(method, [&](const RtspRequestSeen& request) {
      std::string bytes;
      for (int i = 0; i < 2'000; ++i) bytes += "$" + std::string("\x01\x00\x01x", 4);
      return Reaction{bytes + FakeRtspServer::answer(request, "100 Continue")};
    });
    CHECK(connect_error(impatient(server.url())).code() == ErrorCode::ResponseTimeout);
  }
}

TEST_CASE("a server that closes the connection is reported as ConnectionClosed at each step") {
  for (const char* method : kMethods) {
    CAPTURE(method);
    CHECK(connect_error(method, always({"", Then::Close})).code() == ErrorCode::ConnectionClosed);
    CHECK(connect_error(method, always({"RTSP/1.0 200 OK\r\nCSe", Then::Close})).code() ==
          ErrorCode::ConnectionClosed);
  }
}

TEST_CASE("a server that resets the connection is reported as ConnectionReset at each step") {
  for (const char* method : kMethods) {
    CAPTURE(method);
    CHECK(connect_error(method, always({"", Then::Reset})).code() == ErrorCode::ConnectionReset);
  }
}

TEST_CASE("a server that answers garbage is reported as ProtocolError at each step") {
  for (const char* method : kMethods) {
    for (const std::string& garbage :
         {std::string("hello\r\n"), std::string("HTTP/1.1 400 Bad Request\r\n\r\n"),
          std::string("\x16\x03\x03\x00\x01"), std::string(5'000, 'A'), std::string("\0\0\0\0", 4),
          std::string("RTSP/1.0 200 OK\r\nA: " + std::string(20'000, 'x')),
          std::string("RTSP/1.0 200 OK\r\nContent-Length: 1000000000\r\n\r\n")}) {
      CAPTURE(method);
      CAPTURE(garbage.substr(0, 40));
      CHECK(connect_error(method, always({garbage})).code() == ErrorCode::ProtocolError);
    }
  }
}

TEST_CASE("answers that do not fit their requests are reported as ProtocolError") {
  CHECK(connect_error("OPTIONS", always({"RTSP/1.0 200 OK\r\n\r\n"})).code() ==
        ErrorCode::ProtocolError);
  CHECK(connect_error("OPTIONS", always({"RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n"})).code() ==
        ErrorCode::ProtocolError);
  const auto setup = [](const std::string& headers) {
    return connect_error("SETUP", status("200 OK", headers)).code();
  };
  CHECK(setup("Transport: RTP/AVP/TCP;interleaved=0-1\r\n") ==
        ErrorCode::ProtocolError);                             // no session
  CHECK(setup("Session: 1\r\n") == ErrorCode::ProtocolError);  // no transport
  CHECK(setup("Session: 1\r\nTransport: RTP/AVP;unicast;client_port=1-2\r\n") ==
        ErrorCode::ProtocolError);
  CHECK(setup("Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=300-301\r\n") ==
        ErrorCode::ProtocolError);
  CHECK(setup("Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=x\r\n") ==
        ErrorCode::ProtocolError);
}

TEST_CASE("a refusal is reported with the server's words, and so is a redirect to nowhere") {
  for (const char* method : kMethods) {
    CAPTURE(method);
    const Error error = connect_error(method, status("455 Method Not Valid in This State"));
    CHECK(error.code() == ErrorCode::ServerRefused);
    CHECK(contains(error.message(), method));
    CHECK(contains(error.message(), "455 Method Not Valid in This State"));
  }
  const Error busy = connect_error("RECORD", status("400 Bad Request"));
  CHECK(busy.code() == ErrorCode::ServerRefused);
  const Error moved =
      connect_error("ANNOUNCE", status("302 Found", "Location: http://elsewhere/x\r\n"));
  CHECK(moved.code() == ErrorCode::ServerRefused);
  CHECK(contains(moved.message(), "redirect"));
  CHECK(connect_error("ANNOUNCE", always({"REDIRECT * RTSP/1.0\r\nCSeq: 1\r\n\r\n"})).code() ==
        ErrorCode::ServerRefused);
}

TEST_CASE(
    "a server that asks for a password gives CredentialsMissing without one, CredentialsRefused "
    "with a wrong one") {
  const auto unauthorized = status("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n");
  for (const char* method : kMethods) {
    CAPTURE(method);
    CHECK(connect_error(method, unauthorized).code() == ErrorCode::CredentialsMissing);
    CHECK(connect_error(method, unauthorized, {"user", "wrong"}).code() ==
          ErrorCode::CredentialsRefused);
  }
  // MediaMTX names no challenge when it refuses for good.
  const auto then_silent = [](const RtspRequestSeen& request) {
    const bool first = request.header("Authorization").empty();
    return Reaction{FakeRtspServer::answer(request, "401 Unauthorized",
                                           first ? "WWW-Authenticate: Basic realm=\"x\"\r\n" : "")};
  };
  CHECK(connect_error("ANNOUNCE", then_silent, {"user", "wrong"}).code() ==
        ErrorCode::CredentialsRefused);
  const Error unknown = connect_error(
      "ANNOUNCE", status("401 Unauthorized", "WWW-Authenticate: Bearer\r\n"), {"user", "p"});
  CHECK(unknown.code() == ErrorCode::ServerRefused);
  CHECK(contains(unknown.message(), "Bearer"));
}

TEST_CASE("a stale nonce is replaced, but not for ever") {
  int asked = 0;
  const auto stale_for = [&asked](int times) {
    asked = 0;
    return [&asked, times](const RtspRequestSeen& request) {
      if (asked++ >= times) return Reaction{FakeRtspServer::ok(request)};
      return Reaction{FakeRtspServer::answer(request, "401 Unauthorized",
                                             "WWW-Authenticate: Digest realm=\"x\", nonce=\"n" +
                                                 std::to_string(asked) + "\", qop=\"auth\"" +
                                                 (asked > 1 ? ", stale=true" : "") + "\r\n")};
    };
  };
  FakeRtspServer server;
  server.on("ANNOUNCE", stale_for(3));
  Publisher publisher(rtsp_options(server.url(), {"user", "right"}), system_clock());
  publisher.connect();
  publisher.close(kSecond);
  REQUIRE(server.wait_for_end());
  CHECK(contains(server.requests().back().header("Authorization"), "nonce=\"n3\""));
  CHECK(contains(server.requests().back().header("Authorization"), "uri=\"" + server.url() + "\""));
  CHECK(connect_error("ANNOUNCE", stale_for(1'000), {"user", "right"}).code() ==
        ErrorCode::CredentialsRefused);
}

TEST_CASE(
    "credentials are asked for at every connection, and their absence is the caller's error to "
    "name") {
  FakeRtspServer server;
  auto options = rtsp_options(server.url());
  int asked = 0;
  options.credentials = [&]() -> sinks::Credentials {
    if (++asked == 1) throw Error(ErrorCode::CredentialsMissing, "the file does not exist yet");
    return {};
  };
  Publisher publisher(options, system_clock());
  CHECK(error_of([&] { publisher.connect(); }).code() == ErrorCode::CredentialsMissing);
  publisher.connect();
  CHECK(asked == 2);
}

TEST_CASE("a server that ends the session midway is reported with what it did by the next call") {
  const auto after = [](const std::function<void(FakeRtspServer&)>& fault) {
    FakeRtspServer server;
    Publisher publisher(rtsp_options(server.url()), system_clock());
    publisher.connect();
    std::mt19937 random(1);
    publisher.send(make_unit(0, 1'000, random));
    REQUIRE(server.wait_for_frames(2));
    fault(server);
    const WaitOn readable{.socket_fd = publisher.sink->fd()};
    REQUIRE(system_clock().wait_until(system_clock().now() + 10 * kSecond, readable) ==
            WakeReason::Readable);
    Error error = error_of([&] { publisher.sink->on_readable(); });
    CHECK(error_of([&] { publisher.send(make_unit(1, 10, random)); }).code() ==
          ErrorCode::InvalidState);
    CHECK(publisher.sink->keepalive_due() == kForever);
    publisher.close(kSecond);
    publisher.connect();  // no new process, not even a new sink
    return error.code();
  };
  CHECK(after([](FakeRtspServer& server) { server.close_connection(); }) ==
        ErrorCode::ConnectionClosed);
  CHECK(after([](FakeRtspServer& server) { server.reset_connection(); }) ==
        ErrorCode::ConnectionReset);
  CHECK(after([](FakeRtspServer& server) {
          server.say("TEARDOWN rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n");
        }) == ErrorCode::ConnectionClosed);
  CHECK(after([](FakeRtspServer& server) {
          server.say("RTSP/1.0 454 Session Not Found\r\nCSeq: 4\r\n\r\n");
        }) == ErrorCode::ServerRefused);
  CHECK(after([](FakeRtspServer& server) { server.say("nonsense\r\n"); }) ==
        ErrorCode::ProtocolError);
}

TEST_CASE("a send onto a connection that the server has closed reports its last words") {
  FakeRtspServer server;
  Publisher publisher(rtsp_options(server.url()), system_clock());
  publisher.connect();
  server.say("RTSP/1.0 454 Session Not Found\r\nCSeq: 4\r\n\r\n");
  server.close_connection();
  REQUIRE(server.wait_for_end());
  std::mt19937 random(1);
  Error error(ErrorCode::Internal, "");
  for (int i = 0; i < 50 && error.code() == ErrorCode::Internal; ++i) {
    error = error_of([&] { publisher.send(make_unit(i, 100'000, random)); });
  }
  CHECK(error.code() == ErrorCode::ServerRefused);
  CHECK(contains(error.message(), "454"));
}

TEST_CASE("a server that stops reading is reported as WriteTimeout at the limit") {
  FakeRtspServer server(4'096);
  server.on("RECORD", [](const RtspRequestSeen& request) {
    return Reaction{FakeRtspServer::ok(request), Then::StopReading};
  });
  Publisher publisher(impatient(server.url()), system_clock());
  publisher.connect();
  std::mt19937 random(1);
  Error error(ErrorCode::Internal, "");
  Nanoseconds last = 0;
  std::size_t accepted = 0;
  for (int i = 0; i < 200 && error.code() == ErrorCode::Internal; ++i) {
    const TestUnit unit = make_unit(i, 50'000, random);
    const Nanoseconds begin = system_clock().now();
    error = error_of([&] { publisher.send(unit); });
    last = system_clock().now() - begin;
    if (error.code() == ErrorCode::Internal) accepted += 50'000;
  }
  CHECK(error.code() == ErrorCode::WriteTimeout);
  CHECK(last >= kLimitMs * kMillisecond);
  CHECK(last < kSoon);
  CHECK(accepted < 2'000'000);  // the kernel's queue is bounded: a stall shows within seconds
  CHECK(publisher.sink->backlog_bytes() > 0);
  const Nanoseconds begin = system_clock().now();
  publisher.close(5 * kSecond);  // in the middle of a frame: nothing to be said any more
  CHECK(system_clock().now() - begin < kSecond);
}

TEST_CASE("a server that floods while it reads nothing can't hold the publisher") {
  FakeRtspServer server(4'096);
  server.on("RECORD", [](const RtspRequestSeen& request) {
    return Reaction{FakeRtspServer::ok(request), Then::StopReading};
  });
  Publisher publisher(impatient(server.url()), system_clock());
  publisher.connect();
  std::atomic<bool> stop{false};
  std::thread flood([&] {
    const std::string noise = "$" + std::string("\x01\x00\x08", 3) + "reports!";
    while (!stop) server.say(noise);
  });
  std::mt19937 random(1);
  const TestUnit unit = make_unit(0, 24'000'000, random);
  publisher.sink->prepare(unit.unit());
  const Nanoseconds begin = system_clock().now();
  Error error = error_of([&] { publisher.send(unit); });
  CHECK(error.code() == ErrorCode::WriteTimeout);
  CHECK(system_clock().now() - begin < kSoon);
  publisher.close(0);
  stop = true;
  flood.join();
}

TEST_CASE("an abort ends every wait within 100 ms") {
  const auto aborted = [](const std::function<void(Publisher&)>& call, Publisher& publisher) {
    Nanoseconds at = 0;
    std::thread other([&] {
      system_clock().wait_until(system_clock().now() + 30 * kMillisecond, {});
      at = system_clock().now();
      publisher.abort.abort();
    });
    const Error error = error_of([&] { call(publisher); });
    const Nanoseconds noticed = system_clock().now();
    other.join();
    CHECK(error.code() == ErrorCode::Aborted);
    MESSAGE("abort took ", (noticed - at) / 1000, " us");
    CHECK(noticed - at < 100 * kMillisecond);
  };
  const auto patient = [](const std::string& url) {
    auto options = rtsp_options(url);
    options.limits = {.connect_ms = 60'000, .response_ms = 60'000, .write_ms = 60'000};
    return options;
  };
  Listener silent(8);
  Publisher waiting(patient(silent.url()), system_clock());
  aborted([](Publisher& p) { p.connect(); }, waiting);

  FakeRtspServer server(4'096);
  server.on("RECORD", [](const RtspRequestSeen& request) {
    return Reaction{FakeRtspServer::ok(request), Then::StopReading};
  });
  Publisher writing(patient(server.url()), system_clock());
  writing.connect();
  std::mt19937 random(1);
  const TestUnit unit = make_unit(0, 24'000'000, random);
  writing.sink->prepare(unit.unit());
  aborted([&](Publisher& p) { p.send(unit); }, writing);

  FakeRtspServer mute;
  mute.on("TEARDOWN", [](const RtspRequestSeen&) { return Reaction{"", Then::StopReading}; });
  Publisher closing(patient(mute.url()), system_clock());
  closing.connect();
  const auto close = [](Publisher& p) {
    p.close(60 * kSecond);
    p.abort.throw_if_aborted();
  };
  aborted(close, closing);
}

TEST_CASE("a close is over within its limit, whatever the server does") {
  for (const bool answers : {false, true}) {
    FakeRtspServer server;
    server.on("TEARDOWN", [answers](const RtspRequestSeen& request) {
      return Reaction{answers ? FakeRtspServer::ok(request) : "", Then::StopReading};
    });
    Publisher publisher(rtsp_options(server.url()), system_clock());
    publisher.connect();
    const Nanoseconds begin = system_clock().now();
    const bool in_order = !publisher.close(200 * kMillisecond);
    const Nanoseconds took = system_clock().now() - begin;
    CHECK(took >= 199 * kMillisecond);
    CHECK(took < 2 * kSecond);
    CHECK(in_order == answers);
  }
}

TEST_CASE("a write that fails on this side is not blamed on the server") {
  const int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  sinks::TcpSocket socket(file);
  std::string text = "x";
  const iovec part{text.data(), text.size()};
  const Error error = error_of([&] { socket.write_some({&part, 1}); });
  CHECK(error.code() == ErrorCode::ConnectionReset);
  CHECK(contains(error.message(), std::strerror(ENOTSOCK)));
}
