#include "binding/mailbox.h"

#include <utility>

namespace videopush::binding {

std::shared_ptr<Mailbox> Mailbox::create(Napi::Env env) {
  auto mailbox = std::make_shared<Mailbox>();
  const Napi::String name = Napi::String::New(env, "videopush");
  // The function's own context keeps the mailbox alive until Node finalizes it.
  auto* context = new std::shared_ptr<Mailbox>(mailbox);
  const auto finalize = [](napi_env, void* data, void*) {
    delete static_cast<std::shared_ptr<Mailbox>*>(data);
  };
  napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, context, finalize,
                                      mailbox.get(), deliver, &mailbox->bell_);
  if (status == napi_ok) status = napi_unref_threadsafe_function(env, mailbox->bell_);
  NAPI_THROW_IF_FAILED(env, status, nullptr);
  return mailbox;
}

void Mailbox::post(Letter letter) {
  std::lock_guard lock(mutex_);
  if (!bell_) return;
  letters_.push_back(std::move(letter));
  // One ring per letter; the queue is unlimited, so this can only fail when the environment is
  // closing.
  napi_call_threadsafe_function(bell_, nullptr, napi_tsfn_nonblocking);
}

void Mailbox::hold(Napi::Env env) {
  if (bell_ && holds_++ == 0) napi_ref_threadsafe_function(env, bell_);
}

void Mailbox::unhold(Napi::Env env) {
  if (bell_ && --holds_ == 0) napi_unref_threadsafe_function(env, bell_);
}

void Mailbox::close() {
  std::deque<Letter> unread;
  std::lock_guard lock(mutex_);
  if (!bell_) return;
  unread.swap(letters_);
  napi_release_threadsafe_function(std::exchange(bell_, nullptr), napi_tsfn_abort);
}

void Mailbox::deliver(napi_env env, napi_value, void* context, void*) {
  if (!env) return;  // the environment is going
  auto* self = static_cast<Mailbox*>(context);
  Letter letter;
  {
    std::lock_guard lock(self->mutex_);
    if (self->letters_.empty()) return;
    letter = std::move(self->letters_.front());
    self->letters_.pop_front();
  }
  try {
    letter(Napi::Env(env));
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();  // a listener threw: becomes an uncaughtException, as with
                                         // any event
  }
}

}  // namespace videopush::binding
