#include "binding/environment.h"

#include <utility>

namespace videopush::binding {

Environment::Environment(Napi::Env env) : mailbox_(Mailbox::create(env)) {
  // Registered after the mailbox's own hook, so it runs before it (hooks run in reverse order).
  napi_add_env_cleanup_hook(env, &Environment::clean_up, this);
}

void Environment::clean_up(void* self) {
  auto& environment = *static_cast<Environment*>(self);
  environment.mailbox_->close();
  for (const Job& job : environment.jobs_) job.cancel();
  for (Job& job : environment.jobs_) job.thread.join();
  environment.jobs_.clear();
}

Napi::Error Environment::make_error(Napi::Env env, const Error& error) const {
  Napi::Object details = Napi::Object::New(env);
  details["code"] = Napi::String::New(env, std::string(to_string(error.code())));
  details["action"] = Napi::String::New(env, error.action());
  details["permanent"] = Napi::Boolean::New(env, is_permanent(error.code()));
  details["averror"] = Napi::Number::New(env, error.averror());
  const Napi::String message = Napi::String::New(env, error.message());
  if (error_class_.IsEmpty()) return Napi::Error::New(env, error.message());
  return Napi::Error(env, error_class_.New({message, details}));
}

void Environment::reap() {
  jobs_.remove_if([](Job& job) {
    if (!job.done->load(std::memory_order_acquire)) return false;
    job.thread.join();
    return true;
  });
}

void Environment::spawn(std::function<void()> cancel, std::function<void()> work) {
  auto done = std::make_shared<std::atomic<bool>>(false);
  std::thread thread([work = std::move(work), done, mailbox = mailbox_]() mutable {
    work();
    work = nullptr;
    done->store(true, std::memory_order_release);
    mailbox->post([](Napi::Env env) { Environment::of(env).reap(); });
  });
  jobs_.push_back({std::move(cancel), std::move(thread), std::move(done)});
}

Pending::Pending(Napi::Env env)
    : mailbox_(Environment::of(env).mailbox()), deferred_(Napi::Promise::Deferred::New(env)) {
  mailbox_->hold(env);
}

std::pair<std::shared_ptr<Pending>, Napi::Value> Pending::create(Napi::Env env) {
  auto pending = std::make_shared<Pending>(env);
  const Napi::Value promise = pending->deferred_.Promise();
  return {std::move(pending), promise};
}

void Pending::settle(std::function<void(Napi::Env)> how) {
  if (settled_.exchange(true)) return;
  mailbox_->post([self = shared_from_this(), how = std::move(how)](Napi::Env env) {
    self->mailbox_->unhold(env);
    how(env);
  });
}

void Pending::resolve(MakeValue make) {
  settle([this, make = std::move(make)](Napi::Env env) {
    try {
      deferred_.Resolve(make ? make(env) : env.Undefined());
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    } catch (...) {
      deferred_.Reject(Environment::of(env).make_error(env, current_error()).Value());
    }
  });
}

void Pending::reject(Error error) {
  settle([this, error = std::move(error)](Napi::Env env) {
    deferred_.Reject(Environment::of(env).make_error(env, error).Value());
  });
}

Napi::Value run_blocking(Napi::Env env, std::function<void()> cancel,
                         std::function<Pending::MakeValue()> work) {
  const auto [pending, promise] = Pending::create(env);
  Environment::of(env).spawn(std::move(cancel), [pending = pending, work = std::move(work)] {
    try {
      pending->resolve(work());
    } catch (...) {
      pending->reject(current_error());
    }
  });
  return promise;
}

}  // namespace videopush::binding
