// What an output does when the timestamps of its connection end, as those of FLV do after 24.8
// days: on simulated time, with servers whose connections carry a few seconds more than the margin.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "core/limits.h"
#include "sessions/encode/rig.h"

using namespace videopush;
using namespace videopush::test;

namespace {

constexpr Nanoseconds kFrame = 40 * kMillisecond;
constexpr Nanoseconds kMargin = 2 * limits::kLongestGapSeconds * kSecond;

/// 150 frames and a key frame each second, to servers whose connections are renewed from 2 s on.
struct RenewalRig : Rig {
  explicit RenewalRig(int outputs = 1) : Rig(outputs) {
    input.frames = ready_frames(150);
    options.encoder.gop_frames = 25;
    for (const auto& each : servers) each->capacity = kMargin + 2 * kSecond;
  }

  std::vector<Received> on(int connection) const {
    std::vector<Received> units = received();
    std::erase_if(units, [&](const Received& unit) { return unit.connection != connection; });
    return units;
  }
};

void check_no_outage(const sessions::OutputSnapshot& output) {
  CHECK(output.reconnects == output.renewals);
  CHECK(output.reconnects_refused + output.reconnects_timeout + output.reconnects_reset +
            output.reconnects_protocol ==
        0);
  CHECK(output.outage_seconds == 0);
  CHECK(output.rebases == 0);
  CHECK_FALSE(output.error.has_value());
}

}  // namespace

TEST_CASE(
    "a connection whose timestamps end is renewed in time by a key frame, in every mode, and that "
    "is no outage") {
  struct Mode {
    bool persistent;
    int outputs, b_frames;
  };
  for (const Mode mode :
       {Mode{true, 1, 0}, Mode{true, 1, 2}, Mode{false, 1, 0}, Mode{true, 2, 0}}) {
    CAPTURE(mode.persistent);
    CAPTURE(mode.outputs);
    CAPTURE(mode.b_frames);
    RenewalRig rig(mode.outputs);
    rig.input.persistent = mode.persistent;
    rig.options.encoder.max_b_frames = mode.b_frames;
    const auto snapshot = rig.run();
    for (std::size_t i = 0; i < snapshot.outputs.size(); ++i) {
      auto order = indices(rig.received(i), rig.input.format);
      std::ranges::sort(order);
      CHECK(order == count_up(0, 150));
      CHECK(snapshot.outputs[i].renewals == 2);
      CHECK(snapshot.outputs[i].ledger.repeated == 0);
      check_no_outage(snapshot.outputs[i]);
    }
    for (const int connection : {2, 3}) {
      REQUIRE_FALSE(rig.on(connection).empty());
      CHECK(rig.on(connection)[0].key);
    }
    const auto units = rig.received();
    for (std::size_t i = 1; i < units.size(); ++i) CHECK(units[i].at - units[i - 1].at == kFrame);
    CHECK(std::ranges::count_if(rig.events, [](const std::string& event) {
            return event.starts_with("output.renewed out0");
          }) == 2);
    check_law(snapshot);
  }
}

TEST_CASE("the time of each connection begins at zero where it must, also after a renewal") {
  RenewalRig rig;
  rig.server().from_zero = true;
  rig.run();
  REQUIRE(rig.received().size() == 150);
  for (const int connection : {1, 2, 3}) CHECK(rig.on(connection)[0].dts == 0);
}

TEST_CASE("a key frame is asked for when a connection's timestamps end before one is due") {
  RenewalRig rig;
  rig.options.encoder.gop_frames = 1'000;
  const auto snapshot = rig.run();
  CHECK(rig.received().size() == 150);
  CHECK(snapshot.outputs[0].renewals == 2);
  CHECK(rig.on(2)[0].key);
  CHECK(rig.on(1).size() <= 50 + 25);  // what is encoded in advance goes before it
  check_no_outage(snapshot.outputs[0]);
}

TEST_CASE("a renewal that the server refuses is an outage like any other, and loses no frame") {
  RenewalRig rig;
  rig.server().on_connect = [](int attempt, const AbortSignal&) {
    if (attempt == 2) throw Error(ErrorCode::ConnectRefused, "nobody listens");
  };
  const auto snapshot = rig.run();
  CHECK(indices(rig.received(), rig.input.format) == count_up(0, 150));
  const auto& output = snapshot.outputs[0];
  CHECK(output.reconnects_refused == 1);
  CHECK(output.outage_seconds >= 0.25);
  CHECK(output.ledger.repeated == 0);
  check_law(snapshot);
}

TEST_CASE("what a server has not taken at the end of a renewed connection is sent again") {
  RenewalRig rig;
  rig.server().acknowledged = [](int connection, std::uint64_t offered) {
    return connection == 1 ? std::min<std::uint64_t>(offered, 40) : offered;
  };
  rig.server().on_close = [](int connection) -> std::optional<Error> {
    if (connection > 1) return std::nullopt;
    return Error(ErrorCode::WriteTimeout, "the server did not take the last of the stream in time");
  };
  const auto snapshot = rig.run();
  auto again = indices(rig.on(2), rig.input.format);
  REQUIRE_FALSE(again.empty());
  CHECK(again[0] <= 40);
  const auto& output = snapshot.outputs[0];
  CHECK(output.reconnects_timeout == 1);
  CHECK(output.ledger.sent == 150);
  check_law(snapshot);
}
