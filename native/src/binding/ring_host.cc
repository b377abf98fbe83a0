#include "binding/ring_host.h"

#include <utility>

namespace videopush::binding {

RingHost::RingHost(std::shared_ptr<sessions::RingEnd> end) : end_(std::move(end)) {
  end_->on_news([doorbell = doorbell_] { doorbell->ring(); });
}

void RingHost::start(Napi::Env env) {
  auto mailbox = Environment::of(env).mailbox();
  Environment::of(env).spawn([self = shared_from_this()] { self->close(); },
                             [self = shared_from_this(), mailbox] {
                               self->end_->run();
                               mailbox->post([self](Napi::Env) { self->give_up(); });
                             });
}

void RingHost::give_up() {
  end_->dispose();
  given_up_ = true;
  for (const auto& closer : std::exchange(closers_, {})) closer->resolve({});
}

Napi::Value RingHost::closed(Napi::Env env) {
  const auto [closer, promise] = Pending::create(env);
  if (given_up_) {
    closer->resolve({});
  } else {
    closers_.push_back(closer);
  }
  return promise;
}

}  // namespace videopush::binding
