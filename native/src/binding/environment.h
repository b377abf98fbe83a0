// What the addon keeps per environment (main thread or worker): never static, so that workers do
// not share it.
#pragma once

#include <napi.h>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <thread>
#include <unordered_map>
#include <utility>

#include "binding/mailbox.h"
#include "core/abort.h"
#include "core/av.h"
#include "core/error.h"

namespace videopush::binding {

class Environment {
 public:
  explicit Environment(Napi::Env env);
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

  /// The JavaScript class that native errors are made of; set once by `initialize`.
  void set_error_class(const Napi::Function& constructor) {
    error_class_ = Napi::Persistent(constructor);
  }
  Napi::Error make_error(Napi::Env env, const Error& error) const;

  /// Runs `work` on a thread of its own. `cancel` makes it return soon; called when the environment
  /// goes, which then joins.
  void spawn(std::function<void()> cancel, std::function<void()> work);

  /// Pixels that JavaScript holds without a copy: by the address of the buffer, so that a frame
  /// that comes back is recognised.
  std::unordered_map<const void*, std::shared_ptr<AVFrame>> lent_frames;
  /// function(level, line), see log.h
  Napi::FunctionReference log_listener;

 private:
  struct Job {
    std::function<void()> cancel;
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> done;
  };
  static void clean_up(void* self);
  void reap();

  std::shared_ptr<Mailbox> mailbox_;
  Napi::FunctionReference error_class_;
  std::list<Job> jobs_;
};

/// Runs `body`, turning the core's exceptions into the JavaScript error class.
template <typename Body>
auto guarded(Napi::Env env, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Error& error) {
    throw Environment::of(env).make_error(env, error);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw Environment::of(env).make_error(env, Error(ErrorCode::Internal, "out of memory"));
  } catch (const std::exception& error) {
    throw Environment::of(env).make_error(env, Error(ErrorCode::Internal, error.what()));
  }
}

/// A promise that any thread settles, once. The event loop stays alive until then.
class Pending : public std::enable_shared_from_this<Pending> {
 public:
  using MakeValue = std::function<Napi::Value(Napi::Env)>;

  /// The promise is valid in the handle scope at hand and is not kept: the garbage collector moves
  /// it, so that each who waits needs one of its own.
  static std::pair<std::shared_ptr<Pending>, Napi::Value> create(Napi::Env env);
  void resolve(MakeValue make = {});  // unset = undefined
  void reject(Error error);

  explicit Pending(Napi::Env env);

 private:
  void settle(std::function<void(Napi::Env)> how);

  std::shared_ptr<Mailbox> mailbox_;
  Napi::Promise::Deferred deferred_;
  std::atomic<bool> settled_{false};
};

/// `work` on a thread of its own; what it returns makes the promise's value on the JavaScript
/// thread. `cancel`: see spawn().
Napi::Value run_blocking(Napi::Env env, std::function<void()> cancel,
                         std::function<Pending::MakeValue()> work);

}  // namespace videopush::binding
