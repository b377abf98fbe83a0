#include "binding/log.h"

#include <memory>
#include <mutex>
#include <string>

#include "binding/environment.h"
#include "core/av.h"
#include "core/log.h"

namespace videopush::binding {
namespace {

constexpr int kMaxPending = 1000;

struct Route {
  std::mutex mutex;
  std::shared_ptr<Mailbox> mailbox;
  int pending = 0;
  int left_out = 0;
};

// The log of libav* is the process's, and so is where it goes. Never destroyed: threads log until
// the very end.
Route& route() {
  static Route* instance = new Route;
  return *instance;
}

/// The index of a level in native/lib/log.ts.
int coarse(int av_level) {
  if (av_level == kOwnWarning) return 3;
  return av_level <= AV_LOG_ERROR ? 0 : av_level <= AV_LOG_INFO ? 1 : 2;
}

void deliver(Napi::Env env, int level, const std::string& line) {
  {
    std::lock_guard lock(route().mutex);
    --route().pending;
  }
  const Napi::FunctionReference& listener = Environment::of(env).log_listener;
  if (!listener.IsEmpty())
    listener.Call({Napi::Number::New(env, level), Napi::String::New(env, line)});
}

void sink(int av_level, const char* text, void*) {
  std::lock_guard lock(route().mutex);
  if (!route().mailbox) return;
  if (route().pending >= kMaxPending) {
    ++route().left_out;
    return;
  }
  std::string line = text;
  if (route().left_out > 0) {
    line = "(" + std::to_string(route().left_out) + " lines left out) " + line;
    route().left_out = 0;
  }
  ++route().pending;
  route().mailbox->post([level = coarse(av_level), line = std::move(line)](Napi::Env env) {
    deliver(env, level, line);
  });
}

}  // namespace

void set_log_listener(Napi::Env env, const Napi::Value& listener) {
  Environment& environment = Environment::of(env);
  environment.log_listener.Reset();
  std::lock_guard lock(route().mutex);
  route().pending = 0;
  if (!listener.IsFunction()) {
    if (route().mailbox == environment.mailbox()) route().mailbox.reset();
    return;
  }
  environment.log_listener = Napi::Persistent(listener.As<Napi::Function>());
  route().mailbox = environment.mailbox();
  set_log_sink(sink, nullptr);
}

}  // namespace videopush::binding
