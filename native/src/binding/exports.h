// How a function of the core becomes one of the addon; shared by the files that list them.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <utility>

#include "binding/environment.h"
#include "binding/handle.h"

namespace videopush::binding {

using Info = Napi::CallbackInfo;

/// What JavaScript's AbortSignal acts on while something opens.
struct AbortHandle {
  static constexpr napi_type_tag kTag = {0xd7415e9a0c3b48f2, 0x91a6c2e85f7d0b34};
  static constexpr const char* kName = "abort handle";
  void abandon() {}
  void abort() {
    aborted = true;
    if (action) action();
  }
  bool aborted = false;
  std::function<void()> action;
};

/// Arms the handle given as `value` (or undefined) with `action`; runs it at once when it was
/// aborted already.
inline void arm(const Napi::Value& value, std::function<void()> action) {
  if (value.IsUndefined()) return;
  auto handle = unwrap<AbortHandle>(value);
  handle->action = std::move(action);
  if (handle->aborted) handle->action();
}

/// A function of the addon, with the core's exceptions turned into JavaScript's.
template <Napi::Value (*function)(const Info&)>
Napi::Value guarded_call(const Info& info) {
  return guarded(info.Env(), [&] { return function(info); });
}

template <Napi::Value (*function)(const Info&)>
void add(Napi::Object& exports, const char* name) {
  exports[name] = Napi::Function::New(exports.Env(), guarded_call<function>, name);
}

/// native/lib/rings
void add_ring_ends(Napi::Object& exports);

}  // namespace videopush::binding
