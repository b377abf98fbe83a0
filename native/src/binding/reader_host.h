// FrameReader: decoded frames for JavaScript, from an own thread.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/doorbell.h"
#include "binding/options.h"
#include "sessions/read/read_session.h"

namespace videopush::binding {

class ReaderHost : public std::enable_shared_from_this<ReaderHost> {
 public:
  static constexpr napi_type_tag kTag = {0x7c2d91e84ab05f36, 0x80b1c7d4e95a2f13};
  static constexpr const char* kName = "FrameReader";

  explicit ReaderHost(const sessions::ReadOptions& options);

  /// Native thread: opens the source.
  void open() { session_.open(); }
  /// Starts decoding; called once, after open().
  void start(Napi::Env env);

  /// undefined: not yet (wait for `news`), null: end of the source, else the frame.
  Napi::Value next(Napi::Env env);
  Napi::Value news(Napi::Env env) { return doorbell_.wait(env); }
  void seek(const sessions::ReadTarget& target) { session_.seek(target); }
  Napi::Value descriptor(Napi::Env env) const;
  /// The format of the frames that `next` gives.
  Napi::Value format(Napi::Env env) const;
  void close() {
    session_.close();
    doorbell_.ring();
  }
  void abandon() { close(); }

 private:
  Doorbell doorbell_;
  sessions::ReadSession session_;
};

sessions::ReadTarget parse_target(const Napi::Value& value);

}  // namespace videopush::binding
