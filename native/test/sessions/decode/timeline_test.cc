#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "sessions/decode/decode_timeline.h"

using namespace videopush;
using sessions::DecodeTimeline;

namespace {

constexpr AVRational kMilliseconds{1, 1000};

std::vector<ring::SlotHeader> play(DecodeTimeline& timeline, const std::vector<std::int64_t>& pts,
                                   std::size_t from = 0) {
  std::vector<ring::SlotHeader> placed;
  for (std::size_t i = from; i < pts.size(); ++i) {
    const std::int64_t duration = i + 1 < pts.size() ? pts[i + 1] - pts[i] : 40;
    const std::int64_t count = timeline.copies(pts[i], pts[i] + duration);
    for (std::int64_t copy = 0; copy < count; ++copy)
      timeline.place(pts[i], duration, placed.emplace_back());
  }
  return placed;
}

std::vector<std::int64_t> pts_of(const std::vector<ring::SlotHeader>& headers) {
  std::vector<std::int64_t> pts;
  for (const auto& header : headers) pts.push_back(header.pts);
  return pts;
}

}  // namespace

TEST_CASE("the timeline keeps a variable rate as it is, from zero") {
  DecodeTimeline timeline(kMilliseconds, std::nullopt, 40);
  CHECK(pts_of(play(timeline, {1400, 1433, 1500, 1501})) ==
        std::vector<std::int64_t>{0, 33, 100, 101});
}

TEST_CASE("the timeline joins passes without gap or drift") {
  DecodeTimeline timeline({1, 90'000}, std::nullopt, 3003);
  std::vector<std::int64_t> source;
  for (int i = 0; i < 30; ++i) source.push_back(900'000 + i * 3003);
  std::int64_t expected = 0;
  for (std::uint32_t pass = 0; pass < 200; ++pass) {
    for (std::size_t i = 0; i < source.size(); ++i) {
      CHECK(timeline.copies(source[i], source[i] + 3003) == 1);
      ring::SlotHeader header{};
      timeline.place(source[i], 3003, header);
      REQUIRE(header.pts == expected);
      REQUIRE(header.pass == pass);
      REQUIRE(header.source_index == static_cast<std::int64_t>(i));
      expected += 3003;
    }
    timeline.begin_pass();
  }
}

TEST_CASE("the timeline converts an hour at 23.976 to 29.97 exactly and counts the repeats") {
  DecodeTimeline timeline({1001, 24'000}, AVRational{30'000, 1001}, 1);
  const int frames = 3600 * 24;
  std::int64_t tick = 0;
  for (int i = 0; i < frames; ++i) {
    const std::int64_t count = timeline.copies(i, i + 1);
    for (std::int64_t copy = 0; copy < count; ++copy) {
      ring::SlotHeader header{};
      timeline.place(i, 1, header);
      REQUIRE(header.pts == tick++);
    }
  }
  CHECK(tick == frames / 4 * 5);
  CHECK(timeline.repeats() == static_cast<std::uint64_t>(frames / 4));
  CHECK(timeline.drops() == 0);
}

TEST_CASE("the timeline marks another connection as a discontinuity after a gap") {
  DecodeTimeline timeline(kMilliseconds, std::nullopt, 40);
  play(timeline, {0, 40, 80});
  timeline.begin_connection(3'000);
  const auto placed = play(timeline, {77'000, 77'040});
  CHECK(pts_of(placed) == std::vector<std::int64_t>{3'120, 3'160});
  CHECK(placed[0].flags == ring::kDiscontinuity);
  CHECK(placed[1].flags == 0);
  timeline.begin_connection(-5);  // never back
  CHECK(pts_of(play(timeline, {5})) == std::vector<std::int64_t>{3'200});
}

TEST_CASE("the timeline moves on even where a source's timestamps do not") {
  DecodeTimeline timeline(kMilliseconds, std::nullopt, 40);
  CHECK(pts_of(play(timeline, {100, 100, 90, 200})) == std::vector<std::int64_t>{0, 1, 2, 100});
}

TEST_CASE("the timeline goes on behind any frame where it is resumed, as if it had never stopped") {
  std::mt19937 random(7);
  std::vector<std::int64_t> source{500};
  for (int i = 1; i < 60; ++i)
    source.push_back(source.back() + 1 + static_cast<std::int64_t>(random() % 90));
  const std::optional<AVRational> rates[] = {std::nullopt, AVRational{10, 1}, AVRational{25, 1},
                                             AVRational{60, 1}};
  for (const auto& rate : rates) {
    const auto make = [&] { return DecodeTimeline(kMilliseconds, rate, rate ? 1 : 40); };
    DecodeTimeline whole = make();
    auto expected = play(whole, source);
    whole.begin_pass();
    for (const auto& header : play(whole, source)) expected.push_back(header);

    for (std::size_t i = 0; i < expected.size(); ++i) {
      DecodeTimeline rest = make();
      rest.resume(expected[i]);
      const auto at = static_cast<std::size_t>(
          std::find(source.begin(), source.end(), expected[i].source_pts) - source.begin());
      auto got = play(rest, source, rate ? at : at + 1);
      if (expected[i].pass == 0) {
        rest.begin_pass();
        for (const auto& header : play(rest, source)) got.push_back(header);
      }
      REQUIRE(got.size() == expected.size() - i - 1);
      for (std::size_t k = 0; k < got.size(); ++k) {
        const ring::SlotHeader& a = got[k];
        const ring::SlotHeader& b = expected[i + 1 + k];
        REQUIRE(a.pts == b.pts);
        REQUIRE(a.source_pts == b.source_pts);
        REQUIRE(a.source_index == b.source_index);
        REQUIRE(a.pass == b.pass);
        REQUIRE(a.duration == b.duration);
        REQUIRE(a.segment_start == b.segment_start);
      }
    }
  }
}
