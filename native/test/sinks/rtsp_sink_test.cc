#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <filesystem>

#include "sinks/rtsp_support.h"

using namespace videopush;
using namespace videopush::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The access units that a server has received are those sent, parameter sets before each key
/// frame.
void check_units(const std::vector<TestUnit>& sent, const FakeRtspServer& server) {
  const auto received = reassemble(rtp_of(server.frames()));
  REQUIRE(received.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    Nals expected = sent[i].nals;
    if (sent[i].key) expected.insert(expected.begin(), {kSps, kPps});
    REQUIRE(received[i].nals == expected);
    REQUIRE(received[i].timestamp ==
            kTimestampBase + static_cast<std::uint32_t>(sent[i].packet->pts));
  }
  CHECK(server.rest().empty());
}

}  // namespace

TEST_CASE("a push over TCP does the handshake and sends description, units, reports and teardown") {
  FakeRtspServer server;
  Publisher publisher(rtsp_options(server.url()), system_clock());
  publisher.connect();
  std::mt19937 random(1);
  std::vector<TestUnit> sent;
  for (int i = 0; i < 25; ++i) {
    sent.push_back(make_unit(i, 1 + random() % 20'000, random));
    const auto result = publisher.send(sent.back());
    CHECK(result.accepted >= result.offered);
    CHECK(result.bytes > static_cast<std::size_t>(sent.back().packet->size));
  }
  CHECK_FALSE(publisher.close(2 * kSecond));
  REQUIRE(server.wait_for_end());

  std::vector<std::string> methods;
  for (const auto& request : server.requests()) methods.push_back(request.method);
  CHECK(methods == std::vector<std::string>{"OPTIONS", "ANNOUNCE", "SETUP", "RECORD", "TEARDOWN"});
  const auto requests = server.requests();
  CHECK(requests[1].uri == server.url());
  CHECK(requests[1].header("Content-Type") == "application/sdp");
  CHECK(contains(requests[1].body, "m=video 0 RTP/AVP 96\r\n"));
  CHECK(contains(requests[1].body, "a=rtpmap:96 H264/90000\r\n"));
  CHECK(contains(requests[1].body, "sprop-parameter-sets="));
  CHECK(contains(requests[1].body, "a=control:streamid=0\r\n"));
  CHECK(requests[2].uri == server.url() + "/streamid=0");
  CHECK(requests[2].header("Transport") == "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record");
  CHECK(requests[3].header("Session") == "4711");
  CHECK(requests[4].header("Session") == "4711");
  for (std::size_t i = 0; i < requests.size(); ++i)
    CHECK(requests[i].header("CSeq") == std::to_string(i + 1));
  check_units(sent, server);
  for (const RtpPacket& packet : rtp_of(server.frames())) {
    REQUIRE(packet.ssrc == kSsrc);
    REQUIRE(packet.payload.size() <= 1'388);
  }
}

TEST_CASE("framing stays exact when the server takes a unit in small pieces") {
  FakeRtspServer server(4'096);
  server.read_slowly(1'999);
  Publisher publisher(rtsp_options(server.url()), system_clock());
  publisher.connect();
  std::mt19937 random(2);
  std::vector<TestUnit> sent;
  for (int i = 0; i < 4; ++i) {
    // Larger than every buffer on the way: sends come back half done. Requests of the server's
    // arrive meanwhile.
    sent.push_back(make_unit(i, 300'000, random));
    server.say("OPTIONS * RTSP/1.0\r\nCSeq: " + std::to_string(i) + "\r\n\r\n");
    if (i == 2) server.read_slowly(0);
    publisher.send(sent.back());
  }
  server.say("OPTIONS * RTSP/1.0\r\nCSeq: 4\r\n\r\n");
  const WaitOn readable{.socket_fd = publisher.sink->fd()};
  REQUIRE(system_clock().wait_until(system_clock().now() + 10 * kSecond, readable) ==
          WakeReason::Readable);
  publisher.sink->on_readable();
  CHECK(server.wait_for_request("RTSP/1.0", 5));
  publisher.close(5 * kSecond);
  REQUIRE(server.wait_for_end());
  check_units(sent, server);
}

TEST_CASE(
    "a prepared unit is sent as prepared, and another one in its place is packetized itself") {
  FakeRtspServer server;
  Publisher publisher(rtsp_options(server.url()), system_clock());
  publisher.connect();
  std::mt19937 random(3);
  const TestUnit first = make_unit(0, 5'000, random), second = make_unit(1, 3'000, random);
  publisher.sink->prepare(first.unit());
  publisher.send(first);
  publisher.sink->prepare(second.unit());
  publisher.send(second);
  publisher.close(2 * kSecond);
  REQUIRE(server.wait_for_end());
  const auto received = reassemble(rtp_of(server.frames()));
  REQUIRE(received.size() == 2);
  CHECK(received[1].nals == second.nals);
}

TEST_CASE(
    "sender reports carry the instant of the RTP clock, and a stepped system clock changes "
    "nothing") {
  FakeRtspServer server;
  SimClock clock(1'000 * kSecond, 946'684'800 * kSecond);
  Publisher publisher(rtsp_options(server.url()), clock);
  publisher.connect();
  std::mt19937 random(4);
  for (int i = 0; i < 300; ++i) {
    if (i == 100) clock.step_wall(3'600 * kSecond);
    if (i == 200) clock.step_wall(-7'200 * kSecond);
    publisher.send(make_unit(i, 3'000, random));
    clock.advance(40 * kMillisecond);
  }
  publisher.close(2 * kSecond);
  REQUIRE(server.wait_for_end());
  const auto frames = server.frames();
  CHECK(frames.front().channel == 1);  // the first report goes before the first packet
  const auto reports = reports_of(frames);
  REQUIRE(reports.size() == 4);  // 12 s
  CHECK(reports[0].ntp == doctest::Approx(3'155'673'600.0).epsilon(1e-12));
  CHECK(reports[0].packets == 0);
  for (std::size_t i = 1; i < reports.size(); ++i) {
    const double seconds = reports[i].ntp - reports[i - 1].ntp;
    CHECK(seconds >= 3.0);
    CHECK(seconds <= 4.0);
    CHECK(reports[i].rtp - reports[i - 1].rtp == doctest::Approx(seconds * 90'000).epsilon(1e-6));
    CHECK(reports[i].packets > reports[i - 1].packets);
    CHECK(reports[i].octets > reports[i - 1].octets);
  }
  CHECK(reports[0].rtp == kTimestampBase);
}

TEST_CASE("a sink sends something every 3 s while no unit comes, and reports at least every 4 s") {
  FakeRtspServer server;
  server.on("OPTIONS", [](const RtspRequestSeen& request) {
    return Reaction{
        FakeRtspServer::answer(request, "200 OK", "Public: ANNOUNCE, GET_PARAMETER\r\n")};
  });
  SimClock clock;
  Publisher publisher(rtsp_options(server.url()), clock);
  CHECK(publisher.sink->keepalive_due() == kForever);
  publisher.connect();
  const Nanoseconds connected = clock.now();
  CHECK(publisher.sink->keepalive_due() == connected + 3 * kSecond);
  std::mt19937 random(5);
  publisher.send(make_unit(0, 1'000, random));

  std::vector<Nanoseconds> writes;
  while (clock.now() < connected + 60 * kSecond) {
    const Nanoseconds due = publisher.sink->keepalive_due();
    REQUIRE(due > clock.now());
    REQUIRE(due <= clock.now() + 3 * kSecond);
    clock.advance(due - clock.now());
    publisher.sink->keepalive(publisher.abort);
  }
  publisher.close(2 * kSecond);
  REQUIRE(server.wait_for_end());
  const auto reports = reports_of(server.frames());
  CHECK(reports.size() >= 15);
  for (std::size_t i = 1; i < reports.size(); ++i) {
    CHECK(reports[i].ntp - reports[i - 1].ntp <= 4.0);
    CHECK((reports[i].rtp - reports[i - 1].rtp) / 90'000.0 ==
          doctest::Approx(reports[i].ntp - reports[i - 1].ntp).epsilon(1e-4));
  }
  CHECK(server.wait_for_request("GET_PARAMETER", 2));
}

TEST_CASE("a sink sends an RTSP request twice per session timeout while units flow") {
  FakeRtspServer server;
  SimClock clock;
  Publisher publisher(rtsp_options(server.url()), clock);
  publisher.connect();
  std::mt19937 random(6);
  int keepalives = 0;
  for (int i = 0; i < 65; ++i) {
    publisher.send(make_unit(i, 100, random));
    if (publisher.sink->keepalive_due() <= clock.now()) {
      publisher.sink->keepalive(publisher.abort);
      ++keepalives;
    }
    clock.advance(kSecond);
  }
  CHECK(keepalives == 2);
  CHECK(server.wait_for_request("OPTIONS", 3));
}

TEST_CASE("a sink connects again after it was closed, and its RTP clock goes on") {
  FakeRtspServer server;
  Publisher publisher(rtsp_options(server.url()), system_clock());
  std::mt19937 random(7);
  for (int round = 0; round < 3; ++round) {
    publisher.connect();
    publisher.send(make_unit(round * 10, 2'000, random));
    publisher.close(2 * kSecond);
    CHECK(publisher.sink->fd() == -1);
    CHECK(publisher.sink->backlog_bytes() == 0);
  }
  REQUIRE(server.wait_for_request("TEARDOWN", 3));
  CHECK(server.connections() == 3);
  const auto reports = reports_of(server.frames());
  const auto packets = rtp_of(server.frames()).size();
  REQUIRE(reports.size() == 3);
  CHECK(reports[0].packets == 0);
  CHECK(reports[1].packets == packets / 3);
  CHECK(reports[2].packets == 2 * packets / 3);
  CHECK(reports[2].octets == 2 * reports[1].octets);
  std::vector<std::uint32_t> stamps;
  for (const RtpPacket& packet : rtp_of(server.frames())) {
    if (packet.marker) stamps.push_back(packet.timestamp);
  }
  CHECK(stamps == std::vector<std::uint32_t>{kTimestampBase, kTimestampBase + 36'000,
                                             kTimestampBase + 72'000});
}

TEST_CASE("the server may choose other channels, and talk as it likes while it answers") {
  FakeRtspServer server;
  server.on("SETUP", [](const RtspRequestSeen& request) {
    const std::string noise(
        "$\x01\x00\x03"
        "abc",
        7);
    return Reaction{
        noise + "GET_PARAMETER * RTSP/1.0\r\nCSeq: 77\r\n\r\n" + noise +
        FakeRtspServer::answer(request, "100 Continue") +
        FakeRtspServer::answer(request, "200 OK",
                               "session: 99\r\nTransport: RTP/AVP/TCP;interleaved=4-5\r\n")};
  });
  Publisher publisher(rtsp_options(server.url()), system_clock());
  publisher.connect();
  std::mt19937 random(8);
  const TestUnit unit = make_unit(0, 4'000, random);
  publisher.send(unit);
  publisher.close(2 * kSecond);
  REQUIRE(server.wait_for_end());
  CHECK(reassemble(rtp_of(server.frames(), 4)).size() == 1);
  CHECK(reports_of(server.frames(), 5).size() == 1);
  for (const auto& request : server.requests()) {
    if (request.method == "RECORD") CHECK(request.header("Session") == "99");
  }
}

TEST_CASE("a close waits until the server has read everything that was queued") {
  FakeRtspServer server(4'096);
  Publisher publisher(rtsp_options(server.url()), system_clock());
  publisher.connect();
  std::mt19937 random(9);
  server.read_slowly(20'000);
  std::vector<TestUnit> sent;
  for (int i = 0; i < 3; ++i) {
    sent.push_back(make_unit(i, 90'000, random));
    publisher.send(sent.back());
  }
  CHECK(publisher.sink->backlog_bytes() > 0);
  publisher.close(5 * kSecond);
  REQUIRE(server.wait_for_end());
  check_units(sent, server);
  CHECK(server.requests().back().method == "TEARDOWN");
}

TEST_CASE("the connection sends without delay and queues a bounded amount") {
  FakeRtspServer server;
  Publisher publisher(rtsp_options(server.url()), system_clock());
  publisher.connect();
  const auto option = [&](int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    REQUIRE(getsockopt(publisher.sink->fd(), level, name, &value, &size) == 0);
    return value;
  };
  CHECK(option(IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option(SOL_SOCKET, SO_SNDBUF) <= 2 * 256 * 1024);  // the kernel doubles what it is given
  std::mt19937 random(10);
  publisher.send(make_unit(0, 600'000, random));
  CHECK(option(SOL_SOCKET, SO_SNDBUF) <= 2 * 2 * 620'000);
}

TEST_CASE("every address of a name is tried") {
  FakeRtspServer server;  // on 127.0.0.1 only, while localhost is often ::1 first
  auto options = rtsp_options("rtsp://localhost:" + std::to_string(server.port()) + "/live/test");
  Publisher publisher(options, system_clock());
  publisher.connect();
  CHECK(server.wait_for_request("RECORD"));
}

TEST_CASE("a hundred connections leave no descriptor behind") {
  const auto descriptors = [] {
    const std::filesystem::directory_iterator list("/proc/self/fd");
    return std::distance(begin(list), end(list));
  };
  FakeRtspServer server;
  Publisher publisher(rtsp_options(server.url()), system_clock());
  std::mt19937 random(11);
  const TestUnit unit = make_unit(0, 3'000, random);
  const auto cycle = [&] {
    publisher.connect();
    publisher.send(unit);
    publisher.close(2 * kSecond);
  };
  cycle();
  const auto before = descriptors();
  for (int i = 0; i < 100; ++i) cycle();
  REQUIRE(server.wait_for_request("TEARDOWN", 101));
  CHECK(descriptors() <= before + 1);  // the server may not have closed its last one yet
}
