// An encode session whose pictures a caller pushes, on simulated time.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "sessions/encode/memory_input.h"
#include "sessions/encode/rig.h"

namespace videopush::test {

inline constexpr Nanoseconds kFrame = 40 * kMillisecond;

/// A session fed by a pushing thread, all on simulated time.
struct PushRig {
  /// `threads`: those that push, the session's own and one for each output.
  explicit PushRig(Nanoseconds max_lead, int threads = 3, int outputs = 1)
      : rig(outputs), clock(threads) {
    rig.options.max_lead = max_lead;
    for (int i = 0; i < outputs; ++i) servers.push_back(std::make_unique<FakeServer>(clock));
    server = servers.front().get();
  }

  void open() {
    make();
    session->start();
  }

  /// The session without its threads.
  void make() {
    const auto outputs = static_cast<std::uint32_t>(servers.size());
    auto queue = std::make_unique<sessions::MemoryInput>(
        sessions::MemoryInputOptions{.format = format, .capacity = 20, .outputs = outputs}, clock);
    input = queue.get();
    std::vector<FakeServer*> targets;
    for (const auto& each : servers) targets.push_back(each.get());
    session = std::make_unique<sessions::EncodeSession>(rig.options, std::move(queue), clock,
                                                        nullptr, hooks_to(targets));
  }

  sessions::Pushed push(std::int64_t index, Nanoseconds limit = 3600 * kSecond, bool paced = true) {
    FramePtr frame = picture(format, index);
    return input->push(frame, abort, limit, paced);
  }

  Rig rig;
  EventClock clock;
  VideoFormat format = video_format({.width = 64, .height = 48});
  std::vector<std::unique_ptr<FakeServer>> servers;
  FakeServer* server = nullptr;  // the first one
  sessions::MemoryInput* input = nullptr;
  std::unique_ptr<sessions::EncodeSession> session;
  AbortSignal abort;
};

}  // namespace videopush::test
