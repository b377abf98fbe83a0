// A clock that tests move: a wait jumps straight to its deadline, so an hour passes at once.
// Descriptors are real: one that is readable wins over the jump.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "core/clock.h"

namespace videopush::test {

class SimClock final : public Clock {
 public:
  explicit SimClock(Nanoseconds now = 1'000 * kSecond, Nanoseconds wall = 1'700'000'000 * kSecond)
      : now_(now), wall_(wall) {}

  Nanoseconds now() const override {
    const std::scoped_lock lock(mutex_);
    return now_;
  }
  Nanoseconds wall_now() const override {
    const std::scoped_lock lock(mutex_);
    return wall_;
  }

  /// Time passes, on both clocks; what `at` planned on the way happens.
  void advance(Nanoseconds by) { go_to(now() + by); }
  /// Somebody sets the machine's clock; the monotonic one knows nothing of it.
  void step_wall(Nanoseconds by) {
    const std::scoped_lock lock(mutex_);
    wall_ += by;
  }
  /// `action` runs, in the waiting thread, when a wait passes this instant: the way to make
  /// something happen in the middle of a wait.
  void at(Nanoseconds instant, std::function<void()> action) {
    const std::scoped_lock lock(mutex_);
    planned_.emplace(instant, std::move(action));
  }

  WakeReason wait_until(Nanoseconds deadline, const WaitOn& on) override {
    for (;;) {
      if (const WakeReason seen = look(on); seen != WakeReason::Due) return seen;
      const Nanoseconds next = next_action();
      if (next > deadline || next == kForever) break;
      go_to(next);
    }
    if (deadline == kForever)
      throw std::logic_error("a wait without a deadline: nothing will end it");
    go_to(deadline);
    return WakeReason::Due;
  }

 private:
  static WakeReason look(const WaitOn& on) {
    pollfd fds[] = {{on.abort_fd, POLLIN, 0}, {on.wake_fd, POLLIN, 0}, {on.socket_fd, POLLIN, 0}};
    poll(fds, 3, 0);
    if (fds[0].revents != 0) return WakeReason::Aborted;
    if (fds[1].revents != 0) {
      std::uint64_t count;
      [[maybe_unused]] const ssize_t drained = read(on.wake_fd, &count, sizeof count);
      return WakeReason::Woken;
    }
    return fds[2].revents != 0 ? WakeReason::Readable : WakeReason::Due;
  }

  Nanoseconds next_action() const {
    const std::scoped_lock lock(mutex_);
    return planned_.empty() ? kForever : planned_.begin()->first;
  }

  void go_to(Nanoseconds instant) {
    for (;;) {
      std::function<void()> action;
      {
        const std::scoped_lock lock(mutex_);
        const bool due = !planned_.empty() && planned_.begin()->first <= instant;
        const Nanoseconds stop = due ? planned_.begin()->first : instant;
        if (stop > now_) {
          wall_ += stop - now_;
          now_ = stop;
        }
        if (!due) return;
        action = std::move(planned_.begin()->second);
        planned_.erase(planned_.begin());
      }
      action();  // may plan more, or step the system clock
    }
  }

  mutable std::mutex mutex_;
  Nanoseconds now_;
  Nanoseconds wall_;
  std::multimap<Nanoseconds, std::function<void()>> planned_;
};

}  // namespace videopush::test
