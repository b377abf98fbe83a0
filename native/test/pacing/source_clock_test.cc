#include "pacing/source_clock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include "core/clock.h"

using namespace videopush;
using pacing::SourceClock;

namespace {

constexpr Nanoseconds kLatency = 100 * kMillisecond;

/// A schedule that follows its source: deadline = start + latency + media.
struct Follower {
  SourceClock clock;
  Nanoseconds start = 0;
  std::uint64_t steps = 0, late = 0, frames = 0;
  Nanoseconds least = INT64_MAX, most = INT64_MIN;  // slack, after the correction

  void frame(Nanoseconds produced, Nanoseconds media) {
    const Nanoseconds slack = start + kLatency + media - produced;
    const auto correction = clock.observe(produced, media, slack);
    start += correction.shift;
    steps += correction.counted != 0;
    const Nanoseconds now = slack + correction.shift;
    least = std::min(least, now);
    most = std::max(most, now);
    late += now < -40 * kMillisecond;
    ++frames;
  }
  void forget_range() { least = INT64_MAX, most = INT64_MIN; }
};

/// Frames of 25 a second from a clock that runs at `rate`, with a jitter of up to `jitter`.
struct Camera {
  double rate = 1;
  Nanoseconds jitter = 0;
  Nanoseconds media = 0;
  double wall = 0;
  std::mt19937_64 random{3};

  void run(Follower& follower, Nanoseconds duration) {
    const double end = wall + static_cast<double>(duration);
    while (wall < end) {
      const auto late = jitter > 0 ? static_cast<Nanoseconds>(random() % jitter) : 0;
      follower.frame(static_cast<Nanoseconds>(wall) + late, media);
      media += 40 * kMillisecond;
      wall += 40e6 / rate;
    }
  }
};

}  // namespace

TEST_CASE("a camera whose clock is 100 ppm off keeps its latency for 30 days") {
  for (const double ppm : {100.0, -100.0, 50.0, -50.0}) {
    CAPTURE(ppm);
    Follower follower;
    Camera camera{.rate = 1 + ppm / 1e6, .jitter = 10 * kMillisecond};
    camera.run(follower, 3600 * kSecond);
    follower.forget_range();
    camera.run(follower, 30 * 24 * 3600 * kSecond);
    CHECK(follower.steps == 0);
    CHECK(follower.late == 0);
    CHECK(follower.least > kLatency - 50 * kMillisecond);
    CHECK(follower.most < kLatency + 50 * kMillisecond);
    REQUIRE(follower.clock.ppm().has_value());
    CHECK(std::abs(*follower.clock.ppm() - ppm) < 5);
  }
}

TEST_CASE("a source at 95 % or 105 % is followed in steps, and its rate is known") {
  for (const double rate : {0.95, 1.05}) {
    CAPTURE(rate);
    Follower follower;
    Camera camera{.rate = rate, .jitter = 5 * kMillisecond};
    camera.run(follower, 600 * kSecond);
    CHECK(follower.steps > 0);
    CHECK(follower.least > kLatency - 500 * kMillisecond);
    CHECK(follower.most < kLatency + 500 * kMillisecond);
    CHECK(std::abs(*follower.clock.ppm() / 1e6 - (rate - 1)) < 0.002);
  }
}

TEST_CASE("a clock that is set once a day costs one step each time") {
  Follower follower;
  Camera camera{.rate = 1 + 30e-6, .jitter = 5 * kMillisecond};
  for (int day = 0; day < 30; ++day) {
    camera.run(follower, 24 * 3600 * kSecond);
    camera.media += (day % 2 == 0 ? 3 : -3) * kSecond;
  }
  camera.run(follower, 60 * kSecond);
  CHECK(follower.steps == 30);
  CHECK(static_cast<double>(follower.late) / static_cast<double>(follower.frames) < 1e-5);
}

TEST_CASE("a source that pauses and then gives all frames at once causes no step") {
  Follower follower;
  Camera camera;
  camera.run(follower, 60 * kSecond);
  // Three seconds of frames that come within a tenth of a second.
  const double before = camera.wall;
  for (int i = 0; i < 75; ++i) {
    follower.frame(static_cast<Nanoseconds>(before + 2.9e9 + i * 1.3e6), camera.media);
    camera.media += 40 * kMillisecond;
  }
  camera.wall = before + 3e9;
  camera.run(follower, 60 * kSecond);
  CHECK(follower.steps == 0);
}

TEST_CASE("a decoder that had to wait for the queue gives no estimate of its source's clock") {
  Follower follower;
  Camera camera;
  camera.run(follower, 60 * kSecond);
  follower.clock.pause();
  CHECK_FALSE(follower.clock.ppm().has_value());
  camera.run(follower, 70 * kSecond);
  CHECK(follower.steps == 0);
  CHECK(std::abs(*follower.clock.ppm()) < 1);
}
