// What a session publishes when nothing goes wrong, and what a restart makes of it.
#include "media/source/clips.h"
#include "ring/geometry.h"
#include "sessions/decode/decode_fixture.h"

using namespace videopush;
using namespace videopush::test;

namespace {

/// The same run, but with the session ended and started again at random instants, once in three
/// with the consumer, too.
std::vector<Arrival> interrupted(DecodeRig& rig, std::size_t frames, std::mt19937& random) {
  std::vector<Arrival> all;
  auto session = rig.start();
  auto consumer = rig.consumer();
  while (all.size() < frames) {
    for (const Arrival& arrival :
         drain(*consumer, std::min<std::size_t>(frames - all.size(), 1 + random() % 20))) {
      all.push_back(arrival);
    }
    if (consumer->header().ended.load() != 0) {
      for (const Arrival& arrival : drain(*consumer)) all.push_back(arrival);
      break;
    }
    if (random() % 3 == 0) {
      consumer = nullptr;
      consumer = rig.consumer();
    }
    usleep(random() % 2'000);  // to be cut anywhere, also in the middle of writing
    session->abort();
    REQUIRE(session->wait(kSoon));
    session = rig.start();
  }
  return all;
}

void resumes_exactly(DecodeRig& rig, std::size_t frames = SIZE_MAX) {
  const std::uint32_t start = ring::test::seed();
  CAPTURE(start);
  std::mt19937 random(start);
  const std::vector<Arrival> expected = rig.run(frames);
  REQUIRE(!expected.empty());
  std::filesystem::remove(rig.options.ring.path);
  const std::vector<Arrival> got = interrupted(rig, expected.size(), random);
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    REQUIRE(got[i] == expected[i]);
  }
}

}  // namespace

TEST_CASE("a decode session gives every frame once, in order, and then the end marker") {
  DecodeRig rig({even_script(50)});
  const auto session = rig.start();
  const auto consumer = rig.consumer();
  const auto arrivals = drain(*consumer);
  REQUIRE(arrivals.size() == 50);
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(arrivals[i].sequence == i);
    CHECK(arrivals[i].pts == static_cast<std::int64_t>(i) * 40);
  }
  REQUIRE(session->wait(kSoon));
  const auto snapshot = session->snapshot();
  CHECK(snapshot.phase == DecodePhase::Ended);
  CHECK_FALSE(snapshot.error.has_value());
  CHECK(snapshot.decoded == 50);
  CHECK(snapshot.enqueued == 50);
  CHECK(consumer->header().source_frames == 50);
  CHECK(consumer->header().slot_count == 4 + 3 + 2);  // capacity + 100 ms at 25/s + 2
  CHECK(rig.count("source.ended") == 1);
}

TEST_CASE("a decode session gives the frames of a real clip as its own decoder does") {
  DecodeRig rig;
  rig.options.source.uri = clips::make(60, "30000/1001", clips::x264(2, 12), "mp4");
  const auto arrivals = rig.run();
  const AbortSignal never;
  const auto source = media::open_source(rig.options.source, rig.options.decode, never);
  const auto seen = clips::read_all(*source);
  REQUIRE(arrivals.size() == 60);
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(arrivals[i].source_pts == seen[i].pts);
  CHECK(arrivals[0].pts == 0);
  CHECK((arrivals[0].flags & ring::kKeyFrame) != 0);
}

TEST_CASE("a decode session that repeats its source goes on in time and numbers, pass after pass") {
  for (const bool seekable : {true, false}) {
    CAPTURE(seekable);
    Script script = even_script(10);
    script.seekable = seekable;
    DecodeRig rig({script});
    rig.options.on_end = OnEnd::Repeat;
    const auto arrivals = rig.run(35);
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
      CHECK(arrivals[i].sequence == i);
      CHECK(arrivals[i].pts == static_cast<std::int64_t>(i) * 40);
      CHECK(arrivals[i].pass == i / 10);
      CHECK(arrivals[i].source_index == static_cast<std::int64_t>(i % 10));
      CHECK_FALSE(arrivals[i].discontinuity());
    }
  }
}

TEST_CASE("a decode session of a constant rate repeats and drops frames and counts both") {
  DecodeRig rig({even_script(25)});  // 25/s
  rig.options.frame_rate = {50, 1};
  auto arrivals = rig.run();
  REQUIRE(arrivals.size() == 50);
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(arrivals[i].pts == static_cast<std::int64_t>(i));
    CHECK(arrivals[i].source_pts == static_cast<std::int64_t>(i / 2) * 40);
    if (i % 2 == 1) CHECK(arrivals[i].pixels == arrivals[i - 1].pixels);
  }
  const auto header = ring::Observer::open(rig.options.ring.path);
  CHECK(header->header().rate_repeats == 25);
  CHECK(header->header().format.time_base_num == 1);
  CHECK(header->header().format.time_base_den == 50);

  DecodeRig slow({even_script(25)});
  slow.options.frame_rate = {5, 1};
  arrivals = slow.run();
  CHECK(arrivals.size() == 5);
  CHECK(ring::Observer::open(slow.options.ring.path)->header().rate_drops == 20);
}

TEST_CASE("a decode session scales before the queue, and its hints follow") {
  DecodeRig rig;
  rig.options.source.uri = clips::make(60, "30000/1001", clips::x264(2, 12), "mp4");
  rig.options.picture.width = 64;
  rig.options.picture.height = 32;
  rig.options.frame_rate = {60'000, 1001};
  CHECK(rig.run().size() == 120);
  const auto observer = ring::Observer::open(rig.options.ring.path);
  CHECK(observer->header().format.width == 64);
  CHECK(observer->header().format.gop_frames == 24);
}

TEST_CASE("a stream that is cut at random instants is the same as an uninterrupted one") {
  SUBCASE("variable rate") {
    Script script;
    std::mt19937 random(3);
    for (std::int64_t pts = 700; script.pts.size() < 200;
         pts += 1 + static_cast<std::int64_t>(random() % 80))
      script.pts.push_back(pts);
    DecodeRig rig({script});
    resumes_exactly(rig);
  }
  SUBCASE("not seekable: read again from the start") {
    Script script = even_script(120);
    script.seekable = false;
    DecodeRig rig({script});
    resumes_exactly(rig);
  }
  SUBCASE("repeated, over the joints of passes") {
    DecodeRig rig({even_script(9)});
    rig.options.on_end = OnEnd::Repeat;
    resumes_exactly(rig, 200);
  }
  SUBCASE("constant rate, up") {
    DecodeRig rig({even_script(60)});
    rig.options.frame_rate = {60, 1};
    resumes_exactly(rig);
  }
  SUBCASE("constant rate, down, repeated") {
    DecodeRig rig({even_script(33)});
    rig.options.frame_rate = {10, 1};
    rig.options.on_end = OnEnd::Repeat;
    resumes_exactly(rig, 60);
  }
  SUBCASE("a clip with B-frames") {
    DecodeRig rig;
    rig.options.source.uri = clips::make(60, "30000/1001", clips::x264(2, 12), "mp4");
    resumes_exactly(rig);
  }
  SUBCASE("a clip with B-frames, constant rate, repeated") {
    DecodeRig rig;
    rig.options.source.uri = clips::make(60, "30000/1001", clips::x264(2, 12), "mp4");
    rig.options.frame_rate = {25, 1};
    rig.options.on_end = OnEnd::Repeat;
    resumes_exactly(rig, 150);
  }
  SUBCASE("a clip whose clock begins again, repeated") {
    DecodeRig rig;
    for (const std::string extension : {"ts", "mkv", "flv"}) {
      CAPTURE(extension);
      rig.options.source.uri = clips::joined_file(clips::x264(2, 20), 9, 2, extension);
      rig.options.on_end = OnEnd::Repeat;
      resumes_exactly(rig, 120);
      std::filesystem::remove(rig.options.ring.path);
    }
  }
  SUBCASE("the test pattern") {
    DecodeRig rig;
    rig.options.source.test_pattern =
        media::TestPattern{.width = 64, .height = 36, .duration_seconds = 3};
    resumes_exactly(rig);
  }
}

TEST_CASE(
    "a stream whose decoder is killed at random instants is the same as an uninterrupted one") {
  const std::uint32_t start = ring::test::seed();
  CAPTURE(start);
  std::mt19937 random(start);
  DecodeRig rig;
  rig.options.source.uri = clips::make(60, "30000/1001", clips::x264(2, 12), "mp4");
  rig.options.frame_rate = {50, 1};
  rig.options.on_end = OnEnd::Repeat;
  constexpr std::size_t kFrames = 400;
  const std::vector<Arrival> expected = rig.run(kFrames);
  std::filesystem::remove(rig.options.ring.path);

  const auto decoder = [&rig] {
    return ring::test::spawn([&rig] {
      const auto session = rig.start();
      session->wait(kForever);
    });
  };
  pid_t child = decoder();
  const auto consumer = rig.consumer();
  std::vector<Arrival> got;
  while (got.size() < kFrames) {
    const std::size_t next = std::min<std::size_t>(kFrames - got.size(), 10 + random() % 30);
    for (const Arrival& arrival : drain(*consumer, next)) got.push_back(arrival);
    usleep(random() % 3'000);
    ring::test::kill_child(child);
    child = decoder();
  }
  ring::test::kill_child(child);
  CHECK(got == expected);
}

TEST_CASE("a decoder that is restarted after the end needs no source and idles") {
  DecodeRig rig({even_script(5)});
  CHECK(rig.run().size() == 5);
  const std::size_t opened = rig.scripts.opened();
  const auto session = rig.start();
  REQUIRE(session->wait(kSoon));
  CHECK(session->snapshot().phase == DecodePhase::Ended);
  CHECK(rig.scripts.opened() == opened);
}

TEST_CASE("a changed picture size begins the next generation of the ring behind the same frame") {
  DecodeRig rig({even_script(100)});
  auto session = rig.start();
  auto consumer = rig.consumer();
  const auto before = drain(*consumer, 10);
  session->abort();
  REQUIRE(session->wait(kSoon));
  rig.options.picture.width = 32;
  rig.options.picture.height = 18;
  session = rig.start();
  std::vector<std::uint64_t> rest;
  ring::TakenFrame frame;
  const AbortSignal never;
  ring::Take result;
  while ((result = consumer->take(frame, never, kSoon)) == ring::Take::Frame) {
    rest.push_back(frame.header->sequence);
    consumer->ack(frame.position + 1);
  }
  REQUIRE(result == ring::Take::Replaced);
  consumer = consumer->next(never, kSoon);
  CHECK(consumer->format().width == 32);
  const auto after = drain(*consumer);
  REQUIRE(before.size() + rest.size() + after.size() == 100);
  CHECK(after.front().sequence == before.size() + rest.size());
  CHECK(after.front().pts == static_cast<std::int64_t>(after.front().sequence) * 40);
}

TEST_CASE("a queue that holds fewer frames than were asked for is reported once") {
  DecodeRig rig({even_script(10)});
  rig.options.picture.width = 64;
  rig.options.picture.height = 32;
  rig.options.picture.pixel_format = AV_PIX_FMT_YUV420P;
  VideoFormat format;
  format.width = 64;
  format.height = 32;
  format.pixel_format = AV_PIX_FMT_YUV420P;
  rig.options.ring.max_bytes = 5 * ring::geometry(format)->slot_bytes;
  const auto session = rig.start();
  const auto consumer = rig.consumer();
  CHECK(consumer->header().capacity == 3);
  CHECK(drain(*consumer).size() == 10);
  REQUIRE(session->wait(kSoon));
  CHECK(rig.count("queue.reduced") == 1);
  DecodeRig enough({even_script(10)});
  CHECK(enough.run().size() == 10);
  CHECK(enough.count("queue.reduced") == 0);
}
