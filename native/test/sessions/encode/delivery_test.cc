// What counts as sent when a server acknowledges late, or not at all: on simulated time.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "sessions/encode/rig.h"

using namespace videopush;
using namespace videopush::test;

namespace {

constexpr Nanoseconds kFrame = 40 * kMillisecond;
constexpr int kGop = 25;

/// The server closes the `connection`-th connection in place of taking the unit with this index in
/// it.
void close_at(FakeServer& server, int connection, int index) {
  server.on_send = [&server, connection, index](int, const AbortSignal&) {
    const auto units = server.received();
    const auto count = std::ranges::count(units, connection, &Received::connection);
    if (server.connects() == connection && count == index) throw closed();
  };
}

std::vector<std::int64_t> indices_of(const Rig& rig, int connection) {
  std::vector<Received> units;
  for (const Received& unit : rig.received())
    if (unit.connection == connection) units.push_back(unit);
  return indices(units, rig.input.format);
}

struct DeliveryRig : Rig {
  explicit DeliveryRig(int outputs = 1) : Rig(outputs) {
    input.frames = ready_frames(120);
    options.encoder.gop_frames = kGop;
  }
};

}  // namespace

TEST_CASE("a unit counts as sent once the server has acknowledged it, and not before") {
  DeliveryRig rig;
  const Nanoseconds start = rig.clock.now();
  std::atomic<bool> acknowledges{false};
  rig.server().acknowledged = [&](int, std::uint64_t offered) {
    return acknowledges ? offered : std::min<std::uint64_t>(offered, 10);
  };
  const auto session = rig.session();
  std::uint64_t sent = 0, sent_later = 0;
  rig.clock.at(start + 3 * kSecond, [&] { sent = session->snapshot().outputs[0].ledger.sent; });
  rig.clock.at(start + 3 * kSecond + kMillisecond, [&] { acknowledges = true; });
  rig.clock.at(start + 3 * kSecond + 2 * kFrame,
               [&] { sent_later = session->snapshot().outputs[0].ledger.sent; });
  session->start();
  REQUIRE(session->wait(kStuck));
  CHECK(sent == 10);
  CHECK(sent_later >= 70);
  const auto snapshot = session->snapshot();
  CHECK(snapshot.outputs[0].ledger.sent == 120);
  CHECK(snapshot.outputs[0].ledger.repeated == 0);
  check_law(snapshot);
}

TEST_CASE("units that wait for their acknowledgement hold nothing up") {
  DeliveryRig rig;
  rig.input.frames = ready_frames(250);
  rig.server().acknowledged = [&](int, std::uint64_t offered) {
    return offered < 20 || offered > 200 ? offered : 20;  // the network stands still for 7 s
  };
  const auto snapshot = rig.run();
  const auto units = rig.received();
  REQUIRE(units.size() == 250);
  for (std::size_t i = 0; i < units.size(); ++i)
    CHECK(units[i].at == units[0].at + static_cast<Nanoseconds>(i) * kFrame);
  CHECK(snapshot.outputs[0].rebases == 0);
  CHECK(snapshot.outputs[0].ledger.sent == 250);
  CHECK(snapshot.outputs[0].ledger.repeated == 0);
}

TEST_CASE("the unit that was not acknowledged when its connection broke is encoded again") {
  DeliveryRig rig;
  rig.server().acknowledged = [](int connection, std::uint64_t offered) {
    return connection == 1 && offered > 46 ? 46 : offered;
  };
  close_at(rig.server(), 1, 47);
  const auto snapshot = rig.run();
  CHECK(indices_of(rig, 1) == count_up(0, 47));
  CHECK(indices_of(rig, 2) == count_up(46, 120));
  CHECK(rig.received()[47].key);
  CHECK(snapshot.outputs[0].ledger.sent == 120);
  CHECK(snapshot.outputs[0].ledger.repeated == 0);  // once at the server, as far as it is known
  check_law(snapshot);
}

TEST_CASE("many units without an acknowledgement are offered again from their key frame on") {
  DeliveryRig rig;
  rig.server().acknowledged = [](int connection, std::uint64_t offered) {
    return connection == 1 ? std::min<std::uint64_t>(offered, 30) : offered;
  };
  close_at(rig.server(), 1, 80);
  const auto snapshot = rig.run();
  CHECK(indices_of(rig, 1) == count_up(0, 80));
  CHECK(indices_of(rig, 2) == count_up(kGop, 120));
  CHECK(rig.received()[80].key);
  CHECK(snapshot.outputs[0].ledger.sent == 120);
  CHECK(snapshot.outputs[0].ledger.repeated == 30 - kGop);
  check_law(snapshot);
}

TEST_CASE(
    "what refused connections swallowed is offered again, and no refused one counts as sent") {
  DeliveryRig rig;
  rig.server().acknowledged = [](int connection, std::uint64_t offered) {
    return connection <= 3 ? 0 : offered;
  };
  std::vector<int> taken(4);
  rig.server().on_send = [&](int, const AbortSignal&) {
    const int connection = rig.server().connects();
    if (connection <= 3 && ++taken[static_cast<std::size_t>(connection)] > 55) throw closed();
  };
  const auto session = rig.session();
  rig.clock.at(rig.clock.now() + 10 * kSecond,
               [&] { CHECK(session->snapshot().outputs[0].ledger.sent == 0); });
  session->start();
  REQUIRE(session->wait(kStuck));
  const auto snapshot = session->snapshot();
  for (int connection = 1; connection <= 3; ++connection)
    CHECK(indices_of(rig, connection) == count_up(0, 55));
  CHECK(indices_of(rig, 4) == count_up(0, 120));
  CHECK(snapshot.outputs[0].ledger.sent == 120);
  CHECK(snapshot.outputs[0].ledger.repeated == 0);
  const auto attempts = rig.server().attempts();
  CHECK(attempts[2] - attempts[1] > 5 * kSecond);  // somebody else has the path
  check_law(snapshot);
}

TEST_CASE("with several outputs, what one had not acknowledged when it broke is dropped(network)") {
  DeliveryRig rig(2);
  rig.server(0).acknowledged = [](int connection, std::uint64_t offered) {
    return connection == 1 ? std::min<std::uint64_t>(offered, 30) : offered;
  };
  close_at(rig.server(0), 1, 60);
  const auto snapshot = rig.run();
  CHECK(dropped(snapshot.outputs[0], ring::Drop::Network) >= 30);
  CHECK(snapshot.outputs[0].ledger.sent >= 30);
  CHECK(snapshot.outputs[1].ledger.sent == 120);
  check_law(snapshot);
}

TEST_CASE("a push ends once its last unit is acknowledged, and sends that again if it never is") {
  DeliveryRig rig;
  rig.server().acknowledged = [](int connection, std::uint64_t offered) {
    return connection == 1 ? std::min<std::uint64_t>(offered, 119) : offered;
  };
  const auto snapshot = rig.run();
  CHECK(rig.server().connects() == 2);
  CHECK(indices_of(rig, 2) == count_up(119, 120));
  CHECK(snapshot.outputs[0].reconnects_timeout == 1);
  CHECK(snapshot.outputs[0].ledger.sent == 120);
  CHECK(snapshot.outputs[0].ledger.repeated == 0);
  CHECK(snapshot.ended);
}

TEST_CASE(
    "the process after a killed one sends what the queue still has, and nothing is uncounted") {
  DeliveryRig rig;
  rig.server().acknowledged = [](int, std::uint64_t offered) {
    return std::min<std::uint64_t>(offered, 20);
  };
  auto left = std::make_shared<ScriptLedger>(1);
  const auto session = rig.session();
  rig.clock.at(rig.clock.now() + 2 * kSecond, [&] {  // what a SIGKILL would leave behind
    ring::Ledger(left->records[0]).adopt(rig.ledger->records[0]);
    left->acked = rig.ledger->acked.load();
    session->abort();
  });
  session->start();
  REQUIRE(session->wait(kStuck));
  const auto offered = static_cast<std::int64_t>(rig.received().size());
  REQUIRE(offered > 40);
  DeliveryRig next;
  next.ledger = left;
  const auto snapshot = next.run();
  CHECK(indices(next.received(), next.input.format) == count_up(offered - 2, 120));
  CHECK(snapshot.outputs[0].ledger.sent == 120);
  CHECK(snapshot.outputs[0].ledger.repeated == 2);
  check_law(snapshot);
}
