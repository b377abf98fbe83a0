#include "sessions/ring_ends/ring_end.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace videopush::sessions {
namespace {

constexpr auto kHeartbeat = std::chrono::milliseconds(500);

}  // namespace

void RingEnd::close() {
  abort_.abort();
  {
    const std::lock_guard lock(state_);
    closed_ = true;
    wake_.notify_one();
  }
  if (news_) news_();
}

void RingEnd::check() {
  const std::lock_guard lock(state_);
  if (closed_) throw Error(ErrorCode::InvalidState, "the frame queue is closed", "open a new one");
  if (failure_) throw *failure_;
}

void RingEnd::want() {
  const std::lock_guard lock(state_);
  wanted_ = true;
  wake_.notify_one();
}

bool RingEnd::peer_is_gone(Nanoseconds since) const {
  return system_clock().now() - std::max(since, peer_heartbeat()) > peer_limit_;
}

void RingEnd::run() {
  Nanoseconds since = 0;  // when the wait under way began; 0: nothing is wanted
  for (;;) {
    bool wanted = false;
    {
      std::unique_lock lock(state_);
      wake_.wait_for(lock, kHeartbeat, [this] { return closed_ || wanted_; });
      if (closed_) return;
      wanted = wanted_;
    }
    const Nanoseconds now = system_clock().now();
    heartbeat(now);
    if (!wanted) {
      since = 0;
      continue;
    }
    if (since == 0) since = now;
    if (!attempt_once(since)) continue;
    since = 0;
    if (news_) news_();
  }
}

/// true: what was wanted was had, or can't be had.
bool RingEnd::attempt_once(Nanoseconds waiting_since) {
  std::optional<Error> failure;
  try {
    const std::lock_guard work(work_);
    if (!attempt()) {
      if (abort_.aborted() || !peer_is_gone(waiting_since)) return false;
      const std::string who = peer_name();
      failure = Error(ErrorCode::RingPeerFailed,
                      "frame queue: the " + who + " has not been heard of for " +
                          std::to_string(peer_limit_ / kSecond) + " s",
                      "see why the " + who + "'s process ended");
    }
  } catch (const Error& error) {
    failure = error;
  } catch (const std::exception& error) {
    failure = Error(ErrorCode::Internal, error.what());
  }
  const std::lock_guard lock(state_);
  wanted_ = false;
  if (failure) failure_ = std::move(failure);
  return true;
}

}  // namespace videopush::sessions
