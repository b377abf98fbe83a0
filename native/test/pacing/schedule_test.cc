#include "pacing/schedule.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/clock.h"

using namespace videopush;
using pacing::CatchUp;
using pacing::RebaseReason;
using pacing::Schedule;

namespace {

constexpr Nanoseconds kStart = 5'000 * kSecond;
constexpr AVRational kMsBase{1, 1000};
constexpr Nanoseconds kInterval = 40 * kMillisecond;

pacing::ScheduleOptions with(CatchUp catch_up) {
  return {.latency_budget = 100 * kMillisecond, .catch_up = catch_up, .frame_interval = kInterval};
}

/// Nearest nanosecond to ticks * base, by rational arithmetic in 128 bits (halves away from zero).
Nanoseconds exact_ns(std::int64_t ticks, AVRational base) {
  const __int128 doubled = static_cast<__int128>(ticks) * base.num * kSecond * 2;
  return static_cast<Nanoseconds>((doubled + base.den) / (static_cast<__int128>(base.den) * 2));
}

/// A sender that offers each unit at the later of its arrival and `send_at`. Frame i of 25 per
/// second arrives at `arrivals[i]`; returns the instants of sending.
std::vector<Nanoseconds> send_all(Schedule& schedule, const std::vector<Nanoseconds>& arrivals) {
  std::vector<Nanoseconds> sent;
  Nanoseconds free_at = 0;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    const auto dts = static_cast<std::int64_t>(i) * 40;
    const Nanoseconds now = std::max(arrivals[i], free_at);
    free_at = std::max(now, schedule.plan(dts, now).send_at);
    schedule.sent(dts, free_at);
    sent.push_back(free_at);
  }
  return sent;
}

}  // namespace

TEST_CASE("an hour at 29.97 and 23.976 frames per second has no timestamp error") {
  struct Rate {
    AVRational base;
    std::int64_t ticks_per_frame;
    int frames;
  };
  for (const Rate& rate : {Rate{{1, 30000}, 1001, 107'892}, Rate{{1001, 30000}, 1, 107'892},
                           Rate{{1, 24000}, 1001, 86'313}, Rate{{1, 90000}, 3003, 107'892}}) {
    const std::int64_t first = 123'457 * rate.ticks_per_frame;
    Schedule schedule(with(CatchUp::Rebase), rate.base);
    Nanoseconds now = kStart;
    std::int64_t worst = 0;
    for (int i = 0; i < rate.frames; ++i) {
      const std::int64_t dts = first + i * rate.ticks_per_frame;
      const auto plan = schedule.plan(dts, now);
      const Nanoseconds want = kStart + 100 * kMillisecond + exact_ns(dts - first, rate.base);
      worst = std::max(worst, std::abs(plan.deadline - want));
      now = plan.send_at;
      schedule.sent(dts, now);
    }
    CHECK(worst == 0);
    CHECK(schedule.state().total_rebases() == 0);
  }
}

TEST_CASE("the first unit starts the schedule, and a delay before it causes no burst") {
  Schedule schedule(with(CatchUp::Burst), kMsBase);
  CHECK_FALSE(schedule.started());
  CHECK(schedule.lead(500, kStart) == 0);
  const auto plan = schedule.plan(7'000, kStart);
  CHECK(plan.deadline == kStart + 100 * kMillisecond);
  CHECK(plan.send_at == plan.deadline);
  CHECK(schedule.state().t0 == kStart);
  CHECK(schedule.plan(7'040, kStart).send_at == kStart + 140 * kMillisecond);
}

TEST_CASE("the lead is media time handed in minus time elapsed since t0") {
  Schedule schedule(with(CatchUp::Rebase), kMsBase);
  schedule.plan(1'000, kStart);
  CHECK(schedule.lead(1'400, kStart) == 400 * kMillisecond);
  CHECK(schedule.lead(1'400, kStart + kSecond) == -600 * kMillisecond);
}

TEST_CASE("Rebase makes a stalled unit due at once and keeps the rate behind it") {
  Schedule schedule(with(CatchUp::Rebase), kMsBase);
  schedule.plan(0, kStart);
  const Nanoseconds late = kStart + 100 * kMillisecond + 40 * kMillisecond + 3 * kSecond;
  const auto plan = schedule.plan(40, late);
  CHECK(plan.rebased == 3 * kSecond);
  CHECK(plan.deadline == late);
  CHECK(plan.send_at == late);
  CHECK(schedule.plan(80, late + 1).send_at == late + 40 * kMillisecond);
  CHECK(schedule.state().rebases[static_cast<int>(RebaseReason::Stall)] == 1);
  CHECK(schedule.state().rebased_ns[static_cast<int>(RebaseReason::Stall)] == 3 * kSecond);
}

TEST_CASE("Rebase leaves a unit alone that is late by one frame interval or less") {
  Schedule schedule(with(CatchUp::Rebase), kMsBase);
  schedule.plan(0, kStart);
  const Nanoseconds deadline = kStart + 140 * kMillisecond;
  const auto plan = schedule.plan(40, deadline + kInterval);
  CHECK(plan.rebased == 0);
  CHECK(plan.deadline == deadline);
  CHECK(schedule.plan(80, deadline + kInterval + 1).rebased == 0);
  CHECK(schedule.plan(80, deadline + 2 * kInterval + 1).rebased == kInterval + 1);
}

TEST_CASE("Burst catches up after a stall of 3 s at no more than 1.25 times the rate") {
  Schedule schedule(with(CatchUp::Burst), kMsBase);
  std::vector<Nanoseconds> arrivals;
  for (int i = 0; i < 1'000; ++i) {
    const Nanoseconds regular = kStart + i * kInterval;
    arrivals.push_back(i < 50 ? regular : std::max(regular, kStart + 50 * kInterval + 3 * kSecond));
  }
  const auto sent = send_all(schedule, arrivals);
  for (std::size_t i = 1; i < sent.size(); ++i) REQUIRE(sent[i] - sent[i - 1] >= kInterval * 4 / 5);
  // 2.9 s late (the budget took up 0.1 s), 8 ms made good a frame: on time again within 363 frames.
  const auto on_time = [&](std::size_t i) {
    return sent[i] - (kStart + 100 * kMillisecond + static_cast<Nanoseconds>(i) * kInterval) <= 0;
  };
  CHECK(on_time(49));
  CHECK_FALSE(on_time(400));
  CHECK(on_time(415));
  CHECK(on_time(999));
  CHECK(schedule.state().total_rebases() == 0);
}

TEST_CASE("Burst never exceeds its rate, however the units arrive, and never sends early") {
  constexpr unsigned kSeed = 20'240'611;
  CAPTURE(kSeed);
  std::mt19937 random(kSeed);
  std::uniform_int_distribution<Nanoseconds> hiccup(0, 250 * kMillisecond);
  Schedule schedule(with(CatchUp::Burst), kMsBase);
  std::vector<Nanoseconds> arrivals;
  for (int i = 0; i < 5'000; ++i) {
    const bool delayed = random() % 20 == 0;
    arrivals.push_back(kStart + i * kInterval + (delayed ? hiccup(random) : 0));
  }
  std::sort(arrivals.begin(), arrivals.end());
  const auto sent = send_all(schedule, arrivals);
  for (std::size_t i = 1; i < sent.size(); ++i) {
    REQUIRE(sent[i] - sent[i - 1] >= kInterval * 4 / 5);
    REQUIRE(sent[i] >= schedule.deadline(static_cast<std::int64_t>(i) * 40));
  }
}

TEST_CASE("Burst bounds the rate of units of unequal length by their own spacing") {
  Schedule schedule(with(CatchUp::Burst), kMsBase);
  schedule.plan(0, kStart);
  const Nanoseconds now = kStart + 10 * kSecond;
  schedule.sent(0, now);
  CHECK(schedule.plan(100, now).send_at == now + 80 * kMillisecond);
  CHECK(schedule.plan(10, now).send_at == now + 8 * kMillisecond);
  CHECK(schedule.plan(0, now).send_at == now);    // repeated after a reconnect
  CHECK(schedule.plan(-40, now).send_at == now);  // encoded again from an earlier frame
}

TEST_CASE("Skip asks for dropped frames while more than one interval late, and not before") {
  Schedule schedule(with(CatchUp::Skip), kMsBase);
  schedule.plan(0, kStart);
  const Nanoseconds deadline = kStart + 140 * kMillisecond;
  CHECK_FALSE(schedule.plan(40, deadline + kInterval).skip);
  const auto late = schedule.plan(40, deadline + kInterval + 1);
  CHECK(late.skip);
  CHECK(late.deadline == deadline);
  CHECK(late.rebased == 0);
  CHECK_FALSE(schedule.plan(2'000, deadline + kSecond).skip);
}

TEST_CASE("a schedule goes on in the next process, and its shift is counted as a resume") {
  Schedule before(with(CatchUp::Rebase), kMsBase);
  before.plan(0, kStart);
  Schedule after(with(CatchUp::Rebase), kMsBase, before.state());
  CHECK(after.started());
  CHECK(after.plan(40, kStart + 130 * kMillisecond, RebaseReason::Resume).send_at ==
        kStart + 140 * kMillisecond);
  const Nanoseconds back = kStart + 20 * kSecond;
  CHECK(after.plan(80, back, RebaseReason::Resume).send_at == back);
  CHECK(after.state().rebases[static_cast<int>(RebaseReason::Resume)] == 1);
  CHECK(after.state().rebases[static_cast<int>(RebaseReason::Stall)] == 0);
  CHECK(after.state().total_rebased() == back - (kStart + 180 * kMillisecond));
}

TEST_CASE("a schedule from another boot's clock starts at once instead of waiting for its t0") {
  const pacing::ScheduleState state{.t0 = kStart + 3'600 * kSecond, .dts0 = 0, .started = 1};
  for (const CatchUp policy : {CatchUp::Rebase, CatchUp::Burst, CatchUp::Skip}) {
    Schedule schedule(with(policy), kMsBase, state);
    const auto plan = schedule.plan(400, kStart, RebaseReason::Resume);
    CHECK(plan.send_at == kStart);
    CHECK_FALSE(plan.skip);
    CHECK(schedule.plan(440, kStart).send_at == kStart + 40 * kMillisecond);
    CHECK(schedule.state().rebases[static_cast<int>(RebaseReason::Resume)] == 1);
    CHECK(schedule.state().total_rebased() > 3'600 * kSecond);
  }
}

TEST_CASE("a unit that is due later than any gap of a source is a discontinuity") {
  Schedule schedule(with(CatchUp::Burst), kMsBase);
  schedule.plan(0, kStart);
  schedule.sent(0, kStart + 100 * kMillisecond);
  // An hour is a gap that is waited for.
  CHECK(schedule.plan(3'600'000, kStart + 100 * kMillisecond).rebased == 0);
  const auto plan = schedule.plan(20'000'000, kStart + 140 * kMillisecond);
  CHECK(plan.send_at == kStart + 240 * kMillisecond);
  CHECK(plan.rebased != 0);
  CHECK(schedule.state().rebases[static_cast<std::size_t>(RebaseReason::Discontinuity)] == 1);
  CHECK(schedule.plan(20'000'040, kStart + 180 * kMillisecond).send_at ==
        kStart + 280 * kMillisecond);
}
