// RelayReader and RelayWriter: the two ends of a ring for a process that carries frames to or from
// another machine. Every field of a frame's header goes along, and a frame is done only when the
// far side says so.
#pragma once

#include <napi.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "binding/queue_host.h"
#include "ring/ledger.h"
#include "ring/ring.h"

namespace videopush::binding {

/// Takes frames out of a ring whose one output is the far side. The waiting thread only looks: a
/// frame is taken when JavaScript asks for it.
class RelayReaderHost final : public QueueEnd {
 public:
  static constexpr napi_type_tag kTag = {0x3be1f7a04c9d4e52, 0x8d60a2c35bf91e77};
  static constexpr const char* kName = "RelayReader";
  explicit RelayReaderHost(std::string path) : QueueEnd(kForever), path_(std::move(path)) {}

  /// Native thread. Errors: those of ring::Consumer::open; RingInvalid when the ring has not
  /// exactly one output.
  void open(Nanoseconds limit);
  /// undefined: nothing yet, wait for `news`; null: the end marker; "replaced": the ring goes on in
  /// another format, call follow(); else the frame's header with its `position` and `data`, a view
  /// of its planes from the first byte to the last.
  Napi::Value take(Napi::Env env);
  /// The pixels are no longer needed; only where slots are reused before the frame is done does
  /// this let the decoder go on.
  void release(std::uint64_t position);
  /// Positions below `through` are done: settled as sent, and their slots free.
  void done(std::uint64_t through);
  /// Everything that is not done comes again.
  void rewind();
  /// Native thread; the value is for the JavaScript thread.
  void find_next(Nanoseconds limit);
  void follow();
  Napi::Value state(Napi::Env env) const;

 protected:
  bool attempt() override;
  void heartbeat(Nanoseconds now) override;
  Nanoseconds peer_heartbeat() const override { return 0; }
  const char* peer_name() const override { return "decoder"; }
  void dispose() override;

 private:
  struct Lent {
    std::uint64_t position, sequence;
  };

  std::shared_ptr<ring::Consumer> consumer() const;
  void use(std::shared_ptr<ring::Consumer> consumer);
  Napi::Value show(Napi::Env env, const ring::TakenFrame& taken);
  void settle_tail();

  const std::string path_;
  mutable std::mutex pointer_;  // of consumer_: the waiting thread and JavaScript's meet there
  std::shared_ptr<ring::Consumer> consumer_, next_;
  std::unique_ptr<ring::Ledger> ledger_;
  bool ended_ = false;
  std::deque<Lent> lent_;  // shown, not done
};

struct RelayWriterInput {
  ring::RingOptions ring;
  VideoFormat format;
  Nanoseconds open_limit;
};
RelayWriterInput parse_relay_writer(const Napi::Value& value);

/// Puts frames of another machine's decoder into a ring, with the numbers and times given.
class RelayWriterHost final : public QueueEnd {
 public:
  static constexpr napi_type_tag kTag = {0xa7c25d1866e04b1f, 0x91f3d8b20e7c4a65};
  static constexpr const char* kName = "RelayWriter";
  explicit RelayWriterHost(RelayWriterInput input) : QueueEnd(kForever), input_(std::move(input)) {}

  /// Native thread. Errors: those of ring::Producer::open.
  void open();
  /// Copies a frame in; false: no room yet, wait for `news`. The data is laid out as a slot is:
  /// InvalidArgument when its size is another one.
  bool put(const Napi::Value& header, const Napi::Value& data);
  /// The end marker; `source_frames` is the final count of sequences.
  void end(std::uint64_t source_frames);
  /// The queue is set back to the frame that the consumer asked for again.
  void begin_replay();
  /// The doorbell rings once the consumer has moved on from what state() told last.
  void watch() { want(); }
  /// Header of the last published frame, or null.
  Napi::Value last(Napi::Env env) const;
  Napi::Value state(Napi::Env env);

 protected:
  bool attempt() override;
  void heartbeat(Nanoseconds now) override { producer_->heartbeat(now); }
  Nanoseconds peer_heartbeat() const override { return 0; }
  const char* peer_name() const override { return "encoder"; }
  void dispose() override { producer_.reset(); }

 private:
  const RelayWriterInput input_;
  std::unique_ptr<ring::Producer> producer_;
  std::atomic<std::uint64_t> seen_{0};  // pack(Cursors) of the last state()
};

}  // namespace videopush::binding
