// RingReader and RingWriter: the two ends of a ring for a process that carries frames to or from
// another machine. Every field of a frame's header goes along.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "binding/ring_host.h"
#include "sessions/ring_ends/relay_reader.h"
#include "sessions/ring_ends/relay_writer.h"

namespace videopush::binding {

class RelayReaderHost final : public RingHost {
 public:
  static constexpr napi_type_tag kTag = {0x3be1f7a04c9d4e52, 0x8d60a2c35bf91e77};
  static constexpr const char* kName = "RingReader";
  explicit RelayReaderHost(std::shared_ptr<sessions::RelayReader> end)
      : RingHost(end), end_(std::move(end)) {}

  sessions::RelayReader& native() { return *end_; }
  /// undefined: nothing yet, wait for `news`; null: the end marker; "replaced": the ring goes on in
  /// another format, call follow(); else the frame's header with its `position` and `data`, a view
  /// of its planes from the first byte to the last.
  Napi::Value take(Napi::Env env);
  Napi::Value state(Napi::Env env) const;

 private:
  Napi::Value show(Napi::Env env, const ring::TakenFrame& taken) const;

  const std::shared_ptr<sessions::RelayReader> end_;
};

sessions::RelayWriterOptions parse_relay_writer(const Napi::Value& value);

class RelayWriterHost final : public RingHost {
 public:
  static constexpr napi_type_tag kTag = {0xa7c25d1866e04b1f, 0x91f3d8b20e7c4a65};
  static constexpr const char* kName = "RingWriter";
  explicit RelayWriterHost(std::shared_ptr<sessions::RelayWriter> end)
      : RingHost(end), end_(std::move(end)) {}

  sessions::RelayWriter& native() { return *end_; }
  /// Copies a frame in; false: no room yet, wait for `news`. The data is laid out as a slot is:
  /// InvalidArgument when its size is another one.
  bool put(const Napi::Value& header, const Napi::Value& data);
  /// Header of the last published frame, or null.
  Napi::Value last(Napi::Env env) const;
  Napi::Value state(Napi::Env env);

 private:
  const std::shared_ptr<sessions::RelayWriter> end_;
};

}  // namespace videopush::binding
