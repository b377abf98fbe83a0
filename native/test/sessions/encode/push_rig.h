// An encode session whose pictures a caller pushes, on simulated time.
#pragma once

#include <memory>
#include <utility>

#include "sessions/encode/memory_input.h"
#include "sessions/encode/rig.h"

namespace videopush::test {

inline constexpr Nanoseconds kFrame = 40 * kMillisecond;

/// A session fed by a pushing thread, all on simulated time.
struct PushRig {
  /// `threads`: the session's two and those that push.
  explicit PushRig(Nanoseconds max_lead, int threads = 3) : rig(1), clock(threads) {
    rig.options.max_lead = max_lead;
    server = std::make_unique<FakeServer>(clock);
  }

  void open() {
    make();
    session->start();
  }

  /// The session without its threads.
  void make() {
    auto queue = std::make_unique<sessions::MemoryInput>(
        sessions::MemoryInputOptions{.format = format, .capacity = 20, .outputs = 1}, clock);
    input = queue.get();
    session = std::make_unique<sessions::EncodeSession>(rig.options, std::move(queue), clock,
                                                        nullptr, hooks_to({server.get()}));
  }

  sessions::Pushed push(std::int64_t index, Nanoseconds limit = 3600 * kSecond, bool paced = true) {
    FramePtr frame = picture(format, index);
    return input->push(frame, abort, limit, paced);
  }

  Rig rig;
  EventClock clock;
  VideoFormat format = video_format({.width = 64, .height = 48});
  std::unique_ptr<FakeServer> server;
  sessions::MemoryInput* input = nullptr;
  std::unique_ptr<sessions::EncodeSession> session;
  AbortSignal abort;
};

}  // namespace videopush::test
