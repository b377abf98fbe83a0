// Simulated time for several threads: it stands still while any of them works, and jumps to the
// earliest deadline once all of them wait. Whatever a session does in an hour is done in the time
// that the work itself takes, and comes out the same on a busy machine.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "core/clock.h"

namespace videopush::test {

class EventClock final : public Clock {
 public:
  /// Time begins to pass when `threads` have waited; a thread that ends is no longer waited for.
  explicit EventClock(int threads) : expected_(threads) {}

  Nanoseconds now() const override {
    const std::scoped_lock lock(mutex_);
    return now_;
  }
  Nanoseconds wall_now() const override { return 1'700'000'000 * kSecond; }

  /// Runs when time reaches `instant`, in a waiting thread.
  void at(Nanoseconds instant, std::function<void()> action) {
    const std::scoped_lock lock(mutex_);
    planned_.emplace(instant, std::move(action));
  }

  WakeReason wait_until(Nanoseconds deadline, const WaitOn& on) override {
    join();
    std::unique_lock lock(mutex_);
    const auto me = waiters_.insert(waiters_.end(), {deadline, on});
    WakeReason seen;
    while ((seen = look(on)) == WakeReason::Due && now_ < deadline) {
      if (!advance(lock)) changed_.wait_for(lock, std::chrono::microseconds(200));
    }
    waiters_.erase(me);
    if (seen == WakeReason::Woken) drain(on.wake_fd);
    return seen;
  }

 private:
  struct Waiter {
    Nanoseconds deadline;
    WaitOn on;
  };

  /// Counts the calling thread from its first wait to its end.
  struct Member {
    EventClock* clock = nullptr;
    ~Member() {
      if (clock == nullptr) return;
      const std::scoped_lock lock(clock->mutex_);
      --clock->members_;
      --clock->expected_;
    }
  };

  void join() {
    thread_local Member member;
    if (member.clock == this) return;
    member.clock = this;
    const std::scoped_lock lock(mutex_);
    ++members_;
  }

  static WakeReason look(const WaitOn& on) {
    pollfd fds[] = {{on.abort_fd, POLLIN, 0}, {on.wake_fd, POLLIN, 0}, {on.socket_fd, POLLIN, 0}};
    poll(fds, 3, 0);
    if (fds[0].revents != 0) return WakeReason::Aborted;
    if (fds[1].revents != 0) return WakeReason::Woken;
    return fds[2].revents != 0 ? WakeReason::Readable : WakeReason::Due;
  }

  static void drain(int fd) {
    std::uint64_t count;
    [[maybe_unused]] const ssize_t drained = read(fd, &count, sizeof count);
  }

  /// When nobody can go on: to the earliest deadline, or planned action. mutex_ is held.
  bool advance(std::unique_lock<std::mutex>& lock) {
    if (acting_) return false;
    if (members_ < expected_ || static_cast<int>(waiters_.size()) < members_) return false;
    Nanoseconds next = kForever;
    for (const Waiter& waiter : waiters_) {
      if (look(waiter.on) != WakeReason::Due || waiter.deadline <= now_) return false;
      next = std::min(next, waiter.deadline);
    }
    if (!planned_.empty() && planned_.begin()->first <= next) {
      auto action = std::move(planned_.begin()->second);
      now_ = std::max(now_, planned_.begin()->first);
      planned_.erase(planned_.begin());
      // What the action wakes is seen before time goes on, however long the action takes.
      acting_ = true;
      lock.unlock();
      action();
      lock.lock();
      acting_ = false;
    } else if (next != kForever) {
      now_ = next;
    } else {
      return false;
    }
    changed_.notify_all();
    return true;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int expected_;
  int members_ = 0;
  bool acting_ = false;
  Nanoseconds now_ = 1'000 * kSecond;
  std::list<Waiter> waiters_;
  std::multimap<Nanoseconds, std::function<void()>> planned_;
};

}  // namespace videopush::test
