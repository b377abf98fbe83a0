// The writing end of a frame queue between two processes.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/format.h"
#include "ring/ring.h"
#include "sessions/ring_ends/ring_end.h"

namespace videopush::sessions {

struct QueueWriterOptions {
  ring::RingOptions ring;
  VideoFormat format;
  Nanoseconds peer_limit = 5 * kSecond, open_limit = 10 * kSecond;
};

class QueueWriter final : public RingEnd {
 public:
  /// Fills a slot: its pixels, and its header but for the sequence.
  using Fill = std::function<void(const ring::SlotWriter&)>;

  explicit QueueWriter(QueueWriterOptions options)
      : RingEnd(options.peer_limit), options_(std::move(options)) {}

  /// Blocks. Errors: those of ring::Producer::open.
  void open();
  const VideoFormat& format() const { return options_.format; }
  /// False: there is no room yet, and news follows. True: the frame is published, or the queue's
  /// policy dropped it. Errors: InvalidState (closed, or ended), RingPeerFailed, those of `fill`.
  bool put(const Fill& fill);
  /// The end marker; a second one changes nothing. Errors: those of check().
  void end();
  /// Throws what put() would throw, before a frame is looked at.
  void check_open();
  void dispose() override { producer_.reset(); }

 protected:
  bool attempt() override { return reserve(kAttempt); }
  void heartbeat(Nanoseconds now) override { producer_->heartbeat(now); }
  Nanoseconds peer_heartbeat() const override {
    return producer_->header().consumer_heartbeat.load();
  }
  const char* peer_name() const override { return "reader"; }

 private:
  bool reserve(Nanoseconds limit);

  const QueueWriterOptions options_;
  std::unique_ptr<ring::Producer> producer_;
  std::optional<ring::SlotWriter> slot_;  // reserved, not yet filled
  bool dropped_ = false;                  // the policy refused the frame at hand
  bool ended_ = false;
};

}  // namespace videopush::sessions
