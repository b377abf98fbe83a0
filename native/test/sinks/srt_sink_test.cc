#include "sinks/srt_sink.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <srt/access_control.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include "sinks/rtsp_support.h"

using namespace videopush;
using namespace videopush::test;

namespace {

constexpr std::int64_t kLimitMs = 500;

/// A listener of libsrt's that reads what one caller after another sends.
class SrtListener {
 public:
  /// `reject`: the code for every caller, 0 = none.
  explicit SrtListener(int reject = 0, const std::string& passphrase = "") : reject_(reject) {
    srt_startup();
    listener_ = srt_create_socket();
    if (!passphrase.empty()) {
      srt_setsockflag(listener_, SRTO_PASSPHRASE, passphrase.data(),
                      static_cast<int>(passphrase.size()));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int size = sizeof address;
    REQUIRE(srt_bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    srt_getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    srt_listen_callback(listener_, &SrtListener::on_caller, this);
    REQUIRE(srt_listen(listener_, 4) == 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~SrtListener() {
    srt_close(listener_);
    thread_.join();
    srt_cleanup();
  }

  std::string url(const std::string& query = "") const {
    return "srt://127.0.0.1:" + std::to_string(port_) + query;
  }
  std::size_t bytes() const { return bytes_; }
  std::string stream_id() const {
    const std::scoped_lock lock(mutex_);
    return stream_id_;
  }
  bool wait_for_end() const {
    const Nanoseconds until = system_clock().now() + 5 * kSecond;
    while (!ended_ && system_clock().now() < until) usleep(5'000);
    return ended_;
  }

 private:
  static int on_caller(void* self, SRTSOCKET caller, int, const sockaddr*, const char* id) {
    auto& listener = *static_cast<SrtListener*>(self);
    {
      const std::scoped_lock lock(listener.mutex_);
      listener.stream_id_ = id;
    }
    if (listener.reject_ == 0) return 0;
    srt_setrejectreason(caller, listener.reject_);
    return -1;
  }

  void serve() {
    for (;;) {
      const SRTSOCKET caller = srt_accept(listener_, nullptr, nullptr);
      if (caller == SRT_INVALID_SOCK) return;
      char message[1'500];
      for (int got; (got = srt_recvmsg(caller, message, sizeof message)) > 0;)
        bytes_ += static_cast<std::size_t>(got);
      srt_close(caller);
      ended_ = true;
    }
  }

  const int reject_;
  SRTSOCKET listener_;
  int port_ = 0;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<bool> ended_{false};
  mutable std::mutex mutex_;
  std::string stream_id_;
  std::thread thread_;
};

sinks::SinkOptions srt_options(const std::string& url, sinks::Credentials credentials = {}) {
  auto options = rtsp_options(url, std::move(credentials));
  options.limits = {.connect_ms = kLimitMs, .response_ms = kLimitMs, .write_ms = kLimitMs};
  return options;
}

Error connect_error(const sinks::SinkOptions& options) {
  Publisher publisher(options, system_clock());
  return error_of([&] { publisher.connect(); });
}

}  // namespace

TEST_CASE("the reader of an SRT stream has every byte at its publisher's end, at any latency") {
  for (const std::string query : {"", "?latency=600000"}) {
    CAPTURE(query);
    const SrtListener listener;
    Publisher publisher(srt_options(listener.url(query)), system_clock());
    std::mt19937 random(1);
    publisher.connect();
    std::size_t sent = 0;
    for (int i = 0; i < 30; ++i) sent += publisher.send(make_unit(i, 3'000, random)).bytes;
    const Nanoseconds limit = kSecond + publisher.sink->closing_time();
    CHECK(publisher.sink->closing_time() >= (query.empty() ? 120 : 600) * kMillisecond);
    const auto error = publisher.close(limit);
    CHECK((error ? error->message() : "") == "");
    REQUIRE(listener.wait_for_end());
    CHECK(listener.bytes() == sent);
  }
}

TEST_CASE("units that went by SRT are acknowledged by the peer, and only once the trial is over") {
  const SrtListener listener;
  SimClock clock;
  Publisher publisher(srt_options(listener.url("?streamid=publish:live")), clock);
  std::mt19937 random(1);
  publisher.connect();
  CHECK(listener.stream_id() == "publish:live");
  const auto result = publisher.send(make_unit(0, 3'000, random));
  const Nanoseconds until = system_clock().now() + 5 * kSecond;
  while (publisher.sink->backlog_bytes() > 0 && system_clock().now() < until) usleep(1'000);
  CHECK(publisher.sink->backlog_bytes() == 0);
  CHECK(publisher.sink->acknowledged() == 0);
  clock.wait_until(clock.now() + 3 * kSecond, {});
  CHECK(publisher.sink->acknowledged() == result.end);
}

TEST_CASE("an SRT peer that dies takes along what it acknowledged within its latency") {
  constexpr Nanoseconds latency = 200 * kMillisecond, at = 10 * kSecond;
  const auto carried = [](std::uint64_t written, std::uint64_t acknowledged) {
    return sinks::Delivery{.written = written, .acknowledged = acknowledged};
  };
  sinks::HeldByPeer held;
  CHECK(held.released(carried(100, 100), latency, at) == 0);
  CHECK(held.released(carried(200, 200), latency, at + latency / 2) == 0);
  SUBCASE("a later acknowledgement shows that the peer lived on") {
    CHECK(held.released(carried(400, 300), latency, at + latency) == 100);
    CHECK(held.released(carried(500, 300), latency, at + kSecond) == 100);
  }
  SUBCASE("with nothing left to acknowledge, the connection shows it") {
    CHECK(held.released(carried(200, 200), latency, at + latency) == 0);
    CHECK(held.released(carried(200, 200), latency, at + 2 * latency) == 200);
  }
  SUBCASE("without an answer to what came after it, nothing shows it") {
    CHECK(held.released(carried(300, 200), latency, at + kSecond) == 0);
    CHECK(held.released({.written = 200, .acknowledged = 200, .alive = false}, latency,
                        at + kSecond) == 0);
  }
}

TEST_CASE("an SRT server that rejects, another passphrase and no server have errors of their own") {
  const auto refused_with = [](int code) {
    const SrtListener listener(code);
    return connect_error(srt_options(listener.url("?streamid=publish:live")));
  };
  const Error busy = refused_with(SRT_REJX_CONFLICT);
  CHECK(busy.code() == ErrorCode::ConnectFailed);
  CHECK(busy.message().find("rejects the stream") != std::string::npos);
  CHECK(refused_with(SRT_REJX_UNAUTHORIZED).code() == ErrorCode::CredentialsRefused);
  {
    const SrtListener guarded(0, "another-passphrase");
    CHECK(connect_error(srt_options(guarded.url("?passphrase=my-own-passphrase"))).code() ==
          ErrorCode::CredentialsRefused);
  }
  CHECK(connect_error(srt_options("srt://127.0.0.1:9?passphrase=short")).code() ==
        ErrorCode::UrlInvalid);
  CHECK(connect_error(srt_options("srt://127.0.0.1:9?mode=lissener")).code() ==
        ErrorCode::UrlInvalid);
  CHECK(connect_error(srt_options("srt://127.0.0.1:9/" + std::string(600, 'x'))).code() ==
        ErrorCode::UrlInvalid);
  const Nanoseconds begin = system_clock().now();
  CHECK(connect_error(srt_options("srt://127.0.0.1:9")).code() == ErrorCode::ConnectTimeout);
  CHECK(system_clock().now() - begin < 10 * kLimitMs * kMillisecond);
}

TEST_CASE("an abort ends the connecting of an SRT publisher at once, and its wait for the end") {
  {
    auto options = srt_options("srt://127.0.0.1:9");
    options.limits.connect_ms = 60'000;
    Publisher publisher(options, system_clock());
    std::thread other([&] {
      usleep(50'000);
      publisher.abort.abort();
    });
    const Nanoseconds begin = system_clock().now();
    CHECK(error_of([&] { publisher.connect(); }).code() == ErrorCode::Aborted);
    other.join();
    CHECK(system_clock().now() - begin < 2 * kSecond);
  }
  const SrtListener listener;
  Publisher publisher(srt_options(listener.url("?latency=8000000")), system_clock());
  std::mt19937 random(1);
  publisher.connect();
  publisher.send(make_unit(0, 3'000, random));
  publisher.abort.abort();
  const Nanoseconds begin = system_clock().now();
  CHECK(publisher.close(20 * kSecond).has_value());
  CHECK(system_clock().now() - begin < 2 * kSecond);
}

TEST_CASE("an SRT publisher can wait for its server to call") {
  int port = 0;
  {
    const SrtListener free_port;
    port = std::stoi(free_port.url().substr(16));
  }
  auto options = srt_options("srt://127.0.0.1:" + std::to_string(port) + "?mode=listener");
  options.limits.connect_ms = 10'000;
  Publisher publisher(options, system_clock());
  std::atomic<bool> called = false;
  const SRTSOCKET socket = srt_create_socket();
  std::jthread caller([port, socket, &called] {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    usleep(100'000);
    CHECK(srt_connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const int limit_ms = 10'000;
    srt_setsockopt(socket, 0, SRTO_RCVTIMEO, &limit_ms, sizeof limit_ms);
    char message[1'500];
    CHECK(srt_recvmsg(socket, message, sizeof message) > 0);
    called = true;
  });
  std::mt19937 random(1);
  publisher.connect();
  // A busy machine may take in the first messages so late that SRT drops them.
  for (int i = 0; i < 500 && !called; ++i) {
    publisher.send(make_unit(i, 3'000, random));
    usleep(20'000);
  }
  caller.join();
  srt_close(socket);  // not before, since a unit may be on its way
}

TEST_CASE("an SRT server that listens at the second address of its host only is found there") {
  const SrtListener listener;  // at 127.0.0.1; ::1 comes first where the system has it
  const std::string port = listener.url().substr(16);
  Publisher publisher(srt_options("srt://localhost:" + port), system_clock());
  std::mt19937 random(1);
  publisher.connect();
  CHECK(publisher.send(make_unit(0, 3'000, random)).bytes > 3'000);
}
