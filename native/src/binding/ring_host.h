// One end of a ring as JavaScript holds it: news and the end of it as promises.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "binding/doorbell.h"
#include "sessions/ring_ends/ring_end.h"

namespace videopush::binding {

/// Methods are for the JavaScript thread, where not said otherwise.
class RingHost : public std::enable_shared_from_this<RingHost> {
 public:
  virtual ~RingHost() = default;
  /// Once, after the end was opened.
  void start(Napi::Env env);
  Napi::Value news(Napi::Env env) { return doorbell_->wait(env); }
  /// Any thread: nothing waits from here on.
  void close() { end_->close(); }
  /// A promise for the moment at which the ring has been given up and another process may have it.
  Napi::Value closed(Napi::Env env);
  void abandon() { close(); }

 protected:
  explicit RingHost(std::shared_ptr<sessions::RingEnd> end);

 private:
  void give_up();

  const std::shared_ptr<sessions::RingEnd> end_;
  const std::shared_ptr<Doorbell> doorbell_ = std::make_shared<Doorbell>();
  bool given_up_ = false;
  std::vector<std::shared_ptr<Pending>> closers_;
};

}  // namespace videopush::binding
