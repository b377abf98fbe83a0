// Wakes the JavaScript side of an object whose native thread has news.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "binding/environment.h"

namespace videopush::binding {

/// A ring that comes before the wait is not lost; several rings may become one. Whoever waits looks
/// again afterwards.
class Doorbell {
 public:
  /// Any thread.
  void ring() {
    std::shared_ptr<Pending> waiter;
    {
      std::lock_guard lock(mutex_);
      waiter = std::exchange(waiter_, nullptr);
      if (!waiter) rung_ = true;
    }
    if (waiter) waiter->resolve();
  }

  /// JavaScript thread: a promise of the next ring.
  Napi::Value wait(Napi::Env env) {
    std::lock_guard lock(mutex_);
    if (!waiter_) waiter_ = Pending::create(env);
    const Napi::Value promise = waiter_->promise();
    if (std::exchange(rung_, false)) std::exchange(waiter_, nullptr)->resolve();
    return promise;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Pending> waiter_;
  bool rung_ = false;
};

}  // namespace videopush::binding
