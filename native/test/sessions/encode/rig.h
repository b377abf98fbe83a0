// An encode session on simulated time with scripted frames and servers.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "sessions/encode/encode_session.h"
#include "sessions/encode/event_clock.h"
#include "sessions/encode/fake_sink.h"
#include "sessions/encode/script_input.h"

namespace videopush::test {

/// Real time that a test may take before it counts as stuck.
inline constexpr Nanoseconds kStuck = 60 * kSecond;

struct Rig {
  explicit Rig(int output_count = 1) : clock(output_count + 1) {
    for (int i = 0; i < output_count; ++i) {
      servers.push_back(std::make_unique<FakeServer>(clock));
      sessions::OutputOptions output;
      output.name = "out" + std::to_string(i);
      output.url = "rtsp://server/" + std::to_string(i);
      options.outputs.push_back(output);
    }
    input.outputs = static_cast<std::uint32_t>(output_count);
    options.encoder.preset = "ultrafast";
    options.encoder.threads = 1;
  }

  std::unique_ptr<sessions::EncodeSession> session() {
    if (!ledger) ledger = std::make_shared<ScriptLedger>(input.outputs);
    auto frames = std::make_unique<ScriptInput>(input, clock, ledger);
    std::vector<FakeServer*> targets;
    for (const auto& server : servers) targets.push_back(server.get());
    return std::make_unique<sessions::EncodeSession>(
        options, std::move(frames), clock,
        [this](std::string_view kind, std::string_view detail) {
          const std::scoped_lock lock(events_mutex);
          events.push_back(std::string(kind) + " " + std::string(detail));
        },
        hooks_to(targets));
  }

  /// Runs to the end.
  sessions::EncodeSnapshot run() {
    const auto s = session();
    s->start();
    REQUIRE(s->wait(kStuck));
    return s->snapshot();
  }

  FakeServer& server(std::size_t index = 0) { return *servers[index]; }
  std::vector<Received> received(std::size_t index = 0) const { return servers[index]->received(); }

  EventClock clock;
  std::vector<std::unique_ptr<FakeServer>> servers;
  ScriptOptions input;
  sessions::EncodeOptions options;
  std::shared_ptr<ScriptLedger> ledger;
  std::mutex events_mutex;
  std::vector<std::string> events;
};

inline Error closed() {
  return Error(ErrorCode::ConnectionClosed, "the server closed the connection");
}

inline std::int64_t index_of(const Received& unit, const VideoFormat& format) {
  return av_rescale_q(unit.pts, format.time_base(), av_inv_q(format.frame_rate()));
}

/// The pictures' indices in the order of their arrival.
inline std::vector<std::int64_t> indices(const std::vector<Received>& units,
                                         const VideoFormat& format) {
  std::vector<std::int64_t> all;
  for (const Received& unit : units) all.push_back(index_of(unit, format));
  return all;
}

inline std::vector<std::int64_t> count_up(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = from; i < to; ++i) all.push_back(i);
  return all;
}

inline void check_law(const sessions::EncodeSnapshot& snapshot) {
  for (const auto& output : snapshot.outputs) {
    CAPTURE(output.name);
    CHECK(output.ledger.settled() == snapshot.source_frames);
  }
}

inline std::uint64_t dropped(const sessions::OutputSnapshot& output, ring::Drop reason) {
  return output.ledger.dropped[static_cast<std::size_t>(reason)];
}

}  // namespace videopush::test
