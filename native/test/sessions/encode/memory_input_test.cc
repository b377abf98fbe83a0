// Frames pushed by a caller in the same process: back-pressure, lead, end.
#include "sessions/encode/memory_input.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "sessions/encode/push_rig.h"

using namespace videopush;
using namespace videopush::test;
using sessions::MemoryInput;
using sessions::Pushed;

TEST_CASE(
    "the lead reaches a bound of 10, 50 and 500 frames and never passes it by more than one") {
  for (const int bound : {10, 50, 500}) {
    CAPTURE(bound);
    PushRig push(bound * kFrame);
    push.open();
    double most = 0;
    std::thread caller([&] {
      for (std::int64_t i = 0; i < bound + 300; ++i) {
        if (push.push(i) != Pushed::Accepted) return;
        most = std::max(most, push.session->lead_seconds());
      }
      push.input->end();
    });
    REQUIRE(push.session->wait(kStuck));
    caller.join();
    CHECK(most <= (bound + 1) * 0.04 + 1e-9);
    CHECK(most >= bound * 0.04 - 1e-9);
    CHECK(push.server->received().size() == static_cast<std::size_t>(bound) + 300);
    check_law(push.session->snapshot());
  }
}

TEST_CASE("a bound below the encoder's delay neither deadlocks nor slows the stream") {
  PushRig push(2 * kFrame);
  push.rig.options.encoder.preset = "medium";
  push.rig.options.encoder.tune = "";
  push.rig.options.encoder.max_b_frames = 3;
  push.open();
  std::thread caller([&] {
    for (std::int64_t i = 0; i < 250; ++i)
      if (push.push(i) != Pushed::Accepted) return;
    push.input->end();
  });
  REQUIRE(push.session->wait(kStuck));
  caller.join();
  const auto units = push.server->received();
  REQUIRE(units.size() == 250);
  for (std::size_t i = 1; i < units.size(); ++i) CHECK(units[i].at - units[i - 1].at == kFrame);
  CHECK(push.session->snapshot().outputs[0].rebases == 0);
}

TEST_CASE("a bound below the delay of an encoder whose pictures are far apart does not deadlock") {
  PushRig push(2 * kFrame);
  push.rig.options.encoder.tune = "";
  push.rig.options.encoder.extra["rc-lookahead"] = "20";
  push.open();
  std::thread caller([&] {
    for (std::int64_t i = 0; i < 100; ++i)  // ten times as far apart as the rate says
      if (push.push(10 * i) != Pushed::Accepted) return;
    push.input->end();
  });
  REQUIRE(push.session->wait(kStuck));
  caller.join();
  CHECK(push.server->received().size() == 100);
}

TEST_CASE("a caller that sleeps half of the lead keeps time, whatever the encoder holds back") {
  for (const AVRational rate : {AVRational{24, 1}, {30'000, 1001}, {60, 1}}) {
    for (const char* lookahead : {"0", "40"}) {
      for (const int b_frames : {0, 1, 2, 3}) {
        CAPTURE(rate.num);
        CAPTURE(lookahead);
        CAPTURE(b_frames);
        PushRig push(0);
        push.format = video_format({.width = 64, .height = 48, .frame_rate = rate});
        push.rig.options.max_lead = 500 * push.format.frame_interval_ns();
        push.rig.options.encoder.tune = "";
        push.rig.options.encoder.extra["rc-lookahead"] = lookahead;
        push.rig.options.encoder.max_b_frames = b_frames;
        push.open();
        std::thread caller([&] {
          for (std::int64_t i = 0; i < 400; ++i) {
            if (push.push(i, kForever, false) != Pushed::Accepted) return;
            if (i % 10 != 9) continue;
            const auto sleep = static_cast<Nanoseconds>(push.session->wait_reference() * 1e9);
            push.clock.wait_until(push.clock.now() + sleep, {});
          }
          push.input->end();
        });
        REQUIRE(push.session->wait(kStuck));
        caller.join();
        const auto units = push.server->received();
        REQUIRE(units.size() == 400);
        const Nanoseconds media = av_rescale_q(units.back().dts - units.front().dts,
                                               push.format.time_base(), kNanosecond);
        const Nanoseconds elapsed = units.back().at - units.front().at;
        CHECK(std::abs(elapsed - media) <= media / 1000);
        CHECK(push.session->snapshot().outputs[0].rebases == 0);
      }
    }
  }
}

TEST_CASE("the queue and the units under way hold the caller back when the lead has no bound") {
  PushRig push(0);
  push.open();
  std::size_t accepted_at_first_unit = 0, accepted = 0;
  push.server->on_send = [&](int index, const AbortSignal&) {
    if (index == 0) accepted_at_first_unit = accepted;
  };
  std::thread caller([&] {
    for (std::int64_t i = 0; i < 200; ++i, ++accepted)
      if (push.push(i) != Pushed::Accepted) return;
    push.input->end();
  });
  REQUIRE(push.session->wait(kStuck));
  caller.join();
  CHECK(accepted_at_first_unit == 44);  // 20 in the queue, 24 encoded
  CHECK(push.server->received().size() == 200);
  CHECK(push.server->received()[199].at - push.server->received()[0].at == 199 * kFrame);
}

TEST_CASE("a caller may fill the queue before there is a connection, and then gets QueueFull") {
  PushRig push(0);
  push.clock.at(push.clock.now() + 3600 * kSecond, [] {});
  push.server->on_connect = [](int, const AbortSignal&) {
    throw Error(ErrorCode::ConnectRefused, "nobody listens");
  };
  push.open();
  std::thread caller([&] {
    for (std::int64_t i = 0; i < 20; ++i) CHECK(push.push(i, 0, false) == Pushed::Accepted);
    CHECK(push.push(20, 0, false) == Pushed::Full);
    const Nanoseconds before = push.clock.now();
    CHECK(push.push(20, 3 * kSecond) == Pushed::Full);
    CHECK(push.clock.now() == before + 3 * kSecond);
    push.session->abort();
    CHECK(push.push(20, kSecond) == Pushed::Closed);
  });
  caller.join();
  REQUIRE(push.session->wait(kStuck));
  const auto snapshot = push.session->snapshot();
  // The frames that never left have an outcome, too.
  CHECK(snapshot.source_frames == 20);
  CHECK(snapshot.outputs[0].ledger.failed[static_cast<std::size_t>(ring::Fail::Output)] == 20);
  check_law(snapshot);
}

TEST_CASE("a waiting push ends with the caller's abort") {
  PushRig push(0);
  push.server->on_connect = [](int, const AbortSignal&) {
    throw Error(ErrorCode::ConnectRefused, "nobody listens");
  };
  push.open();
  std::thread caller([&] {
    for (std::int64_t i = 0; i < 20; ++i) CHECK(push.push(i) == Pushed::Accepted);
    push.clock.at(push.clock.now() + 10 * kSecond, [&] { push.abort.abort(); });
    CHECK(push.push(20) == Pushed::Aborted);
  });
  caller.join();
}

TEST_CASE(
    "a lost connection costs the pictures under way, and the caller's next ones go out from a "
    "key frame on") {
  PushRig push(10 * kFrame);
  push.rig.options.encoder.gop_frames = 1000;
  bool broken = false;
  push.server->on_send = [&](int index, const AbortSignal&) {
    if (index == 50 && !std::exchange(broken, true)) throw closed();
  };
  push.open();
  std::thread caller([&] {
    for (std::int64_t i = 0; i < 200; ++i)
      if (push.push(i) != Pushed::Accepted) return;
    push.input->end();
  });
  REQUIRE(push.session->wait(kStuck));
  caller.join();
  const auto units = push.server->received();
  const auto snapshot = push.session->snapshot();
  CHECK(units[50].key);
  CHECK(units.size() + dropped(snapshot.outputs[0], ring::Drop::Network) == 200);
  CHECK(units.size() > 150);
  check_law(snapshot);
}

TEST_CASE("an outage of every output drops frames at their own pace, when that was asked for") {
  constexpr Nanoseconds kOutage = 8 * kSecond;
  for (const int outputs : {1, 2}) {
    for (const Nanoseconds max_lead : {Nanoseconds{0}, 10 * kFrame}) {
      CAPTURE(outputs);
      CAPTURE(max_lead);
      PushRig push(max_lead, 2 + outputs, outputs);
      push.rig.options.drop_in_outage = true;
      std::atomic<Nanoseconds> back{0};  // when the servers run again
      for (const auto& server : push.servers) {
        server->on_send = [&](int index, const AbortSignal&) {
          if (index == 100 && back == 0) back = push.clock.now() + kOutage;
          if (push.clock.now() < back) throw closed();
        };
        server->on_connect = [&](int, const AbortSignal&) {
          if (push.clock.now() < back) throw Error(ErrorCode::ConnectRefused, "nobody listens");
        };
      }
      push.open();
      Nanoseconds longest = 0;
      std::thread caller([&] {
        for (std::int64_t i = 0; i < 600; ++i) {
          const Nanoseconds before = push.clock.now();
          if (push.push(i) != Pushed::Accepted) return;
          if (back != 0) longest = std::max(longest, push.clock.now() - before);
        }
        push.input->end();
      });
      REQUIRE(push.session->wait(kStuck));
      caller.join();
      CHECK(longest <= kFrame + kMillisecond);
      CHECK(longest > 0);
      const auto snapshot = push.session->snapshot();
      check_law(snapshot);
      for (int i = 0; i < outputs; ++i) {
        const auto units = push.servers[static_cast<std::size_t>(i)]->received();
        const auto& output = snapshot.outputs[static_cast<std::size_t>(i)];
        CHECK(units.size() + dropped(output, ring::Drop::Network) == 600);
        // What was lost is what was due meanwhile, until an attempt to connect came through.
        const Nanoseconds gap = units[100].at - units[99].at;
        CHECK(gap >= kOutage);
        CHECK(dropped(output, ring::Drop::Network) == static_cast<std::uint64_t>(gap / kFrame) - 1);
        CHECK(units[100].key);
        CHECK(output.rebases == 0);
      }
    }
  }
}

TEST_CASE("a frame of another size or format, or out of time, is refused and harms nothing") {
  EventClock clock(1);
  const VideoFormat format = video_format({.width = 64, .height = 48});
  MemoryInput input({.format = format}, clock);
  const AbortSignal abort;
  const auto code = [&](FramePtr frame) {
    try {
      input.push(frame, abort, 0);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::Internal;
  };
  FramePtr good = picture(format, 5);
  CHECK(input.push(good, abort, 0) == Pushed::Accepted);
  CHECK(good == nullptr);
  CHECK(code(picture(video_format({.width = 128, .height = 48}), 6)) == ErrorCode::InvalidArgument);
  CHECK(code(picture(video_format({.width = 64, .height = 48, .pixel_format = AV_PIX_FMT_RGB24}),
                     6)) == ErrorCode::InvalidArgument);
  CHECK(code(picture(format, 5)) == ErrorCode::InvalidArgument);
  CHECK(input.depth() == 1);
}
