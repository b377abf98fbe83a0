// One encode, several outputs: what one of them does leaves the others' timing alone.
#include <doctest/doctest.h>

#include <algorithm>

#include "sessions/encode/rig.h"

using namespace videopush;
using namespace videopush::test;

namespace {

constexpr Nanoseconds kFrame = 40 * kMillisecond;

/// Every unit of a 25 f/s stream on its deadline, from the first on.
bool punctual(const std::vector<Received>& units) {
  for (std::size_t i = 1; i < units.size(); ++i)
    if (units[i].at - units[i - 1].at != kFrame) return false;
  return true;
}

std::vector<Received> on_connection(const std::vector<Received>& units, int connection) {
  std::vector<Received> some;
  std::ranges::copy_if(units, std::back_inserter(some), [connection](const Received& unit) {
    return unit.connection == connection;
  });
  return some;
}

}  // namespace

TEST_CASE("two outputs get the same units at the same instants") {
  Rig rig(2);
  rig.input.frames = ready_frames(80);
  const auto snapshot = rig.run();
  const auto first = rig.received(0), second = rig.received(1);
  REQUIRE(indices(first, rig.input.format) == count_up(0, 80));
  REQUIRE(indices(second, rig.input.format) == count_up(0, 80));
  CHECK(punctual(first));
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(first[i].at == second[i].at);
  check_law(snapshot);
}

TEST_CASE("an output that is absent delays the start by 5 s and then no longer counts") {
  Rig rig(2);
  const Nanoseconds start = rig.clock.now();
  rig.input.frames = ready_frames(200);
  rig.server(1).on_connect = [](int, const AbortSignal&) {
    throw Error(ErrorCode::ConnectRefused, "nobody listens");
  };
  const auto snapshot = rig.run();
  const auto units = rig.received(0);
  REQUIRE(indices(units, rig.input.format) == count_up(0, 200));
  CHECK(units[0].at >= start + 5 * kSecond);
  CHECK(units[0].at <= start + 5 * kSecond + kSecond + 100 * kMillisecond);
  CHECK(punctual(units));
  CHECK(dropped(snapshot.outputs[1], ring::Drop::Network) == 200);
  check_law(snapshot);
}

TEST_CASE(
    "an output that goes away leaves the other on time, and returns at a key frame made for it") {
  Rig rig(2);
  rig.options.encoder.gop_frames = 1000;
  rig.input.frames = ready_frames(300);
  bool broken = false;
  rig.server(1).on_send = [&](int index, const AbortSignal&) {
    if (index == 100 && !std::exchange(broken, true)) throw closed();
  };
  const auto snapshot = rig.run();
  const auto first = rig.received(0), second = rig.received(1);
  REQUIRE(indices(first, rig.input.format) == count_up(0, 300));
  CHECK(punctual(first));
  const auto returned = on_connection(second, 2);
  REQUIRE(returned.size() > 150);
  CHECK(returned[0].key);
  CHECK(punctual(returned));
  // On the other's schedule again, not on one of its own.
  const auto index = static_cast<std::size_t>(index_of(returned[0], rig.input.format));
  CHECK(returned[0].at == first[index].at);
  CHECK(dropped(snapshot.outputs[1], ring::Drop::Network) == 300 - second.size());
  CHECK(snapshot.outputs[1].ledger.sent == second.size());
  CHECK(snapshot.outputs[0].ledger.sent == 300);
  check_law(snapshot);
}

TEST_CASE("an output that stops reading leaves the other on time") {
  Rig rig(2);
  rig.options.encoder.gop_frames = 1000;
  rig.input.frames = ready_frames(400);
  bool stuck = false;
  rig.server(1).on_send = [&](int index, const AbortSignal& abort) {
    if (index != 100 || std::exchange(stuck, true)) return;
    rig.clock.wait_until(rig.clock.now() + 5 * kSecond, {.abort_fd = abort.fd()});
    throw Error(ErrorCode::WriteTimeout, "it does not read");
  };
  const auto snapshot = rig.run();
  const auto first = rig.received(0), second = rig.received(1);
  REQUIRE(indices(first, rig.input.format) == count_up(0, 400));
  CHECK(punctual(first));
  CHECK(second.size() > 100 + 50);
  CHECK(snapshot.outputs[1].reconnects_timeout == 1);
  check_law(snapshot);
}

TEST_CASE("an output that reads again after 2 s goes on at a key frame, without a new connection") {
  Rig rig(2);
  rig.options.encoder.gop_frames = 1000;
  rig.input.frames = ready_frames(400);
  rig.server(1).on_send = [&](int index, const AbortSignal& abort) {
    if (index == 100) rig.clock.wait_until(rig.clock.now() + 2 * kSecond, {.abort_fd = abort.fd()});
  };
  const auto snapshot = rig.run();
  const auto first = rig.received(0), second = rig.received(1);
  CHECK(punctual(first));
  CHECK(first.size() == 400);
  REQUIRE(second.size() > 300);
  CHECK(second[101].key);
  CHECK(second.back().at == first.back().at);
  CHECK(snapshot.outputs[1].connects == 1);
  CHECK(snapshot.outputs[1].rebases == 0);
  check_law(snapshot);
}

TEST_CASE("one slow write moves no schedule, and its output is on time again with the other") {
  Rig rig(2);
  rig.input.frames = ready_frames(200);
  rig.server(1).on_send = [&](int index, const AbortSignal& abort) {
    if (index == 100)
      rig.clock.wait_until(rig.clock.now() + 200 * kMillisecond, {.abort_fd = abort.fd()});
  };
  const auto snapshot = rig.run();
  const auto first = rig.received(0), second = rig.received(1);
  CHECK(punctual(first));
  REQUIRE(second.size() == 200);
  CHECK(second[101].at > first[101].at);
  for (std::size_t i = 110; i < 200; ++i) CHECK(second[i].at == first[i].at);
  CHECK(snapshot.outputs[1].rebases == 0);
}

TEST_CASE("both outputs move their schedule alike after a stall of the source") {
  Rig rig(2);
  rig.input.frames = live_frames(rig.input.format, 200, rig.clock.now(), 100, 3 * kSecond);
  const auto snapshot = rig.run();
  const auto first = rig.received(0), second = rig.received(1);
  REQUIRE(first.size() == 200);
  REQUIRE(second.size() == 200);
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(first[i].at == second[i].at);
  CHECK(snapshot.outputs[0].rebases_stall == 1);
  CHECK(snapshot.outputs[1].rebases_stall == 1);
}

TEST_CASE(
    "a session with no output connected takes no more frames, and the first output to return goes "
    "on") {
  Rig rig(2);
  rig.input.frames = ready_frames(700);
  for (std::size_t i : {0u, 1u})
    rig.server(i).on_send = [&rig, i](int index, const AbortSignal&) {
      if (index == 50 && rig.server(i).connects() == 1) throw closed();
    };
  for (std::size_t i : {0u, 1u})
    rig.server(i).on_connect = [](int attempt, const AbortSignal&) {
      if (attempt > 1 && attempt < 8) throw Error(ErrorCode::ConnectRefused, "nobody listens");
    };
  const auto snapshot = rig.run();
  CHECK(rig.received(0).size() > 100);
  CHECK(rig.received(1).size() > 100);
  // Lost is what was under way: what the queue still had waited.
  CHECK(dropped(snapshot.outputs[0], ring::Drop::Network) < 60);
  check_law(snapshot);
}
