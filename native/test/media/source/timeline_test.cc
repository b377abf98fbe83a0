#include "media/source/timeline.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

using namespace videopush;
using media::Discontinuities;
using media::SourceTimeline;

namespace {

constexpr AVRational kSystem{1, 90'000};
constexpr std::int64_t kFrame = 3600;  // 25 frames a second
constexpr std::int64_t kTurn = std::int64_t{1} << 33;
constexpr std::int64_t kNone = AV_NOPTS_VALUE;

struct Stamp {
  std::int64_t dts, pts;
  bool key = false;
  int track = 0;
  bool operator==(const Stamp&) const = default;
};

PacketPtr packet_of(const Stamp& stamp) {
  PacketPtr packet = make_packet();
  packet->dts = stamp.dts;
  packet->pts = stamp.pts;
  packet->duration = stamp.track == 0 ? kFrame : 21;
  packet->stream_index = stamp.track;
  if (stamp.key) packet->flags |= AV_PKT_FLAG_KEY;
  return packet;
}

SourceTimeline stream(Nanoseconds gap = media::kLongestGapOfStreams) {
  return SourceTimeline({gap, 33}, {{kSystem, kFrame}, {{1, 1000}, 21}});
}

std::vector<Stamp> taken(SourceTimeline& timeline) {
  std::vector<Stamp> out;
  while (const PacketPtr packet = timeline.take()) {
    out.push_back(
        {packet->dts, packet->pts, (packet->flags & AV_PKT_FLAG_KEY) != 0, packet->stream_index});
  }
  return out;
}

std::vector<Stamp> play(SourceTimeline& timeline, const std::vector<Stamp>& stamps) {
  for (const Stamp& stamp : stamps) timeline.add(packet_of(stamp));
  timeline.flush();
  return taken(timeline);
}

/// `count` frames without B-frames from `start` on, the first of which is a key frame.
std::vector<Stamp> run_of(std::int64_t start, int count) {
  std::vector<Stamp> out;
  for (int i = 0; i < count; ++i) out.push_back({start + i * kFrame, start + i * kFrame, i == 0});
  return out;
}

std::vector<Stamp> joined(std::vector<Stamp> first, const std::vector<Stamp>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

TEST_CASE("a source's timeline leaves ordinary timestamps and gaps alone") {
  SourceTimeline timeline = stream();
  const auto stamps = joined(run_of(5, 10), run_of(5 + 10 * kFrame + 9 * 90'000, 10));
  CHECK(play(timeline, stamps) == stamps);
  CHECK(timeline.discontinuities() == Discontinuities{});
}

TEST_CASE("a step ahead that is longer than the longest gap is closed") {
  SourceTimeline timeline = stream();
  CHECK(play(timeline, joined(run_of(90'000, 10), run_of(20'000 * 90'000, 10))) ==
        joined(run_of(90'000, 10), run_of(90'000 + 10 * kFrame, 10)));
  CHECK(timeline.discontinuities() == Discontinuities{.forward = 1});
}

TEST_CASE("a clock that begins again is not taken for one that has wrapped") {
  SourceTimeline timeline = stream();
  CHECK(play(timeline, joined(run_of(104 * 90'000, 5), run_of(126'000, 5))) ==
        joined(run_of(104 * 90'000, 5), run_of(104 * 90'000 + 5 * kFrame, 5)));
  CHECK(timeline.discontinuities() == Discontinuities{.backward = 1});
}

TEST_CASE("timestamps of 33 bits go on after the clock wraps, with B-frames across the wrap") {
  SourceTimeline timeline = stream();
  // In decode order, each shown two frames later but for the B-frame: I P B P B.
  const std::int64_t start = kTurn - 3 * kFrame;
  std::vector<Stamp> wrapped, straight;
  const int shown[] = {1, 3, 2, 5, 4, 7, 6};
  for (int i = 0; i < 7; ++i) {
    straight.push_back({start + i * kFrame, start + shown[i] * kFrame, i == 0});
    wrapped.push_back({straight[i].dts % kTurn, straight[i].pts % kTurn, i == 0});
  }
  CHECK(play(timeline, wrapped) == straight);
  CHECK(timeline.discontinuities() == Discontinuities{});
  CHECK(timeline.added() == kTurn);
}

TEST_CASE("a single packet whose timestamps are far off is placed between its neighbours") {
  for (const std::int64_t off : {std::int64_t{90'000} * 3600, std::int64_t{-90'000} * 60}) {
    SourceTimeline timeline = stream();
    auto stamps = run_of(100 * 90'000, 10);
    const auto straight = stamps;
    stamps[4].dts += off;
    stamps[4].pts += off;
    CHECK(play(timeline, stamps) == straight);
    CHECK(timeline.discontinuities() == Discontinuities{.outliers = 1});
  }
}

TEST_CASE("a file's single packet far ahead is an outlier, also where such a gap is credible") {
  for (const std::int64_t seconds : {6, 3000}) {
    SourceTimeline timeline = stream(media::kLongestGapOfFiles);
    auto stamps = run_of(0, 10);
    const auto straight = stamps;
    stamps[4].dts += 90'000 * seconds;
    stamps[4].pts = stamps[4].dts;
    CHECK(play(timeline, stamps) == straight);
    CHECK(timeline.discontinuities() == Discontinuities{.outliers = 1});
  }
}

TEST_CASE("a file's pictures that stay for a minute keep their times") {
  SourceTimeline timeline = stream(media::kLongestGapOfFiles);
  std::vector<Stamp> slides;
  for (int i = 0; i < 5; ++i) slides.push_back({i * 60 * 90'000, i * 60 * 90'000, true});
  const auto stamps = joined(slides, run_of(4 * 60 * 90'000 + 20 * 90'000, 10));
  CHECK(play(timeline, stamps) == stamps);
  CHECK(timeline.discontinuities() == Discontinuities{});
}

TEST_CASE("behind a packet of incredible duration the one before it says how long a frame is") {
  // The average duration of the file's packets contains the jump.
  SourceTimeline timeline({media::kLongestGapOfFiles, 0}, {{kSystem, 72 * 90'000}});
  auto packets = joined(run_of(0, 10), run_of(7200 * 90'000, 10));
  for (std::size_t i = 0; i < packets.size(); ++i) {
    PacketPtr packet = packet_of(packets[i]);
    if (i == 9) packet->duration = 7200 * 90'000;
    timeline.add(std::move(packet));
  }
  timeline.flush();
  CHECK(taken(timeline) == joined(run_of(0, 10), run_of(10 * kFrame, 10)));
}

TEST_CASE("a packet with two timestamps that contradict each other keeps the credible one") {
  SourceTimeline timeline = stream();
  auto stamps = run_of(100 * 90'000, 6);
  const auto straight = stamps;
  stamps[2].pts += 90'000 * 3600;
  stamps[4].dts -= 90'000 * 3600;
  CHECK(play(timeline, stamps) == straight);
  CHECK(timeline.discontinuities() == Discontinuities{.outliers = 2});
}

TEST_CASE("a jump within a GOP keeps the order of display") {
  SourceTimeline timeline = stream();
  const std::int64_t far = 500 * 90'000;
  std::vector<Stamp> stamps, straight;
  const int shown[] = {1, 4, 2, 3, 7, 5, 6};
  for (int i = 0; i < 7; ++i) {
    straight.push_back({i * kFrame, shown[i] * kFrame, i == 0});
    stamps.push_back(
        {i * kFrame + (i >= 2 ? far : 0), shown[i] * kFrame + (i >= 2 ? far : 0), i == 0});
  }
  CHECK(play(timeline, stamps) == straight);
}

TEST_CASE("a key frame after a jump is shown after everything before it") {
  SourceTimeline timeline = stream();
  // The first part ends with a frame shown two intervals after its decode time.
  const std::vector<Stamp> first = {
      {0, 2 * kFrame, true}, {kFrame, 4 * kFrame}, {2 * kFrame, 3 * kFrame}};
  const auto out = play(timeline, joined(first, run_of(1000 * 90'000, 2)));
  CHECK(out[3].pts == 5 * kFrame);
  CHECK(out[4].pts == 6 * kFrame);
}

TEST_CASE("a live source's long gap is believed when that time really passed") {
  for (const bool shown : {true, false}) {
    SourceTimeline timeline = stream();
    timeline.add(packet_of({0, 0, true}), 1 * kSecond);
    timeline.add(packet_of({60 * 90'000, 60 * 90'000, true}), (shown ? 61 : 1) * kSecond);
    timeline.flush();
    const auto out = taken(timeline);
    CHECK(out[1].pts == (shown ? 60 * 90'000 : kFrame));
  }
}

TEST_CASE("packets without timestamps pass, and the time counts on through them") {
  SourceTimeline timeline = stream();
  const auto out = play(
      timeline, {{0, 0, true}, {kNone, kNone}, {kNone, kNone}, {900 * 90'000, 900 * 90'000, true}});
  CHECK(out[1] == Stamp{kNone, kNone});
  CHECK(out[3].pts == 3 * kFrame);
}

TEST_CASE("all tracks of a source are shifted alike after a jump") {
  SourceTimeline timeline = stream();
  const std::int64_t far_ms = 7'200'000;
  const auto out = play(timeline, {{0, 0, true, 0},
                                   {10, 10, true, 1},
                                   {kFrame, kFrame, false, 0},
                                   {31 + far_ms, 31 + far_ms, true, 1},
                                   {2 * kFrame + far_ms * 90, 2 * kFrame + far_ms * 90, true, 0},
                                   {52 + far_ms, 52 + far_ms, true, 1},
                                   {3 * kFrame + far_ms * 90, 3 * kFrame + far_ms * 90, false, 0}});
  CHECK(out == std::vector<Stamp>{{0, 0, true, 0},
                                  {10, 10, true, 1},
                                  {kFrame, kFrame, false, 0},
                                  {31, 31, true, 1},
                                  {2 * kFrame, 2 * kFrame, true, 0},
                                  {52, 52, true, 1},
                                  {3 * kFrame, 3 * kFrame, false, 0}});
  CHECK(timeline.discontinuities() == Discontinuities{.forward = 1});
}

TEST_CASE("a timeline that was set to an earlier shift goes on as before") {
  SourceTimeline timeline = stream();
  play(timeline, joined(run_of(100 * 90'000, 5), run_of(0, 5)));
  timeline.reset(0, timeline.added());
  CHECK(play(timeline, run_of(0, 5)) == run_of(100 * 90'000 + 5 * kFrame, 5));
}

TEST_CASE("a timeline knows what it added to each packet, also when later ones have jumped") {
  SourceTimeline timeline = stream();
  for (const Stamp& stamp : joined(run_of(100 * 90'000, 2), run_of(0, 2)))
    timeline.add(packet_of(stamp));
  timeline.flush();
  std::vector<std::int64_t> added;
  while (timeline.take()) added.push_back(timeline.added());
  const std::int64_t shift = 100 * 90'000 + 2 * kFrame;
  CHECK(added == std::vector<std::int64_t>{0, 0, shift, shift});
}

TEST_CASE("a duration longer than the longest gap counts as unknown") {
  SourceTimeline timeline = stream();
  PacketPtr packet = packet_of({0, 0, true});
  packet->duration = 11 * 90'000;
  timeline.add(std::move(packet));
  timeline.add(packet_of({kNone, kNone}));
  timeline.add(packet_of({900 * 90'000, 900 * 90'000, true}));
  timeline.flush();
  const PacketPtr first = timeline.take();
  REQUIRE(first.get() != nullptr);
  CHECK(first->duration == 0);
  CHECK(taken(timeline).back().pts == 2 * kFrame);
}

TEST_CASE("a timestamp beyond any clock counts as missing") {
  SourceTimeline timeline = stream();
  const auto out =
      play(timeline, {{0, 0, true}, {INT64_MAX, INT64_MAX - 1}, {2 * kFrame, 2 * kFrame, false}});
  CHECK(out[1] == Stamp{kNone, kNone});
  CHECK(out[2].pts == 2 * kFrame);
  CHECK(timeline.discontinuities() == Discontinuities{});
}

TEST_CASE("every packet comes out in order and time runs on, whatever the timestamps are") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    SourceTimeline timeline = stream();
    std::int64_t clock = static_cast<std::int64_t>(random() % kTurn);
    std::vector<Stamp> stamps;
    for (int i = 0; i < 100; ++i) {
      switch (random() % 12) {
        case 0:
          clock = static_cast<std::int64_t>(random() % kTurn);
          break;
        case 1:
          clock += static_cast<std::int64_t>(random() % (9 * 90'000));
          break;
        case 2:
          clock -= static_cast<std::int64_t>(random() % (60 * 90'000));
          break;
        default:
          clock += kFrame;
      }
      clock = ((clock % kTurn) + kTurn) % kTurn;
      stamps.push_back({clock, clock, random() % 10 == 0});
    }
    const auto out = play(timeline, stamps);
    REQUIRE(out.size() == stamps.size());
    for (std::size_t i = 1; i < out.size(); ++i) {
      REQUIRE(out[i].dts - out[i - 1].dts <= 10 * 90'000);
      REQUIRE(out[i].dts - out[i - 1].dts >= -9'000);
      REQUIRE(out[i].key == stamps[i].key);
    }
  }
}

TEST_CASE("a live source's clock that is set is noticed, forward by a fifth of a second or back") {
  const std::int64_t second = 90'000;
  for (const std::int64_t by :
       {second / 5, 3 * second, -second / 5, -3 * second, 86'400 * second}) {
    CAPTURE(by);
    SourceTimeline timeline = stream();
    std::mt19937 random(11);
    for (int i = 0; i < 1000; ++i) {
      const std::int64_t stamp = 100 * second + i * kFrame + (i >= 500 ? by : 0);
      const Nanoseconds jitter = static_cast<Nanoseconds>(random() % 20) * kMillisecond;
      timeline.add(packet_of({stamp, stamp, i % 50 == 0}),
                   kSecond + i * 40 * kMillisecond + jitter);
    }
    timeline.flush();
    const std::vector<Stamp> out = taken(timeline);
    for (int i = 0; i < 1000; ++i) REQUIRE(out[i].dts == 100 * second + i * kFrame);
    CHECK(timeline.discontinuities().total() == 1);
  }
}

TEST_CASE("a live source that drops frames after a stall of the network has no set clock") {
  SourceTimeline timeline = stream();
  std::vector<Stamp> stamps;
  const auto come = [&](int index, Nanoseconds arrived) {
    stamps.push_back({index * kFrame, index * kFrame, index == 0});
    timeline.add(packet_of(stamps.back()), kSecond + arrived);
  };
  for (int i = 0; i < 500; ++i) come(i, i * 40 * kMillisecond);
  // Frames up to 25 waited in the camera for 3 s, the 50 after them were dropped.
  for (int i = 500; i < 525; ++i) come(i, 23 * kSecond);
  for (int i = 575; i < 900; ++i) come(i, i * 40 * kMillisecond);
  timeline.flush();
  CHECK(taken(timeline) == stamps);
  CHECK(timeline.discontinuities() == Discontinuities{});
}

TEST_CASE("a live source of a frame in 20 s keeps its time at 105 %, and after silence") {
  SourceTimeline timeline = stream();
  std::vector<Stamp> stamps;
  for (int i = 0; i < 50; ++i) {
    stamps.push_back({i * 20 * 90'000, i * 20 * 90'000, true});
    timeline.add(packet_of(stamps.back()), kSecond + from_seconds(i * 20 / 1.05));
  }
  timeline.flush();
  CHECK(taken(timeline) == stamps);
}

TEST_CASE("a live source's clock that was set during a silence has the silence kept") {
  SourceTimeline timeline = stream();
  for (int i = 0; i < 250; ++i)
    timeline.add(packet_of({i * kFrame, i * kFrame, true}), kSecond + i * 40 * kMillisecond);
  const std::int64_t back = 5 * 90'000;
  timeline.add(packet_of({back, back, true}), kSecond + 18 * kSecond);
  timeline.flush();
  CHECK(taken(timeline).back().dts == 18 * 90'000);
}
