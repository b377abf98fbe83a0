#include "sessions/decode/decode_session.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/redact.h"
#include "sessions/decode/decode_loop.h"
#include "sessions/decode/decode_status.h"

namespace videopush::sessions {

struct DecodeSession::Impl {
  DecodeSessionOptions options;
  Clock& clock;
  EventSink events;
  DecodeHooks hooks;
  AbortSignal stop{};
  DecodeStatus status{};
  std::mutex mutex{};
  std::condition_variable changed{};
  bool started = false, finished = false;
  std::thread thread{};

  void run() {
    const auto event = [this](std::string_view kind, std::string_view detail) {
      if (events) events(kind, redact(detail));
    };
    DecodeLoop(options, clock, stop, status, event, hooks).run();
    const std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }
};

DecodeSession::DecodeSession(DecodeSessionOptions options, Clock& clock, EventSink events,
                             DecodeHooks hooks)
    : impl_(new Impl{.options = std::move(options),
                     .clock = clock,
                     .events = std::move(events),
                     .hooks = std::move(hooks)}) {
  if (!impl_->hooks.open_source) impl_->hooks.open_source = media::open_source;
}

DecodeSession::~DecodeSession() {
  abort();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void DecodeSession::start() {
  if (std::exchange(impl_->started, true)) {
    throw Error(ErrorCode::InvalidState, "the decode session was started before", "make a new one");
  }
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

// A frame is published whole or not at all, so every instant is a frame boundary to the consumer.
void DecodeSession::request_stop() { impl_->stop.abort(); }
void DecodeSession::abort() { impl_->stop.abort(); }

bool DecodeSession::wait(Nanoseconds limit) {
  std::unique_lock lock(impl_->mutex);
  const auto finished = [this] { return impl_->finished; };
  if (limit == kForever) {
    impl_->changed.wait(lock, finished);
    return true;
  }
  return impl_->changed.wait_for(lock, std::chrono::nanoseconds(limit), finished);
}

DecodeSnapshot DecodeSession::snapshot() const {
  return impl_->status.snapshot(impl_->clock.now());
}

}  // namespace videopush::sessions
