// What the encode session does when servers fail: on simulated time, with scripted servers.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "sessions/encode/rig.h"
#include "support/count.h"

using namespace videopush;
using namespace videopush::test;
using sessions::OutputPhase;

namespace {

constexpr Nanoseconds kFrame = 40 * kMillisecond;

Error refused() { return Error(ErrorCode::ConnectRefused, "nobody listens"); }

/// Printed, so that a failure can be repeated.
std::uint64_t seed() {
  const unsigned value = seed_or(20'240'601);
  MESSAGE("VIDEOPUSH_TEST_SEED=" << value);
  return value;
}

std::set<std::int64_t> distinct(const std::vector<std::int64_t>& all) {
  return {all.begin(), all.end()};
}

}  // namespace

TEST_CASE(
    "a lost connection is made again, goes on with a key frame on the oldest unsent picture, and "
    "loses none") {
  Rig rig;
  rig.input.frames = ready_frames(120);
  bool broken = false;
  rig.server().on_send = [&](int index, const AbortSignal&) {
    if (index == 47 && !std::exchange(broken, true)) throw closed();
  };
  const auto snapshot = rig.run();
  const auto units = rig.received();
  REQUIRE(indices(units, rig.input.format) == count_up(0, 120));
  CHECK(units[46].connection == 1);
  CHECK(units[47].connection == 2);
  CHECK(units[47].key);
  const auto& output = snapshot.outputs[0];
  CHECK(output.connects == 2);
  CHECK(output.reconnects == 1);
  CHECK(output.reconnects_reset == 1);
  CHECK(output.rebases_resume == 1);
  CHECK(output.late == 0);
  CHECK(output.outage_seconds >= 0.25);
  CHECK(output.outage_seconds <= 0.75);
  CHECK(output.ledger.sent == 120);
  CHECK(output.ledger.repeated == 0);
  CHECK_FALSE(output.error.has_value());
  check_law(snapshot);
}

TEST_CASE(
    "every picture arrives and the ledger balances when connections fail at random, with 0 and 3 "
    "B-frames") {
  for (const int b_frames : {0, 3}) {
    CAPTURE(b_frames);
    Rig rig;
    rig.options.encoder.max_b_frames = b_frames;
    rig.input.frames = ready_frames(300);
    std::mt19937_64 random(seed() + static_cast<std::uint64_t>(b_frames));
    int faults = 0;
    const auto maybe = [&](int one_in, const Error& error) {
      if (random() % static_cast<std::uint64_t>(one_in) != 0 || faults >= 25) return;
      ++faults;
      throw error;
    };
    rig.server().on_connect = [&](int, const AbortSignal&) { maybe(3, refused()); };
    rig.server().on_send = [&](int, const AbortSignal&) { maybe(15, closed()); };
    const auto snapshot = rig.run();
    const auto order = indices(rig.received(), rig.input.format);
    CHECK(faults >= 5);
    CHECK(distinct(order).size() == 300);
    CHECK(order.size() == 300);
    CHECK(snapshot.outputs[0].ledger.sent == 300);
    check_law(snapshot);
  }
}

TEST_CASE(
    "attempts to connect are spaced by 0.25 to 5 s, never regularly, and forget the past after a "
    "connection that lasted") {
  Rig rig;
  rig.input.frames = ready_frames(200);
  rig.server().on_connect = [](int attempt, const AbortSignal&) {
    if (attempt <= 12) throw refused();
  };
  bool broken = false;
  rig.server().on_send = [&](int index, const AbortSignal&) {
    if (index == 100 && !std::exchange(broken, true)) throw closed();
  };
  const auto snapshot = rig.run();
  const auto attempts = rig.server().attempts();
  REQUIRE(attempts.size() == 14);
  std::set<Nanoseconds> pauses;
  for (std::size_t i = 1; i < 13; ++i) {
    const Nanoseconds pause = attempts[i] - attempts[i - 1];
    CHECK(pause >= 250 * kMillisecond);
    CHECK(pause <= 5 * kSecond);
    pauses.insert(pause);
  }
  CHECK(pauses.size() >= 11);
  CHECK(*pauses.rbegin() > kSecond);
  CHECK(attempts[13] - rig.received()[99].at <= 800 * kMillisecond);
  CHECK(snapshot.outputs[0].connects == 2);
  CHECK(snapshot.outputs[0].reconnects == 1);
  CHECK(snapshot.outputs[0].reconnects_refused == 0);  // all before the first connection
  CHECK(snapshot.outputs[0].reconnects_reset == 1);
  CHECK(snapshot.outputs[0].rebases == 1);  // waiting for the first connection is none
}

TEST_CASE("a publisher that is thrown out at once, twice running, waits 5 s and says why") {
  Rig rig;
  rig.input.frames = ready_frames(100);
  int thrown_out = 0;
  std::vector<std::string> said;
  rig.server().on_send = [&](int, const AbortSignal&) {
    if (thrown_out < 3 && ++thrown_out > 0) throw closed();
  };
  const auto snapshot = rig.run();
  const auto attempts = rig.server().attempts();
  REQUIRE(attempts.size() == 4);
  CHECK(attempts[1] - attempts[0] < kSecond);
  CHECK(attempts[2] - attempts[1] >= 5 * kSecond);
  CHECK(attempts[3] - attempts[2] >= 5 * kSecond);
  CHECK(std::ranges::any_of(rig.events, [](const std::string& event) {
    return event.find("publishes to the same path") != std::string::npos ||
           event.find("soon after its start, 2 times running") != std::string::npos;
  }));
  CHECK(snapshot.outputs[0].ledger.sent == 100);
}

TEST_CASE("refused credentials are not tried again until their file changes, and then at once") {
  Rig rig;
  rig.input.frames = ready_frames(20);
  std::string path = "/tmp/videopush-password-XXXXXX";
  const int fd = mkstemp(path.data());
  REQUIRE(fd >= 0);
  REQUIRE(write(fd, "wrong\n", 6) == 6);
  rig.options.outputs[0].password_file = path;
  rig.server().on_connect = [&](int attempt, const AbortSignal&) {
    if (attempt == 1) throw Error(ErrorCode::CredentialsRefused, "wrong password");
    CHECK(rig.server().options().credentials().password == "better");
  };
  const Nanoseconds start = rig.clock.now();
  rig.clock.at(start + 20 * kSecond, [&] { REQUIRE(pwrite(fd, "better\n", 7, 0) == 7); });
  const auto session = rig.session();
  rig.clock.at(start + 19 * kSecond, [&] {
    const auto snapshot = session->snapshot();
    CHECK(snapshot.outputs[0].phase == OutputPhase::Failed);
    REQUIRE(snapshot.outputs[0].error.has_value());
    CHECK(snapshot.outputs[0].error->code() == ErrorCode::CredentialsRefused);
    CHECK(rig.server().attempts().size() == 1);
  });
  session->start();
  REQUIRE(session->wait(kStuck));
  unlink(path.c_str());
  close(fd);
  const auto attempts = rig.server().attempts();
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[1] >= start + 20 * kSecond);
  CHECK(attempts[1] <= start + 22 * kSecond);
  CHECK(session->snapshot().outputs[0].ledger.sent == 20);
}

TEST_CASE(
    "an output that can never work is reported with its reason, and nothing is lost over it") {
  Rig rig;
  rig.input.frames = ready_frames(20);
  const auto session = rig.session();
  rig.server().on_connect = [](int, const AbortSignal&) {
    throw Error(ErrorCode::CodecUnsupportedByTarget, "no");
  };
  rig.clock.at(rig.clock.now() + 100 * kSecond, [&] {
    CHECK(session->snapshot().outputs[0].phase == OutputPhase::Failed);
    session->request_stop();
  });
  session->start();
  REQUIRE(session->wait(kStuck));
  CHECK(rig.server().attempts().size() == 1);
  CHECK(session->snapshot().outputs[0].ledger.settled() == 0);
  CHECK(rig.ledger->acked == 0);
}

TEST_CASE(
    "a stop sends what stood in the queue on its deadlines, closes, and leaves later frames in the "
    "queue") {
  for (const std::uint64_t waiting : {0u, 20u}) {
    CAPTURE(waiting);
    Rig rig;
    rig.input.frames = ready_frames(500);
    rig.input.waiting = waiting;
    const auto session = rig.session();
    std::uint64_t taken = 0;
    rig.clock.at(rig.clock.now() + 2 * kSecond, [&] {
      taken = session->snapshot().dequeued;
      session->request_stop();
    });
    session->start();
    REQUIRE(session->wait(kStuck));
    const auto snapshot = session->snapshot();
    const auto units = rig.received();
    CHECK_FALSE(snapshot.ended);
    CHECK_FALSE(snapshot.failed);
    CHECK(units.size() == taken + waiting);
    CHECK(rig.ledger->acked == units.size());
    CHECK(units.back().at == units[0].at + static_cast<Nanoseconds>(units.size() - 1) * kFrame);
    REQUIRE(rig.server().closes().size() == 1);
    CHECK(rig.server().closes()[0] == units.back().at + kFrame);
  }
}

TEST_CASE("an output does not reconnect after a stop") {
  Rig rig;
  rig.input.frames = ready_frames(500);
  const auto session = rig.session();
  rig.server().on_send = [&](int index, const AbortSignal&) {
    if (index == 30) session->request_stop();
    if (index == 40) throw closed();
  };
  session->start();
  REQUIRE(session->wait(kStuck));
  CHECK(rig.server().attempts().size() == 1);
  CHECK(rig.received().size() == 40);
  CHECK(rig.ledger->acked == 40);
}

TEST_CASE(
    "the next process begins with a key frame on the oldest unsent picture, on the same schedule") {
  Rig rig;
  rig.options.encoder.gop_frames = 1000;
  rig.input.frames = ready_frames(200);
  {
    const auto session = rig.session();
    rig.server().on_send = [&](int index, const AbortSignal&) {
      if (index == 50) session->abort();
      if (index >= 50) throw Error(ErrorCode::Aborted, "aborted");
    };
    session->start();
    REQUIRE(session->wait(kStuck));
    CHECK(rig.ledger->acked == 50);
  }
  const auto before = rig.received();
  rig.server().on_send = [](int, const AbortSignal&) {};
  Rig next;
  next.ledger = rig.ledger;
  next.input = rig.input;
  const auto snapshot = next.run();
  const auto units = next.received();
  REQUIRE(indices(units, next.input.format) == count_up(50, 200));
  CHECK(units[0].key);
  CHECK(snapshot.resumes == 1);
  CHECK(snapshot.outputs[0].ledger.sent == 200);
  // Its first process run had offered picture 50 and did not learn what became of it.
  CHECK(snapshot.outputs[0].ledger.repeated == 1);
  check_law(snapshot);
}

TEST_CASE(
    "an abort ends every wait for the source, a deadline, a connect, a write or a pause at once") {
  for (const char* where : {"source", "deadline", "connect", "write", "pause"}) {
    CAPTURE(where);
    const std::string place = where;
    Rig rig;
    rig.input.frames = ready_frames(500);
    if (place == "source") rig.input.frames = {{.at = rig.clock.now() + 3600 * kSecond}};
    const auto hang = [&](const AbortSignal& abort) {
      rig.clock.wait_until(rig.clock.now() + 3600 * kSecond, {.abort_fd = abort.fd()});
      abort.throw_if_aborted();
    };
    rig.server().on_connect = [&](int, const AbortSignal& abort) {
      if (place == "connect") hang(abort);
      if (place == "pause") throw refused();
    };
    rig.server().on_send = [&](int index, const AbortSignal& abort) {
      if (place == "write" && index == 20) hang(abort);
    };
    const auto session = rig.session();
    const Nanoseconds at = rig.clock.now() + 10'010 * kMillisecond;
    rig.clock.at(at, [&] { session->abort(); });
    session->start();
    REQUIRE(session->wait(kStuck));
    CHECK(rig.clock.now() == at);
    CHECK_FALSE(session->snapshot().failed);
  }
}

TEST_CASE("frames that a full queue dropped are counted, in the middle and at the end") {
  Rig rig;
  rig.input.frames = ready_frames(30);
  rig.input.frames[0].skipped = 2;
  rig.input.frames[10].skipped = 5000;
  rig.input.frames[20].skipped = 1;
  rig.input.dropped_at_end = 7;
  bool broken = false;
  rig.server().on_send = [&](int index, const AbortSignal&) {
    if (index == 8 && !std::exchange(broken, true)) throw closed();
  };
  const auto snapshot = rig.run();
  CHECK(snapshot.source_frames == 30 + 2 + 5000 + 1 + 7);
  CHECK(dropped(snapshot.outputs[0], ring::Drop::QueueFull) == 5010);
  CHECK(snapshot.outputs[0].ledger.sent == 30);
  check_law(snapshot);
}

TEST_CASE("an encoder that can't be opened fails the session with its reason") {
  Rig rig(1);
  rig.options.encoder.encoder = "libx246";
  rig.input.frames = ready_frames(3);
  const auto snapshot = rig.run();
  CHECK(snapshot.failed);
  REQUIRE(snapshot.error.has_value());
  CHECK(snapshot.error->code() == ErrorCode::EncoderUnknown);
}

TEST_CASE("an output whose thread ends by an error of no connection reports that error") {
  Rig rig;
  rig.input.frames = ready_frames(3);
  sessions::EncodeSession session(
      rig.options,
      std::make_unique<ScriptInput>(rig.input, rig.clock, std::make_shared<ScriptLedger>(1)),
      rig.clock,
      [](std::string_view kind, std::string_view) {
        if (kind == "output.connected") throw Error(ErrorCode::Internal, "no listener");
      },
      hooks_to({&rig.server()}));
  // Its thread is known to the clock once it has waited: between two attempts.
  rig.server().on_connect = [](int attempt, const AbortSignal&) {
    if (attempt == 1) throw refused();
  };
  rig.clock.at(rig.clock.now() + 100 * kSecond, [&] { session.request_stop(); });
  session.start();
  REQUIRE(session.wait(kStuck));
  const auto output = session.snapshot().outputs[0];
  REQUIRE(output.error.has_value());
  CHECK(output.error->message() == "no listener");
}

TEST_CASE("a frame that the encoder refuses is counted as failed, and the stream goes on") {
  Rig rig;
  rig.input.frames = ready_frames(30);
  for (std::size_t i = 12; i < 20; ++i) rig.input.frames[i].index = 11;  // one timestamp, again
  const auto snapshot = rig.run();
  CHECK(rig.received().size() == 22);
  CHECK(snapshot.outputs[0].ledger.failed[static_cast<std::size_t>(ring::Fail::Encode)] == 8);
  CHECK(snapshot.ended);
  check_law(snapshot);
}
