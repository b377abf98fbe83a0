// Sources that fail, stop, come back, or were never there.
#include <fstream>

#include "sessions/decode/decode_fixture.h"

using namespace videopush;
using namespace videopush::test;

namespace {

Script live_script(int frames, std::int64_t first = 0) {
  Script script = even_script(frames);
  for (auto& pts : script.pts) pts += first;
  script.live = true;
  script.seekable = script.finite = false;
  return script;
}

Script failing_open(ErrorCode code) {
  Script script;
  script.open_error = Error(code, "scripted");
  return script;
}

}  // namespace

TEST_CASE("a permanent error ends a decode session, which keeps its cause") {
  DecodeRig rig({failing_open(ErrorCode::SourceUnsupported)});
  const auto session = rig.start();
  REQUIRE(session->wait(kSoon));
  const auto snapshot = session->snapshot();
  CHECK(snapshot.phase == DecodePhase::Failed);
  REQUIRE(snapshot.error.has_value());
  CHECK(snapshot.error->code() == ErrorCode::SourceUnsupported);
  CHECK(rig.count("source.failed") == 1);
}

TEST_CASE("a passing error is waited out with a growing, bounded, seeded pause") {
  std::vector<Script> scripts(12, failing_open(ErrorCode::ConnectRefused));
  scripts.push_back(even_script(3));
  const auto run = [&](std::uint64_t seed) {
    DecodeRig rig(scripts);
    rig.hooks.seed = seed;
    rig.clock = std::make_unique<SimClock>();
    const Nanoseconds start = rig.clock->now();
    CHECK(rig.run().size() == 3);
    CHECK(rig.scripts.opened() == 13);
    CHECK(rig.count("source.lost") == 1);
    return rig.clock->now() - start;
  };
  const Nanoseconds waited = run(5);
  CHECK(waited >= 12 * 250 * kMillisecond);
  CHECK(waited <= 12 * 5 * kSecond);
  CHECK(run(5) == waited);
  CHECK(run(6) != waited);
}

TEST_CASE("a decode session shows the cause while it waits, and an abort ends the wait") {
  DecodeRig rig({failing_open(ErrorCode::SourceTimeout)});
  const auto session = rig.start();
  CHECK(reaches(*session, [](const auto& now) {
    return now.phase == DecodePhase::Waiting && now.error &&
           now.error->code() == ErrorCode::SourceTimeout;
  }));
  session->abort();
  CHECK(session->wait(kSoon));
}

TEST_CASE("a stop ends the wait for a full queue, and the queue is not marked as ended") {
  DecodeRig rig({even_script(100)});
  const auto session = rig.start();
  CHECK(reaches(*session, [](const auto& now) { return now.phase == DecodePhase::Blocked; }));
  session->request_stop();
  REQUIRE(session->wait(kSoon));
  const auto observer = ring::Observer::open(rig.options.ring.path);
  CHECK(observer->header().published == 4);
  CHECK(observer->header().ended == 0);
}

TEST_CASE("a truncated source gives what it has, then the end marker, and its error stays") {
  Script script = even_script(7);
  script.end = Error(ErrorCode::SourceTruncated, "cut");
  DecodeRig rig({script});
  const auto session = rig.start();
  CHECK(drain(*rig.consumer()).size() == 7);
  REQUIRE(session->wait(kSoon));
  const auto snapshot = session->snapshot();
  CHECK(snapshot.phase == DecodePhase::Ended);
  REQUIRE(snapshot.error.has_value());
  CHECK(snapshot.error->code() == ErrorCode::SourceTruncated);
}

TEST_CASE("a truncated source is repeated all the same, and an empty one is not") {
  Script script = even_script(7);
  script.end = Error(ErrorCode::SourceTruncated, "cut");
  DecodeRig rig({script});
  rig.options.on_end = OnEnd::Repeat;
  const auto arrivals = rig.run(20);
  CHECK(arrivals.back().pts == 19 * 40);
  CHECK(rig.count("source.damaged") == 1);

  DecodeRig empty({even_script(0)});
  empty.options.on_end = OnEnd::Repeat;
  const auto session = empty.start();
  REQUIRE(session->wait(kSoon));
  CHECK(session->snapshot().error->code() == ErrorCode::SourceEmpty);
}

TEST_CASE("a source whose index leads past the place is read from the beginning") {
  Script wrong = even_script(50);
  wrong.seeks_to_end = true;
  DecodeRig rig({wrong, wrong, even_script(50)});
  {
    const auto session = rig.start();
    CHECK(drain(*rig.consumer(), 20).size() == 20);
  }
  const auto arrivals = rig.run();
  REQUIRE(!arrivals.empty());
  CHECK(arrivals.back().source_index == 49);
  for (std::size_t i = 1; i < arrivals.size(); ++i)
    CHECK(arrivals[i].pts == arrivals[i - 1].pts + 40);
  CHECK(rig.count("source.searched") == 1);
  CHECK(rig.count("source.ended") == 1);
}

TEST_CASE("a source whose index leads behind the place is read from the beginning, by count") {
  for (const AVRational rate : {AVRational{0, 1}, AVRational{50, 1}}) {
    CAPTURE(rate.num);
    Script wrong = even_script(50);
    wrong.seeks_past = 5;
    DecodeRig rig({even_script(50), wrong});
    rig.options.frame_rate = rate;
    std::vector<Arrival> arrivals;
    {
      const auto session = rig.start();
      arrivals = drain(*rig.consumer(), 20);
    }
    for (const Arrival& arrival : rig.run()) arrivals.push_back(arrival);
    REQUIRE(arrivals.size() == (rate.num > 0 ? 100 : 50));
    for (std::size_t i = 1; i < arrivals.size(); ++i) {
      CHECK(arrivals[i].sequence == i);
      CHECK(arrivals[i].pts == arrivals[i - 1].pts + (rate.num > 0 ? 1 : 40));
    }
    CHECK(arrivals.back().source_pts == 49 * 40);
    CHECK(rig.count("source.searched") == 1);
  }
}

TEST_CASE("a source that names other timestamps when it is opened again goes on by count") {
  Script shifted = even_script(50);
  for (std::size_t i = 20; i < 50; ++i) shifted.pts[i] -= 7;
  DecodeRig rig({even_script(50), shifted});
  std::vector<Arrival> arrivals;
  {
    const auto session = rig.start();
    arrivals = drain(*rig.consumer(), 23);
  }
  for (const Arrival& arrival : rig.run()) arrivals.push_back(arrival);
  REQUIRE(arrivals.size() == 50);
  for (std::size_t i = 0; i < arrivals.size(); ++i)
    CHECK(arrivals[i].source_index == static_cast<std::int64_t>(i));
}

TEST_CASE("a source that was cut before the place is damaged, and not at its end") {
  DecodeRig rig({even_script(50), even_script(5)});
  {
    const auto session = rig.start();
    CHECK(drain(*rig.consumer(), 20).size() == 20);
  }
  const auto session = rig.start();
  REQUIRE(session->wait(kSoon));
  const auto snapshot = session->snapshot();
  CHECK(snapshot.phase == DecodePhase::Failed);
  REQUIRE(snapshot.error.has_value());
  CHECK(snapshot.error->code() == ErrorCode::SourceCorrupt);
  CHECK(ring::Observer::open(rig.options.ring.path)->header().ended == 0);
}

TEST_CASE("a file whose server breaks off goes on exactly where it stopped") {
  Script broken = even_script(20);
  broken.end = Error(ErrorCode::SourceDisconnected, "broken off");
  DecodeRig rig({broken, even_script(50)});
  rig.clock = std::make_unique<SimClock>();
  const auto arrivals = rig.run();
  REQUIRE(arrivals.size() == 50);
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(arrivals[i].pts == static_cast<std::int64_t>(i) * 40);
    CHECK_FALSE(arrivals[i].discontinuity());
  }
}

TEST_CASE("a live source comes back with its outage as a gap in time") {
  for (const bool by_error : {true, false}) {
    CAPTURE(by_error);
    Script first = live_script(10);
    if (by_error) first.end = Error(ErrorCode::SourceDisconnected, "gone");
    DecodeRig rig({first, live_script(1'000'000, 55'000)});
    rig.options.on_end = OnEnd::Reconnect;
    rig.clock = std::make_unique<SimClock>();
    const Nanoseconds start = rig.clock->now();
    const auto session = rig.start();
    const auto arrivals = drain(*rig.consumer(), 20);
    const std::int64_t outage =
        (rig.clock->now() - start) / kMillisecond;  // the clock moves in waits only
    CHECK(outage >= 250);
    CHECK(arrivals[9].pts == 9 * 40);
    CHECK(std::abs(arrivals[10].pts - (9 * 40 + outage)) <= 1);
    CHECK(arrivals[10].discontinuity());
    CHECK(arrivals[10].sequence == 10);
    CHECK(arrivals[11].pts == arrivals[10].pts + 40);
    CHECK_FALSE(arrivals[11].discontinuity());
    CHECK(session->snapshot().reconnects == 1);
  }
}

TEST_CASE("a web stream without length is live once the queue has held up none of its frames") {
  auto clock = std::make_unique<SimClock>();
  Script script = live_script(200);
  script.web = true;
  script.on_frame = [clock = clock.get()] { clock->advance(100 * kMillisecond); };
  DecodeRig rig({script});
  rig.options.ring.capacity = 256;  // never full
  rig.clock = std::move(clock);
  const auto session = rig.start();
  const auto arrivals = drain(*rig.consumer());
  REQUIRE(arrivals.size() == 200);
  CHECK((arrivals[95].flags & (ring::kLive | ring::kDelayed)) == 0);
  CHECK((arrivals[105].flags & ring::kLive) != 0);
}

TEST_CASE("a web stream without length that comes as fast as it is read is no live source") {
  Script script = live_script(60);
  script.web = true;
  DecodeRig rig({script});
  const auto session = rig.start();
  for (const Arrival& arrival : drain(*rig.consumer()))
    CHECK((arrival.flags & (ring::kLive | ring::kDelayed)) == 0);
}

TEST_CASE("a live source under Complete ends with its cause kept") {
  Script script = live_script(10);
  script.end = Error(ErrorCode::SourceDisconnected, "gone");
  DecodeRig rig({script});
  const auto session = rig.start();
  CHECK(drain(*rig.consumer()).size() == 10);
  REQUIRE(session->wait(kSoon));
  CHECK(session->snapshot().phase == DecodePhase::Ended);
  CHECK(session->snapshot().error->code() == ErrorCode::SourceDisconnected);
}

TEST_CASE("a restarted live decoder has a gap, which is counted") {
  DecodeRig rig({live_script(1'000'000)});
  rig.options.on_end = OnEnd::Reconnect;
  rig.options.ring.when_full = ring::WhenFull::DropNewest;
  auto session = rig.start();
  CHECK(reaches(*session, [](const auto& now) { return now.dropped_queue_full > 100; }));
  session->abort();
  REQUIRE(session->wait(kSoon));
  const std::uint64_t offered = ring::Observer::open(rig.options.ring.path)->header().source_frames;
  const auto consumer = rig.consumer();
  CHECK(drain(*consumer, 4).size() == 4);
  session = rig.start();
  const auto arrivals = drain(*consumer, 1);
  CHECK(arrivals[0].sequence >= offered);
  CHECK(arrivals[0].discontinuity());
  const auto totals = ring::Ledger::read(consumer->header().outputs[0]);
  CHECK(totals.dropped[static_cast<int>(ring::Drop::Network)] == arrivals[0].sequence - 4);
  CHECK(totals.settled() == arrivals[0].sequence + 1);
}

TEST_CASE("credentials are read at every opening of a source, and a missing file is reported") {
  DecodeRig rig({failing_open(ErrorCode::ConnectRefused), even_script(3)});
  rig.clock = std::make_unique<SimClock>();
  rig.options.user_file = rig.folder.file("user");
  rig.options.password_file = rig.folder.file("password");
  std::ofstream(rig.options.user_file) << "ann\n";
  SUBCASE("there") {
    std::ofstream(rig.options.password_file) << "secret\n";
    CHECK(rig.run().size() == 3);
    CHECK(rig.scripts.users() == std::vector<std::string>{"ann:secret", "ann:secret"});
  }
  SUBCASE("missing") {
    const auto session = rig.start();
    REQUIRE(session->wait(kSoon));
    CHECK(session->snapshot().error->code() == ErrorCode::CredentialsMissing);
    CHECK(session->snapshot().phase == DecodePhase::Failed);
  }
}

TEST_CASE(
    "frames whose slots were used again are decoded once more on demand, also after the end") {
  for (const bool seekable : {true, false}) {
    CAPTURE(seekable);
    Script script = even_script(80);
    script.seekable = seekable;
    DecodeRig rig({script});
    const auto session = rig.start();
    const auto consumer = rig.consumer();
    consumer->relax_gate();
    ring::TakenFrame frame;
    const AbortSignal never;
    std::vector<std::int64_t> first, second;
    while (consumer->take(frame, never, kSoon) == ring::Take::Frame) {
      first.push_back(frame.header->pts);
      consumer->release(frame.position);
      if (frame.position == 30) consumer->ack(21);
    }
    CHECK(first.size() == 80);
    CHECK(session->snapshot().phase == DecodePhase::Ended);
    CHECK_FALSE(session->wait(0));  // it may be asked yet
    consumer->rewind();
    for (const Arrival& arrival : drain(*consumer)) second.push_back(arrival.pts);
    CHECK(second == std::vector<std::int64_t>(first.begin() + 21, first.end()));
    CHECK(session->wait(kSoon));  // all acked
    CHECK(rig.count("source.replayed") == 1);
  }
}

TEST_CASE("frames that a live source can't give again become a network gap") {
  DecodeRig rig({live_script(1'000'000)});
  rig.options.on_end = OnEnd::Reconnect;
  const auto session = rig.start();
  const auto consumer = rig.consumer();
  consumer->relax_gate();
  ring::TakenFrame frame;
  const AbortSignal never;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(consumer->take(frame, never, kSoon) == ring::Take::Frame);
    consumer->release(frame.position);
  }
  consumer->rewind();
  REQUIRE(consumer->take(frame, never, kSoon) == ring::Take::Frame);
  CHECK(frame.header->sequence > 90);
  CHECK(frame.skipped == frame.header->sequence);
  CHECK(frame.skipped_reason == ring::Drop::Network);
}

TEST_CASE("a decode session waits for a queue that another decoder holds") {
  DecodeRig rig({even_script(5)});
  auto first = rig.start();
  CHECK(reaches(*first, [](const auto& now) { return now.phase == DecodePhase::Blocked; }));
  const auto second = rig.start();
  CHECK(reaches(*second, [](const auto& now) {
    return now.phase == DecodePhase::Waiting && now.error &&
           now.error->code() == ErrorCode::RingBusy;
  }));
  first = nullptr;
  CHECK(drain(*rig.consumer()).size() == 5);
}
