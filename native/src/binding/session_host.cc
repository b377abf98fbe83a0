#include "binding/session_host.h"

#include <utility>

#include "binding/values.h"
#include "sessions/encode/ring_input.h"

namespace videopush::binding {
namespace {

/// The ring's header for the queue figures of a snapshot; none while it does not exist (yet).
std::unique_ptr<ring::Observer> observe(const std::string& path) {
  try {
    return ring::Observer::open(path);
  } catch (const Error&) {
    return nullptr;
  }
}

bool failed(const sessions::DecodeSnapshot& snapshot) {
  return snapshot.phase == sessions::DecodePhase::Failed;
}
bool failed(const sessions::EncodeSnapshot& snapshot) { return snapshot.failed; }

}  // namespace

void SessionHost::start(Napi::Env env, const Napi::Value& listener) {
  if (started_)
    throw Error(ErrorCode::InvalidState, "the session was started before", "make a new one");
  started_ = true;
  mailbox_ = Environment::of(env).mailbox();
  if (listener.IsFunction()) listener_ = Napi::Persistent(listener.As<Napi::Function>());
  Environment::of(env).spawn(
      [self = shared_from_this()] { self->abort(); },
      [self = shared_from_this()] {
        std::optional<Error> error;
        try {
          self->run();
        } catch (...) {
          error = current_error();
        }
        self->mailbox_->post(
            [self, error = std::move(error)](Napi::Env env) { self->finished(env, error); });
      });
}

Napi::Value SessionHost::wait(Napi::Env env) {
  if (!started_)
    throw Error(ErrorCode::InvalidState, "the session was not started", "call start() first");
  const auto [pending, promise] = Pending::create(env);
  waiters_.push_back(pending);
  if (finished_) finished(env, error_);
  return promise;
}

void SessionHost::finished(Napi::Env env, std::optional<Error> error) {
  finished_ = true;
  error_ = std::move(error);
  const Napi::FunctionReference listener = std::move(listener_);
  for (const auto& waiter : std::exchange(waiters_, {})) {
    if (error_) {
      waiter->reject(*error_);
    } else {
      waiter->resolve();
    }
  }
  if (listener.IsEmpty()) return;
  const std::string detail(error_ ? to_string(error_->code()) : "");
  listener.Call({Napi::String::New(env, "session.ended"), Napi::String::New(env, detail)});
}

void SessionHost::emit(std::string_view kind, std::string_view detail) {
  mailbox_->post([self = shared_from_this(), kind = std::string(kind),
                  detail = std::string(detail)](Napi::Env env) {
    if (!self->listener_.IsEmpty()) {
      self->listener_.Call({Napi::String::New(env, kind), Napi::String::New(env, detail)});
    }
  });
}

template <typename Session>
void RingSessionHost<Session>::run() {
  session_->start();
  session_->wait(kForever);
  const auto snapshot = session_->snapshot();
  if (failed(snapshot) && snapshot.error) throw *snapshot.error;
}

template <typename Session>
Napi::Value RingSessionHost<Session>::snapshot(Napi::Env env) {
  const auto queue = observe(ring_path_);
  return to_js(env, session_->snapshot(), queue ? &queue->header() : nullptr);
}

DecodeHost::DecodeHost(sessions::DecodeSessionOptions options)
    : RingSessionHost(options.ring.path) {
  session_ = std::make_unique<sessions::DecodeSession>(
      std::move(options), system_clock(),
      [this](std::string_view kind, std::string_view detail) { emit(kind, detail); });
}

EncodeHost::EncodeHost(EncodeSessionInput input) : RingSessionHost(std::move(input.ring_path)) {
  session_ = std::make_unique<sessions::EncodeSession>(
      std::move(input.options), std::make_unique<sessions::RingInput>(ring_path_), system_clock(),
      [this](std::string_view kind, std::string_view detail) { emit(kind, detail); });
}

}  // namespace videopush::binding
