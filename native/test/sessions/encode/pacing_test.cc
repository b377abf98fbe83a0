// The encode session's timing, on simulated time: exact to the nanosecond.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "sessions/encode/rig.h"

using namespace videopush;
using namespace videopush::test;
using pacing::CatchUp;

namespace {

constexpr Nanoseconds kFrame = 40 * kMillisecond;
constexpr Nanoseconds kBudget = 100 * kMillisecond;

/// The intervals at which units were offered.
std::vector<Nanoseconds> intervals(const std::vector<Received>& units) {
  std::vector<Nanoseconds> all;
  for (std::size_t i = 1; i < units.size(); ++i) all.push_back(units[i].at - units[i - 1].at);
  return all;
}

/// Two minutes of a live source that gives its frames at `rate` of what their timestamps say.
ScriptOptions live_input(double rate, Nanoseconds start) {
  ScriptOptions input;
  input.live = true;
  for (std::int64_t i = 0; i < 3'000; ++i) {
    const double seconds = static_cast<double>(i) * 0.04 / rate;
    input.frames.push_back({.at = start + from_seconds(seconds), .index = i});
  }
  return input;
}

}  // namespace

TEST_CASE(
    "frames that are all there leave one frame interval apart, the first after the latency "
    "budget") {
  Rig rig;
  rig.input.frames = ready_frames(60);
  const Nanoseconds start = rig.clock.now();
  const auto snapshot = rig.run();
  const auto units = rig.received();
  REQUIRE(indices(units, rig.input.format) == count_up(0, 60));
  CHECK(units[0].at == start + kBudget);
  CHECK(std::ranges::count(intervals(units), kFrame) == 59);
  CHECK(snapshot.ended);
  CHECK_FALSE(snapshot.running);
  CHECK(snapshot.outputs[0].ledger.sent == 60);
  CHECK(snapshot.outputs[0].late == 0);
  CHECK(snapshot.outputs[0].phase == sessions::OutputPhase::Closed);
  check_law(snapshot);
}

TEST_CASE(
    "the last frame leaves on its deadline, is given its duration, and then the connection is "
    "closed") {
  Rig rig;
  rig.input.frames = ready_frames(30);
  rig.run();
  const auto units = rig.received();
  REQUIRE(rig.server().closes().size() == 1);
  CHECK(units.back().at == units.front().at + 29 * kFrame);
  CHECK(rig.server().closes()[0] == units.back().at + kFrame);
}

TEST_CASE(
    "a delay before the first frame, or a slow connect, moves the start and causes no burst") {
  for (const bool slow_connect : {false, true}) {
    CAPTURE(slow_connect);
    Rig rig;
    const Nanoseconds start = rig.clock.now() + 2 * kSecond;
    rig.input.frames = slow_connect ? ready_frames(40) : live_frames(rig.input.format, 40, start);
    if (slow_connect)
      rig.server().on_connect = [&](int, const AbortSignal& abort) {
        rig.clock.wait_until(start, {.abort_fd = abort.fd()});
      };
    rig.run();
    const auto units = rig.received();
    REQUIRE(units.size() == 40);
    CHECK(units[0].at == start + kBudget);
    CHECK(std::ranges::count(intervals(units), kFrame) == 39);
  }
}

TEST_CASE("lookahead and 16 B-frames move the start and never the rate") {
  Rig rig;
  rig.options.encoder.preset = "medium";
  rig.options.encoder.tune = "";
  rig.options.encoder.max_b_frames = 16;
  rig.input.format = video_format({.width = 160, .height = 96});
  rig.input.slots = 20 + 80;
  SUBCASE("from a file") { rig.input.frames = ready_frames(300); }
  SUBCASE("live") {
    rig.input.frames = live_frames(rig.input.format, 300, rig.clock.now() + kSecond);
  }
  const auto snapshot = rig.run();
  auto units = rig.received();
  REQUIRE(units.size() == 300);
  CHECK(std::ranges::count(intervals(units), kFrame) == 299);
  CHECK(snapshot.outputs[0].rebases == 0);
  auto order = indices(units, rig.input.format);
  std::ranges::sort(order);
  CHECK(order == count_up(0, 300));
}

TEST_CASE("a variable frame rate is sent at its own times") {
  Rig rig;
  rig.input.frames = ready_frames(0);
  for (std::int64_t i = 0; i < 40; ++i)
    rig.input.frames.push_back({.index = i < 20 ? i : 20 + (i - 20) * 5});
  rig.run();
  const auto units = rig.received();
  REQUIRE(units.size() == 40);
  for (std::size_t i = 0; i < units.size(); ++i)
    CHECK(units[i].at - units[0].at == index_of(units[i], rig.input.format) * kFrame);
}

TEST_CASE("Rebase shifts the schedule once after a stall of 3 s and goes on at the same rate") {
  Rig rig;
  rig.input.frames = live_frames(rig.input.format, 200, rig.clock.now(), 100, 3 * kSecond);
  const auto snapshot = rig.run();
  const auto units = rig.received();
  REQUIRE(indices(units, rig.input.format) == count_up(0, 200));
  const auto gaps = intervals(units);
  CHECK(gaps[99] == 3 * kSecond + kFrame - kBudget);
  CHECK(std::ranges::count(gaps, kFrame) == 198);
  CHECK(snapshot.outputs[0].rebases_stall == 1);
  CHECK(snapshot.outputs[0].rebase_seconds == doctest::Approx(2.9));
  check_law(snapshot);
}

TEST_CASE("Burst catches up at 1.25 times the rate after a stall of 3 s until it is on time") {
  Rig rig;
  rig.options.catch_up = CatchUp::Burst;
  rig.input.frames = live_frames(rig.input.format, 600, rig.clock.now(), 100, 3 * kSecond);
  const auto snapshot = rig.run();
  const auto units = rig.received();
  REQUIRE(indices(units, rig.input.format) == count_up(0, 600));
  for (const Nanoseconds gap : intervals(units)) CHECK(gap >= kFrame * 4 / 5);
  // 2.9 s late, 8 ms made good per frame: on time again 363 frames later.
  CHECK(units[99 + 355].at > units[0].at + (99 + 355) * kFrame);
  CHECK(units[99 + 370].at == units[0].at + (99 + 370) * kFrame);
  CHECK(units.back().at == units[0].at + 599 * kFrame);
  CHECK(snapshot.outputs[0].rebases == 0);
  check_law(snapshot);
}

TEST_CASE(
    "Skip drops the raw frames whose time has passed after a stall of 3 s and goes on with a key "
    "frame") {
  Rig rig;
  rig.options.catch_up = CatchUp::Skip;
  rig.options.encoder.gop_frames = 1000;
  rig.input.frames = live_frames(rig.input.format, 300, rig.clock.now(), 100, 3 * kSecond);
  const auto snapshot = rig.run();
  const auto units = rig.received();
  const std::uint64_t late = dropped(snapshot.outputs[0], ring::Drop::Late);
  CHECK(late >= 70);
  CHECK(late <= 75);
  REQUIRE(units.size() == 300 - late);
  CHECK(index_of(units[100], rig.input.format) == 100 + static_cast<std::int64_t>(late));
  CHECK(units[100].key);
  CHECK(std::ranges::count_if(units, [](const Received& unit) { return unit.key; }) == 2);
  for (const Received& unit : units)
    CHECK(unit.at - units[0].at - index_of(unit, rig.input.format) * kFrame <= kFrame);
  CHECK(units.back().at == units[0].at + 299 * kFrame);
  check_law(snapshot);
}

TEST_CASE("Skip lets go of the rest of the GOP when the connection, not the source, was slow") {
  Rig rig;
  rig.options.catch_up = CatchUp::Skip;
  rig.options.encoder.gop_frames = 1000;
  rig.input.frames = live_frames(rig.input.format, 200, rig.clock.now());
  rig.server().on_send = [&](int index, const AbortSignal& abort) {
    if (index == 50) rig.clock.wait_until(rig.clock.now() + 2 * kSecond, {.abort_fd = abort.fd()});
  };
  const auto snapshot = rig.run();
  const auto units = rig.received();
  CHECK(units[51].key);
  CHECK(dropped(snapshot.outputs[0], ring::Drop::Late) >= 45);
  CHECK(units.back().at == units[0].at + 199 * kFrame);
  check_law(snapshot);
}

TEST_CASE("a slow write of 3 s under Rebase loses nothing and moves the schedule once") {
  Rig rig;
  rig.input.frames = ready_frames(150);
  rig.server().on_send = [&](int index, const AbortSignal& abort) {
    if (index == 50) rig.clock.wait_until(rig.clock.now() + 3 * kSecond, {.abort_fd = abort.fd()});
  };
  const auto snapshot = rig.run();
  const auto units = rig.received();
  REQUIRE(indices(units, rig.input.format) == count_up(0, 150));
  CHECK(std::ranges::count(intervals(units), kFrame) == 148);
  CHECK(snapshot.outputs[0].rebases_stall == 1);
}

TEST_CASE("a connection whose time starts at zero does so again after a reconnect") {
  Rig rig;
  rig.server().from_zero = true;
  rig.input.frames = ready_frames(60);
  for (ScriptFrame& frame : rig.input.frames) frame.index += 1000;
  rig.server().on_send = [](int index, const AbortSignal&) {
    static thread_local bool once = false;
    if (index == 30 && !std::exchange(once, true)) throw closed();
  };
  rig.run();
  const auto units = rig.received();
  REQUIRE(units.size() == 60);
  CHECK(units[0].dts == 0);
  CHECK(units[29].dts == 29 * 3600);
  CHECK(units[30].dts == 0);
  CHECK(units[59].dts == 29 * 3600);
}

TEST_CASE(
    "the lead is media handed in minus the time since the start, with late outputs and frames in "
    "reserve") {
  Rig rig;
  rig.input.frames = ready_frames(50);
  const auto session = rig.session();
  std::vector<double> leads;
  rig.server().on_send = [&](int, const AbortSignal&) { leads.push_back(session->lead_seconds()); };
  session->start();
  REQUIRE(session->wait(kStuck));
  REQUIRE(leads.size() == 50);
  CHECK(leads[0] ==
        doctest::Approx(23 * 0.04 - 0.1));  // 25 slots: frame 24 is taken, 100 ms have passed
  CHECK(leads[10] == doctest::Approx(33 * 0.04 - 0.5));
  CHECK(leads[49] == doctest::Approx(49 * 0.04 - 0.1 - 49 * 0.04));
}

TEST_CASE("a live source whose clock is 490 ppm off stays on time, and its latency stays") {
  for (const double ppm : {490.0, -490.0}) {
    CAPTURE(ppm);
    Rig rig;
    rig.input.live = true;
    rig.options.catch_up = CatchUp::Burst;
    const Nanoseconds start = rig.clock.now();
    for (std::int64_t i = 0; i < 10'000; ++i) {
      const double seconds = static_cast<double>(i) * 0.04 / (1 + ppm / 1e6);
      rig.input.frames.push_back({.at = start + from_seconds(seconds), .index = i});
    }
    const auto snapshot = rig.run();
    const auto units = rig.received();
    REQUIRE(units.size() == 10'000);
    CHECK(snapshot.outputs[0].late == 0);
    CHECK(snapshot.outputs[0].rebases == 0);
    const Nanoseconds latency = units.back().at - rig.input.frames.back().at;
    CHECK(latency > kBudget - 50 * kMillisecond);
    CHECK(latency < kBudget + 50 * kMillisecond);
    REQUIRE(snapshot.outputs[0].source_clock_ppm.has_value());
    CHECK(std::abs(*snapshot.outputs[0].source_clock_ppm - ppm) < 5);
    check_law(snapshot);
  }
}

TEST_CASE("a live source at 95 % or 105 % is followed by counted steps, and no frame is lost") {
  const std::pair<CatchUp, double> cases[] = {{CatchUp::Burst, 0.95},
                                              {CatchUp::Burst, 1.05},
                                              {CatchUp::Rebase, 0.95},
                                              {CatchUp::Rebase, 1.05}};
  for (const auto& [policy, rate] : cases) {
    CAPTURE(static_cast<int>(policy));
    CAPTURE(rate);
    Rig rig;
    rig.input = live_input(rate, rig.clock.now());
    rig.options.catch_up = policy;
    const auto snapshot = rig.run();
    const auto units = rig.received();
    REQUIRE(units.size() == 3'000);
    CHECK(snapshot.outputs[0].rebases_source_clock > 5);
    CHECK(units.back().at - rig.input.frames.back().at < kBudget + 400 * kMillisecond);
    CHECK(std::abs(*snapshot.outputs[0].source_clock_ppm / 1e6 - (rate - 1)) < 0.002);
    check_law(snapshot);
  }
}

TEST_CASE("Skip drops a few frames of a source at 95 % or 105 % until its rate is known") {
  for (const double rate : {0.95, 1.05}) {
    CAPTURE(rate);
    Rig rig;
    rig.input = live_input(rate, rig.clock.now());
    rig.options.catch_up = CatchUp::Skip;
    const auto snapshot = rig.run();
    CHECK(dropped(snapshot.outputs[0], ring::Drop::Late) < 300);
    CHECK(rig.received().back().at - rig.input.frames.back().at < kBudget + 400 * kMillisecond);
    // The rate is known after a minute.
    const auto all = indices(rig.received(), rig.input.format);
    const auto later =
        std::ranges::count_if(all, [](std::int64_t index) { return index >= 2'000; });
    CHECK(later == 1'000);
    check_law(snapshot);
  }
}

TEST_CASE(
    "frames that a live source gave before the output was connected are dropped and counted") {
  Rig rig;
  rig.input.live = true;
  rig.options.catch_up = CatchUp::Burst;
  const Nanoseconds start = rig.clock.now();
  rig.input.frames = live_frames(rig.input.format, 100, start);
  rig.server().on_connect = [&](int, const AbortSignal& abort) {
    rig.clock.wait_until(start + 800 * kMillisecond, {.abort_fd = abort.fd()});
  };
  const auto snapshot = rig.run();
  const auto units = rig.received();
  REQUIRE(!units.empty());
  CHECK(index_of(units[0], rig.input.format) == 20);
  CHECK(dropped(snapshot.outputs[0], ring::Drop::Backlog) == 20);
  CHECK(units[0].at - rig.input.frames[20].at == kBudget);
  CHECK(units.back().at - rig.input.frames.back().at == kBudget);
  check_law(snapshot);
}
