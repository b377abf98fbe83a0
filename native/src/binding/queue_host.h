// FrameQueueWriter and FrameQueueReader: the ring for frames that JavaScript handles in two
// processes of one machine. Pixels are copied or lent on the JavaScript thread, where their buffers
// are safe.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "binding/ring_host.h"
#include "sessions/ring_ends/queue_reader.h"
#include "sessions/ring_ends/queue_writer.h"

namespace videopush::binding {

sessions::QueueWriterOptions parse_queue_writer(const Napi::Value& value);

class QueueWriterHost final : public RingHost {
 public:
  static constexpr napi_type_tag kTag = {0x62b5e70d9f1c4832, 0xc8f24d1a7e05b963};
  static constexpr const char* kName = "FrameQueueWriter";
  explicit QueueWriterHost(std::shared_ptr<sessions::QueueWriter> end)
      : RingHost(end), end_(std::move(end)) {}

  /// Native thread.
  void open() { end_->open(); }
  /// Copies the frame in; false: no room yet, wait for `news`. `ticks` in microseconds.
  bool put(const Napi::Value& planes, const Napi::Value& strides, std::int64_t ticks,
           std::int64_t index, bool key);
  void end() { end_->end(); }

 private:
  const std::shared_ptr<sessions::QueueWriter> end_;
};

class QueueReaderHost final : public RingHost {
 public:
  static constexpr napi_type_tag kTag = {0x94d3a15fe8724bc6, 0x2f7b08e6d1c95a40};
  static constexpr const char* kName = "FrameQueueReader";
  explicit QueueReaderHost(std::shared_ptr<sessions::QueueReader> end)
      : RingHost(end), end_(std::move(end)) {}

  /// Native thread.
  void open(Nanoseconds limit) { end_->open(limit); }
  /// undefined: not yet (wait for `news`), null: the end marker, else the frame: views of the slot,
  /// with its `position`.
  Napi::Value take(Napi::Env env);
  void release(std::uint64_t position) { end_->release(position); }
  Napi::Value parameters(Napi::Env env) const;
  Napi::Value format(Napi::Env env) const;

 private:
  Napi::Value show(Napi::Env env, const ring::TakenFrame& taken) const;

  const std::shared_ptr<sessions::QueueReader> end_;
};

}  // namespace videopush::binding
