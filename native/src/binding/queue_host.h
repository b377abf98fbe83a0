// FrameQueueWriter and FrameQueueReader: the shared-memory ring for frames that JavaScript handles
// in two processes.
//
// A native thread of each side waits (for room, for frames) and shows by a heartbeat that its
// process is alive; pixels are copied or lent on the JavaScript thread, where their buffers are
// safe.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "binding/doorbell.h"
#include "ring/ledger.h"
#include "ring/ring.h"

namespace videopush::binding {

/// What both ends share: the waiting thread, the limit for a silent peer, closing. Methods are for
/// the JavaScript thread.
class QueueEnd : public std::enable_shared_from_this<QueueEnd> {
 public:
  virtual ~QueueEnd() = default;
  /// Once, after open().
  void start(Napi::Env env);
  Napi::Value news(Napi::Env env) { return doorbell_.wait(env); }
  /// Any thread: nothing waits from here on.
  void close();
  /// A promise for the moment at which the ring has been given up and another process may have it.
  Napi::Value closed(Napi::Env env);
  void abandon() { close(); }

 protected:
  explicit QueueEnd(Nanoseconds peer_limit) : peer_limit_(peer_limit) {}
  /// One bounded attempt to get what is wanted; true when it was had. Native thread, with `work_`
  /// held.
  virtual bool attempt() = 0;
  virtual void heartbeat(Nanoseconds now) = 0;
  /// When the other process was last heard of, CLOCK_MONOTONIC ns; 0 = never.
  virtual Nanoseconds peer_heartbeat() const = 0;
  virtual const char* peer_name() const = 0;
  /// The thread has ended after close(): gives the ring up.
  virtual void dispose() = 0;

  /// Throws when closed, and what the thread failed with.
  void check();
  /// Lets the thread attempt; the doorbell rings when it succeeded or failed.
  void want();

  AbortSignal abort_;
  /// The ring's end is used by one thread at a time; JavaScript never waits for this, it only
  /// tries.
  std::mutex work_;

 private:
  void loop();
  void give_up();
  bool peer_is_gone(Nanoseconds since) const;

  const Nanoseconds peer_limit_;
  Doorbell doorbell_;
  std::mutex state_;
  std::condition_variable wake_;
  bool wanted_ = false, closed_ = false;
  std::optional<Error> failure_;
  bool given_up_ = false;
  std::vector<std::shared_ptr<Pending>> closers_;
};

struct WriterInput {
  ring::RingOptions ring;
  VideoFormat format;
  Nanoseconds peer_limit, open_limit;
};
WriterInput parse_writer(const Napi::Value& value);

class QueueWriterHost final : public QueueEnd {
 public:
  static constexpr napi_type_tag kTag = {0x62b5e70d9f1c4832, 0xc8f24d1a7e05b963};
  static constexpr const char* kName = "FrameQueueWriter";
  explicit QueueWriterHost(WriterInput input)
      : QueueEnd(input.peer_limit), input_(std::move(input)) {}

  /// Native thread. Errors: those of ring::Producer::open.
  void open() {
    producer_ = ring::Producer::open(input_.ring, input_.format, abort_, input_.open_limit);
  }
  /// Copies the frame in; false: no room yet, wait for `news`. `ticks` in microseconds.
  bool put(const Napi::Value& planes, const Napi::Value& strides, std::int64_t ticks,
           std::int64_t index, bool key);
  void end();

 protected:
  bool attempt() override;
  void heartbeat(Nanoseconds now) override { producer_->heartbeat(now); }
  Nanoseconds peer_heartbeat() const override {
    return producer_->header().consumer_heartbeat.load();
  }
  const char* peer_name() const override { return "reader"; }
  void dispose() override { producer_.reset(); }

 private:
  const WriterInput input_;
  std::unique_ptr<ring::Producer> producer_;
  std::optional<ring::SlotWriter> slot_;  // reserved, not yet filled
  bool dropped_ = false;                  // the policy refused the frame at hand
  bool ended_ = false;
};

class QueueReaderHost final : public QueueEnd {
 public:
  static constexpr napi_type_tag kTag = {0x94d3a15fe8724bc6, 0x2f7b08e6d1c95a40};
  static constexpr const char* kName = "FrameQueueReader";
  QueueReaderHost(std::string path, Nanoseconds peer_limit)
      : QueueEnd(peer_limit), path_(std::move(path)) {}

  /// Native thread. Errors: those of ring::Consumer::open.
  void open(Nanoseconds limit);
  /// undefined: not yet (wait for `news`), null: the end marker, else the frame: views of the slot,
  /// with its `position`.
  Napi::Value take(Napi::Env env);
  /// The slot may be used again; harmless when it was given back already.
  void release(std::uint64_t position);
  Napi::Value parameters(Napi::Env env) const;
  Napi::Value format(Napi::Env env) const;

 protected:
  bool attempt() override;
  void heartbeat(Nanoseconds now) override { consumer_->heartbeat(now); }
  Nanoseconds peer_heartbeat() const override {
    return consumer_->header().producer_heartbeat.load();
  }
  const char* peer_name() const override { return "writer"; }
  void dispose() override;

 private:
  Napi::Value show(Napi::Env env, const ring::TakenFrame& taken);

  const std::string path_;
  std::unique_ptr<ring::Consumer> consumer_;
  std::unique_ptr<ring::Ledger> ledger_;
  std::optional<ring::TakenFrame> taken_;  // had, not yet shown
  bool ended_ = false;
  std::map<std::uint64_t, std::uint64_t>
      lent_;                         // positions in JavaScript's hands, with their sequences
  std::uint64_t next_position_ = 0;  // one past the last position shown
};

}  // namespace videopush::binding
