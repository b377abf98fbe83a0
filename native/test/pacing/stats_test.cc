#include "pacing/stats.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>

using namespace videopush;
using pacing::Histogram;
using pacing::PacingStats;

TEST_CASE("a histogram puts a value that equals a bound below it") {
  constexpr Nanoseconds bounds[] = {1 * kMillisecond, 10 * kMillisecond};
  Histogram histogram(bounds);
  histogram.observe(-5);
  histogram.observe(1 * kMillisecond);
  histogram.observe(1 * kMillisecond + 1);
  histogram.observe(10 * kMillisecond);
  histogram.observe(11 * kMillisecond);
  const auto seen = histogram.snapshot();
  CHECK(seen.bounds == std::vector<double>{.001, .01});
  CHECK(seen.buckets == std::vector<std::uint64_t>{2, 2, 1});
  CHECK(seen.count == 5);
  CHECK(seen.sum == doctest::Approx(.023).epsilon(1e-6));
}

TEST_CASE("quantiles are interpolated inside their bucket and end at the last bound") {
  constexpr Nanoseconds bounds[] = {10 * kMillisecond, 20 * kMillisecond};
  Histogram histogram(bounds);
  CHECK(histogram.snapshot().quantile(.5) == 0);
  for (int i = 0; i < 50; ++i) histogram.observe(5 * kMillisecond);
  for (int i = 0; i < 40; ++i) histogram.observe(15 * kMillisecond);
  for (int i = 0; i < 10; ++i) histogram.observe(500 * kMillisecond);
  const auto seen = histogram.snapshot();
  CHECK(seen.quantile(.25) == doctest::Approx(.005));
  CHECK(seen.quantile(.5) == doctest::Approx(.010));
  CHECK(seen.quantile(.7) == doctest::Approx(.015));
  CHECK(seen.quantile(.99) == doctest::Approx(.020));
}

TEST_CASE("a histogram refuses bounds that do not ascend or are too many") {
  constexpr Nanoseconds falling[] = {2, 1};
  CHECK_THROWS_AS(Histogram{falling}, std::invalid_argument);
  const std::vector<Nanoseconds> many(Histogram::kMaxBounds + 1, 1);
  CHECK_THROWS_AS(Histogram{many}, std::invalid_argument);
}

TEST_CASE("the metrics' buckets are those of the table") {
  CHECK(pacing::lateness_bounds().size() == 16);
  CHECK(pacing::lateness_bounds().front() == 100'000);
  CHECK(pacing::lateness_bounds().back() == 5'000 * kMillisecond);
  CHECK(pacing::interval_error_bounds().back() == 250 * kMillisecond);
  CHECK(pacing::residence_bounds().size() == 12);
  CHECK(pacing::work_bounds().size() == 11);
  CHECK(pacing::write_bounds().front() == 50'000);
  CHECK(pacing::write_bounds().back() == 1'000 * kMillisecond);
}

TEST_CASE("pacing statistics count lateness, interval error, variance sums and signed lead") {
  PacingStats stats;
  const Nanoseconds interval = 40 * kMillisecond;
  stats.on_sent(1'000 * kMillisecond, 1'000 * kMillisecond, 1'001 * kMillisecond, 0, interval);
  stats.on_sent(1'040 * kMillisecond, 1'042 * kMillisecond, 1'042 * kMillisecond, interval,
                interval);
  stats.on_sent(1'080 * kMillisecond, 1'121 * kMillisecond, 1'121 * kMillisecond, interval,
                interval);
  stats.on_wait(30 * kMillisecond);
  stats.on_wait(12 * kMillisecond);
  CHECK(stats.lateness.snapshot().count == 3);
  CHECK(stats.lateness.snapshot().sum == doctest::Approx(.043));
  CHECK(stats.write_duration.snapshot().sum == doctest::Approx(.001));
  CHECK(stats.late == 1);
  CHECK(stats.interval_error.snapshot().count == 2);
  CHECK(stats.interval_error.snapshot().sum == doctest::Approx(.041));
  CHECK(stats.interval_sum == 121 * kMillisecond);
  CHECK(stats.interval_squared_sum == doctest::Approx(.042 * .042 + .079 * .079));
  const Nanoseconds first = 2 * kMillisecond / 16;
  CHECK(stats.jitter == first + (39 * kMillisecond - first) / 16);
  CHECK(stats.send_lead == -41 * kMillisecond);
  CHECK(stats.wait_sum == 42 * kMillisecond);
  // A unit for which the schedule was moved by 60 ms is as late as it was before.
  const Nanoseconds moved = 1'181 * kMillisecond;
  stats.on_sent(moved, moved, moved, 0, interval, 60 * kMillisecond);
  CHECK(stats.late == 2);
  CHECK(stats.lateness.snapshot().sum == doctest::Approx(.103));
  CHECK(stats.send_lead == 0);
}

TEST_CASE("a snapshot taken while the sender writes is consistent in itself") {
  PacingStats stats;
  std::thread writer([&] {
    for (Nanoseconds i = 0; i < 20'000; ++i)
      stats.on_sent(i * kMillisecond, i * kMillisecond + i, i * kMillisecond + i, kMillisecond,
                    kMillisecond);
  });
  std::uint64_t last = 0;
  do {
    const auto seen = stats.lateness.snapshot();
    std::uint64_t total = 0;
    for (const std::uint64_t bucket : seen.buckets) total += bucket;
    REQUIRE(total == seen.count);
    REQUIRE(seen.count >= last);
    last = seen.count;
  } while (last < 20'000);
  writer.join();
}
