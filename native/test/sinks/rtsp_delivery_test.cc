// What an RTSP server's kernel has acknowledged of the units sent.
#include <doctest/doctest.h>
#include <unistd.h>

#include <random>

#include "sinks/rtsp_support.h"

using namespace videopush;
using namespace videopush::test;

TEST_CASE("a unit by RTSP is acknowledged once it is in the server's kernel, also after the end") {
  FakeRtspServer server(4'096);
  Publisher publisher(rtsp_options(server.url()), system_clock());
  publisher.connect();
  std::mt19937 random(1);
  const auto acknowledged_soon = [&](std::uint64_t end) {
    const Nanoseconds until = system_clock().now() + 5 * kSecond;
    while (publisher.sink->acknowledged() < end && system_clock().now() < until) usleep(1'000);
    return publisher.sink->acknowledged() >= end;
  };
  const auto first = publisher.send(make_unit(0, 2'000, random));
  CHECK(acknowledged_soon(first.end));
  CHECK(publisher.sink->backlog_bytes() == 0);

  server.pause_reading(true);
  sinks::SendResult last{};
  for (int i = 1; i <= 8; ++i) last = publisher.send(make_unit(i, 20'000, random));
  usleep(100'000);
  const std::uint64_t before = publisher.sink->acknowledged();
  CHECK(before < last.end);
  CHECK(last.end - before == publisher.sink->backlog_bytes());
  SUBCASE("the server reads on") {
    server.pause_reading(false);
    CHECK(acknowledged_soon(last.end));
  }
  SUBCASE("the server dies") {
    server.reset_connection();
    CHECK(error_of([&] {
            for (int i = 9; i < 500; ++i) publisher.send(make_unit(i, 20'000, random));
          }).code() == ErrorCode::ConnectionReset);
    CHECK(publisher.sink->acknowledged() < last.end);
  }
}
