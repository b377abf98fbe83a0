// Days of a live source, on simulated time: every frame goes through the source's timeline, the
// schedule that follows its clock, and the figures of what was sent.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <utility>

#include "media/source/timeline.h"
#include "pacing/schedule.h"
#include "pacing/stats.h"
#include "support/count.h"

using namespace videopush;
using pacing::CatchUp;
using pacing::RebaseReason;

namespace {

constexpr AVRational kTicks{1, 90'000};
constexpr Nanoseconds kFrame = 40 * kMillisecond, kLatency = 100 * kMillisecond;
constexpr Nanoseconds kEncode = 3 * kMillisecond, kDay = 24 * 3600 * kSecond;
constexpr std::int64_t kTurn = std::int64_t{1} << 33;

/// 25 frames a second by a clock that runs at `rate` and counts 33 bits.
struct Camera {
  double rate = 1;
  Nanoseconds jitter = 10 * kMillisecond;
  std::int64_t ticks = 1'000;
  double wall = static_cast<double>(kSecond);
  std::mt19937_64 random{5};
};

/// From packets that arrive to units that are sent.
class Push {
 public:
  explicit Push(CatchUp policy)
      : schedule_({.latency_budget = kLatency, .catch_up = policy, .frame_interval = kFrame},
                  kTicks) {}

  void play(Camera& camera, Nanoseconds duration) {
    const double end = camera.wall + static_cast<double>(duration);
    while (camera.wall < end) {
      const auto delay = static_cast<Nanoseconds>(camera.random() % camera.jitter);
      const Nanoseconds arrived = static_cast<Nanoseconds>(camera.wall) + delay;
      PacketPtr packet = make_packet();
      packet->dts = packet->pts = camera.ticks % kTurn;
      packet->duration = 3600;
      arrivals_.push_back(arrived);
      timeline_.add(std::move(packet), arrived);
      while (const PacketPtr placed = timeline_.take()) send(placed->dts, arrived);
      camera.ticks += 3600;
      camera.wall += static_cast<double>(kFrame) / camera.rate;
    }
  }

  void forget_range() { least_ = INT64_MAX, most_ = INT64_MIN; }
  Nanoseconds least() const { return least_; }  // time from a frame's arrival until it was sent
  Nanoseconds most() const { return most_; }
  double worst_share() const { return worst_share_; }  // of late units in 10 s
  double most_ppm() const { return most_ppm_; }
  std::optional<double> ppm() { return schedule_.source_clock().ppm(); }
  const pacing::ScheduleState& state() const { return schedule_.state(); }
  const pacing::PacingStats& stats() const { return stats_; }
  std::uint64_t jumps() const { return timeline_.discontinuities().total(); }
  Nanoseconds lost() const { return schedule_.lost(); }
  std::int64_t skipped() const { return skipped_; }
  bool never_paced_false() const { return worst_share_ <= 0.05 && most_ppm_ <= 500; }

 private:
  void send(std::int64_t dts, Nanoseconds produced) {
    const Nanoseconds came = arrivals_.front();
    arrivals_.pop_front();
    schedule_.follow(dts, produced);
    if (const auto ppm = schedule_.source_clock().ppm())
      most_ppm_ = std::max(most_ppm_, std::abs(*ppm));
    const Nanoseconds ready = std::max(produced + kEncode, free_);
    const auto plan = schedule_.plan(dts, ready);
    skipped_ += plan.skip;
    if (plan.skip) return;
    free_ = std::max(ready, plan.send_at);
    schedule_.sent(dts, free_);
    stats_.on_sent(plan.deadline, free_, free_, 0, kFrame, std::max<Nanoseconds>(0, plan.rebased));
    least_ = std::min(least_, free_ - came);
    most_ = std::max(most_, free_ - came);
    judge();
  }

  void judge() {
    if (++judged_ < 250) return;
    const std::uint64_t late = stats_.late;
    const double share = static_cast<double>(late - std::exchange(late_before_, late)) / 250;
    worst_share_ = std::max(worst_share_, share);
    judged_ = 0;
  }

  media::SourceTimeline timeline_{{media::kLongestGapOfStreams, 33}, {{kTicks, 3600}}};
  pacing::Schedule schedule_;
  pacing::PacingStats stats_;
  std::deque<Nanoseconds> arrivals_;
  Nanoseconds free_ = 0, least_ = INT64_MAX, most_ = INT64_MIN;
  int judged_ = 0;
  std::uint64_t late_before_ = 0;
  std::int64_t skipped_ = 0;
  double worst_share_ = 0, most_ppm_ = 0;
};

int days() { return test::count(1, 30); }

}  // namespace

TEST_CASE("a live source 100 ppm off is paced for 30 days, and its latency stays") {
  for (const double ppm : {100.0, -100.0}) {
    CAPTURE(ppm);
    Push push(CatchUp::Burst);
    Camera camera{.rate = 1 + ppm / 1e6};
    push.play(camera, days() * kDay);
    CHECK(push.stats().lateness.snapshot().quantile(0.99) < 0.04);
    CHECK(push.stats().late == 0);
    CHECK(push.never_paced_false());
    CHECK(push.least() > kLatency - 50 * kMillisecond);
    CHECK(push.most() < kLatency + 50 * kMillisecond);
    CHECK(push.state().total_rebases() == 0);
    CHECK(push.lost() == 0);
    CHECK(push.jumps() == 0);
    CHECK(std::abs(*push.ppm() - ppm) < 5);
  }
}

TEST_CASE("a live source whose clock is set once a day is paced, and its latency stays") {
  for (const CatchUp policy : {CatchUp::Burst, CatchUp::Rebase, CatchUp::Skip}) {
    CAPTURE(static_cast<int>(policy));
    Push push(policy);
    Camera camera{.rate = 1 + 30e-6};
    const std::int64_t steps[] = {3 * 90'000, -3 * 90'000,   18'000,
                                  -18'000,    3600 * 90'000, -3600 * 90'000};
    for (int day = 0; day < days(); ++day) {
      push.play(camera, kDay / 2);
      camera.ticks += kTurn + steps[day % 6];
      push.play(camera, kDay / 2);
    }
    CHECK(push.stats().lateness.snapshot().quantile(0.99) < 0.04);
    CHECK(push.never_paced_false());
    CHECK(push.least() > kLatency - 50 * kMillisecond);
    // A frame after a step waits for the next one, which shows that it is no outlier.
    CHECK(push.most() < kLatency + 50 * kMillisecond);
    CHECK(push.jumps() == static_cast<std::uint64_t>(days()));
    CHECK(push.state().total_rebases() == 0);
    CHECK(push.skipped() == 0);
  }
}

TEST_CASE("a live source at 95 % or 105 % keeps its latency by every policy, its rate known") {
  for (const CatchUp policy : {CatchUp::Burst, CatchUp::Rebase, CatchUp::Skip}) {
    for (const double rate : {0.95, 1.05}) {
      CAPTURE(static_cast<int>(policy));
      CAPTURE(rate);
      Push push(policy);
      Camera camera{.rate = rate};
      push.play(camera, 90 * kSecond);
      CHECK(push.most() < kLatency + 400 * kMillisecond);
      const std::uint64_t late = push.stats().late;
      const std::int64_t skipped = push.skipped();
      push.play(camera, 210 * kSecond);
      push.forget_range();
      push.play(camera, 3600 * kSecond);
      // Once the rate is known, no frame is late for it.
      CHECK(push.stats().late == late);
      CHECK(push.skipped() == skipped);
      CHECK(push.least() > kLatency - 50 * kMillisecond);
      CHECK(push.most() < kLatency + 50 * kMillisecond);
      CHECK(push.state().rebases[static_cast<int>(RebaseReason::SourceClock)] > 600);
      const double lost = (1 - rate) * 3900;
      CHECK(std::abs(to_seconds(push.lost()) - lost) < 2);
      CHECK(std::abs(*push.ppm() / 1e6 - (rate - 1)) < 0.0002);
    }
  }
}

TEST_CASE("a live source that is right again after 95 % is soon known to be right") {
  Push push(CatchUp::Burst);
  Camera camera{.rate = 0.95};
  push.play(camera, 600 * kSecond);
  camera.rate = 1;
  push.play(camera, 180 * kSecond);
  CHECK(push.most() < kLatency + 400 * kMillisecond);
  CHECK(std::abs(*push.ppm()) < 450);
  const std::uint64_t late = push.stats().late;
  push.play(camera, 600 * kSecond);
  CHECK(push.stats().late == late);
  CHECK(std::abs(*push.ppm()) < 5);
}

TEST_CASE("a network that stands still for 3 s is not taken for the source's rate") {
  Push push(CatchUp::Burst);
  Camera camera;
  push.play(camera, 300 * kSecond);
  const double before = camera.wall;
  camera.wall += 3e9;
  camera.rate = 1000;  // what was held up comes at once
  push.play(camera, 3 * kMillisecond);
  camera.rate = 1;
  camera.wall = before + 3e9;
  push.play(camera, 300 * kSecond);
  CHECK(push.most_ppm() < 50);
  CHECK(push.jumps() == 0);
}
