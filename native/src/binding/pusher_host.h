// FramePusher: frames from JavaScript through an encode session with an in-memory queue.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/session_host.h"
#include "sessions/encode/encode_session.h"
#include "sessions/encode/memory_input.h"
#include "sessions/encode/picture_feeder.h"

namespace videopush::binding {

struct PusherInput {
  sessions::EncodeOptions options;
  sessions::MemoryInputOptions queue;
};
PusherInput parse_pusher(const Napi::Value& value);

class PusherHost final : public SessionHost {
 public:
  static constexpr napi_type_tag kTag = {0x3af06b72c9d14e58, 0xb51e82c76f0d934a};
  static constexpr const char* kName = "FramePusher";
  explicit PusherHost(PusherInput input);

  /// Like start(), and lets the feeder wait on a thread of its own.
  void begin(Napi::Env env, const Napi::Value& listener);

  /// true: accepted. Otherwise a promise that resolves when it is, or rejects. `ticks`:
  /// presentation time in the queue's time base, undefined = one frame after the last. `paced`:
  /// waits for the lead as well, not only for room.
  Napi::Value push(Napi::Env env, const Napi::Value& planes, const Napi::Value& strides,
                   const Napi::Value& ticks, bool paced);
  /// No further frames; what was pushed before is sent on time.
  void end() { feeder_->end(); }
  double lead_seconds() const { return session_->lead_seconds(); }
  double wait_reference() const { return session_->wait_reference(); }

  void request_stop() override { session_->request_stop(); }
  void abort() override;
  Napi::Value snapshot(Napi::Env env) override;
  void abandon() { abort(); }

 protected:
  void run() override;

 private:
  const VideoFormat format_;
  sessions::MemoryInput* input_;  // the session owns it
  std::unique_ptr<sessions::EncodeSession> session_;
  std::unique_ptr<sessions::PictureFeeder> feeder_;
};

}  // namespace videopush::binding
