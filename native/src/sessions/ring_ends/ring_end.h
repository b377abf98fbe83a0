// One end of a ring for frames that a caller handles itself: the thread that waits for the other
// process, and what is known about that one.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "core/abort.h"
#include "core/clock.h"
#include "core/error.h"

namespace videopush::sessions {

/// The caller never waits for the ring. It tries, and when there is nothing to be had it calls
/// want(): the thread in run() waits in its place, and reports by `news` that another try is worth
/// while. The thread also shows by a heartbeat that this process is alive, and fails when the other
/// process has been silent for too long.
class RingEnd {
 public:
  virtual ~RingEnd() = default;

  /// `news` is called on the thread of run() and on that of close(). Set before run().
  void on_news(std::function<void()> news) { news_ = std::move(news); }
  /// Runs until close(); the ring has to be open.
  void run();
  /// Any thread: nothing waits from here on.
  void close();
  /// Gives the ring up. run() must have returned.
  virtual void dispose() = 0;
  /// Throws InvalidState when closed, and what run() failed with.
  void check();

 protected:
  /// `peer_limit`: how long the other process may be silent while it is waited for; kForever: no
  /// limit.
  explicit RingEnd(Nanoseconds peer_limit) : peer_limit_(peer_limit) {}
  /// One attempt of at most kAttempt to get what is wanted; true when it was had. Called by run()
  /// with `work_` held.
  virtual bool attempt() = 0;
  virtual void heartbeat(Nanoseconds now) = 0;
  /// When the other process was last heard of, CLOCK_MONOTONIC ns; 0 = never.
  virtual Nanoseconds peer_heartbeat() const = 0;
  virtual const char* peer_name() const = 0;
  /// Lets run() attempt; `news` follows when it succeeded or failed.
  void want();

  static constexpr Nanoseconds kAttempt = 20'000'000;
  AbortSignal abort_;
  /// The ring's end is used by one thread at a time. The caller never waits for this, it only
  /// tries.
  std::mutex work_;

 private:
  bool attempt_once(Nanoseconds waiting_since);
  bool peer_is_gone(Nanoseconds since) const;

  const Nanoseconds peer_limit_;
  std::function<void()> news_;
  std::mutex state_;
  std::condition_variable wake_;
  bool wanted_ = false, closed_ = false;
  std::optional<Error> failure_;
};

}  // namespace videopush::sessions
