// Native objects in JavaScript: plain tagged objects that carry a shared pointer. The tag is
// checked at every use, so a foreign object is refused instead of being read as something it is
// not.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "binding/environment.h"

namespace videopush::binding {

/// T has `static constexpr napi_type_tag kTag`, `static constexpr const char* kName` and
/// `abandon()`: called when JavaScript lost the object; it must not block (threads keep the object
/// alive until they have ended).
template <typename T>
Napi::Object wrap(Napi::Env env, std::shared_ptr<T> value) {
  Napi::Object object = Napi::Object::New(env);
  auto holder = std::make_unique<std::shared_ptr<T>>(std::move(value));
  const auto finalize = [](napi_env, void* data, void*) {
    std::unique_ptr<std::shared_ptr<T>> owned(static_cast<std::shared_ptr<T>*>(data));
    (*owned)->abandon();
  };
  NAPI_THROW_IF_FAILED(env, napi_wrap(env, object, holder.get(), finalize, nullptr, nullptr),
                       object);
  holder.release();
  object.TypeTag(&T::kTag);
  return object;
}

template <typename T>
std::shared_ptr<T> unwrap(const Napi::Value& value) {
  void* data = nullptr;
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&T::kTag) ||
      napi_unwrap(value.Env(), value, &data) != napi_ok) {
    throw Error(ErrorCode::InvalidArgument, std::string("this is not a ") + T::kName);
  }
  return *static_cast<std::shared_ptr<T>*>(data);
}

}  // namespace videopush::binding
