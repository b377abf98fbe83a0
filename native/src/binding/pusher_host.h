// FramePusher: frames from JavaScript through an encode session with an in-memory queue.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "binding/session_host.h"
#include "sessions/encode/memory_input.h"

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

  /// start() and the thread that waits for room on behalf of pushes that could not be accepted at
  /// once.
  void begin(Napi::Env env, const Napi::Value& listener);

  /// true: accepted. Otherwise a promise that resolves when it is, or rejects. `ticks`:
  /// presentation time in the queue's time base, undefined = one frame after the last. `paced`:
  /// waits for the lead as well, not only for room.
  Napi::Value push(Napi::Env env, const Napi::Value& planes, const Napi::Value& strides,
                   const Napi::Value& ticks, bool paced);
  /// No further frames; what was pushed before is sent on time.
  void end();
  double lead_seconds() const { return session_->lead_seconds(); }
  double wait_reference() const { return session_->wait_reference(); }

  void request_stop() override { session_->request_stop(); }
  void abort() override;
  Napi::Value snapshot(Napi::Env env) override;
  void abandon() { abort(); }

 protected:
  void run() override;

 private:
  struct Waiting {
    FramePtr frame;  // none: the end
    bool paced;
    std::shared_ptr<Pending> pending;
  };

  void feed();
  Error refusal(sessions::Pushed why) const;
  std::int64_t next_ticks(const Napi::Value& ticks);

  const VideoFormat format_;
  sessions::MemoryInput* input_;  // the session owns it
  std::unique_ptr<sessions::EncodeSession> session_;
  AbortSignal abort_;

  // JavaScript thread only.
  std::int64_t frames_ = 0;
  std::int64_t last_ticks_ = -1;
  bool ended_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  bool feeding_ =
      false;  // the feeder has a frame in hand: order demands that later ones queue up behind it
  bool over_ = false;  // the session has ended
};

}  // namespace videopush::binding
