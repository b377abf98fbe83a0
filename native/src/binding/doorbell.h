// Wakes the JavaScript side of an object whose native thread has news.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "binding/environment.h"

namespace videopush::binding {

/// A ring that comes before the wait is not lost; several rings may become one. Whoever waits looks
/// again afterwards.
class Doorbell {
 public:
  /// Any thread.
  void ring() {
    std::vector<std::shared_ptr<Pending>> waiters;
    {
      std::lock_guard lock(mutex_);
      waiters.swap(waiters_);
      if (waiters.empty()) rung_ = true;
    }
    for (const auto& waiter : waiters) waiter->resolve();
  }

  /// JavaScript thread: a promise of the next ring, one for each who waits.
  Napi::Value wait(Napi::Env env) {
    const auto [waiter, promise] = Pending::create(env);
    std::lock_guard lock(mutex_);
    if (std::exchange(rung_, false)) {
      waiter->resolve();
    } else {
      waiters_.push_back(waiter);
    }
    return promise;
  }

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<Pending>> waiters_;
  bool rung_ = false;
};

}  // namespace videopush::binding
