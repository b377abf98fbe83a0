// From native threads to the JavaScript thread: one mailbox per environment (main thread or
// worker).
#pragma once

#include <napi.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace videopush::binding {

/// Runs letters on the JavaScript thread in the order they were posted. It keeps the event loop
/// alive only while somebody `hold()`s it, so sessions that merely report events do not stop a
/// process from exiting.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  using Letter = std::function<void(Napi::Env)>;

  static std::shared_ptr<Mailbox> create(Napi::Env env);

  /// Any thread. After close() the letter is destroyed unread.
  void post(Letter letter);
  /// JavaScript thread only; counted.
  void hold(Napi::Env env);
  void unhold(Napi::Env env);
  /// JavaScript thread, once, when the environment goes: nothing is delivered from here on.
  void close();

 private:
  static void deliver(napi_env env, napi_value, void* context, void*);

  std::mutex mutex_;
  std::deque<Letter> letters_;
  napi_threadsafe_function bell_ = nullptr;
  int holds_ = 0;
};

}  // namespace videopush::binding
