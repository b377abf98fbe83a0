// Decode and encode sessions as JavaScript drives them: start, stop, watch. Frames never pass
// through here.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "binding/environment.h"
#include "binding/options.h"
#include "sessions/decode/decode_session.h"
#include "sessions/encode/encode_session.h"

namespace videopush::binding {

/// One native thread drives the session from start to end; promises and events come back through
/// the mailbox.
class SessionHost : public std::enable_shared_from_this<SessionHost> {
 public:
  // A listener that is left belongs to an environment that is gone: there is nothing to delete any
  // more.
  virtual ~SessionHost() { listener_.SuppressDestruct(); }

  /// `listener`: function(kind, detail) or undefined. InvalidState when started before.
  void start(Napi::Env env, const Napi::Value& listener);
  /// Resolves when every thread of the session has ended; rejects with its permanent error.
  /// InvalidState before start.
  Napi::Value wait(Napi::Env env);
  virtual void request_stop() = 0;
  virtual void abort() = 0;
  virtual Napi::Value snapshot(Napi::Env env) = 0;
  /// JavaScript lost the object: a running session goes on to its end, its thread keeps it alive.
  void abandon() {}

 protected:
  /// Native thread: starts the session and returns at its end. Throws what `wait` rejects with.
  virtual void run() = 0;
  /// Any thread.
  void emit(std::string_view kind, std::string_view detail);
  bool started() const { return started_; }

 private:
  void finished(Napi::Env env, std::optional<Error> error);

  std::shared_ptr<Mailbox> mailbox_;
  // JavaScript thread only.
  Napi::FunctionReference listener_;
  bool started_ = false;
  bool finished_ = false;
  std::optional<Error> error_;
  std::vector<std::shared_ptr<Pending>> waiters_;
};

/// What a session on a ring of either role has in common.
template <typename Session>
class RingSessionHost : public SessionHost {
 public:
  void request_stop() override { session_->request_stop(); }
  void abort() override { session_->abort(); }
  Napi::Value snapshot(Napi::Env env) override;

 protected:
  explicit RingSessionHost(std::string ring_path) : ring_path_(std::move(ring_path)) {}
  void run() override;

  const std::string ring_path_;
  std::unique_ptr<Session> session_;
};

class DecodeHost final : public RingSessionHost<sessions::DecodeSession> {
 public:
  static constexpr napi_type_tag kTag = {0x5e0f9c1d2b7a4e61, 0x9d3c58b1f0a26471};
  static constexpr const char* kName = "DecodeSession";
  explicit DecodeHost(sessions::DecodeSessionOptions options);
};

class EncodeHost final : public RingSessionHost<sessions::EncodeSession> {
 public:
  static constexpr napi_type_tag kTag = {0x1b84d0f35c2e4a97, 0xa6e1704f9b3d82c5};
  static constexpr const char* kName = "EncodeSession";
  explicit EncodeHost(EncodeSessionInput input);
};

}  // namespace videopush::binding
