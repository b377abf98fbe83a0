// The reading end of a frame queue between two processes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/format.h"
#include "ring/ledger.h"
#include "ring/ring.h"
#include "sessions/ring_ends/ring_end.h"

namespace videopush::sessions {

class QueueReader final : public RingEnd {
 public:
  QueueReader(std::string path, Nanoseconds peer_limit)
      : RingEnd(peer_limit), path_(std::move(path)) {}

  /// Blocks. Errors: those of ring::Consumer::open; RingInvalid when the ring has not exactly one
  /// output.
  void open(Nanoseconds limit);
  enum class Taken { Frame, End, Nothing };
  /// Frame: `out` is lent until release(). Nothing: news follows. Errors: InvalidState (closed, or
  /// all slots are lent), RingPeerFailed.
  Taken take(ring::TakenFrame& out);
  /// The slot may be used again; harmless when it was given back already.
  void release(std::uint64_t position);
  /// True until dispose(); format() and parameters() need it.
  bool is_open() const { return consumer_ != nullptr; }
  const VideoFormat& format() const { return consumer_->format(); }
  std::string parameters() const { return consumer_->parameters(); }
  /// While frames are lent, the mapping stays until this object goes.
  void dispose() override;

 protected:
  bool attempt() override { return look(kAttempt); }
  void heartbeat(Nanoseconds now) override { consumer_->heartbeat(now); }
  Nanoseconds peer_heartbeat() const override {
    return consumer_->header().producer_heartbeat.load();
  }
  const char* peer_name() const override { return "writer"; }

 private:
  bool look(Nanoseconds limit);
  void lend(const ring::TakenFrame& taken);
  void settle_tail();

  const std::string path_;
  std::unique_ptr<ring::Consumer> consumer_;
  std::unique_ptr<ring::Ledger> ledger_;
  std::optional<ring::TakenFrame> taken_;  // had, not yet handed out
  bool ended_ = false;
  std::map<std::uint64_t, std::uint64_t> lent_;  // sequences by position
  std::uint64_t next_position_ = 0;              // one past the last position handed out
};

}  // namespace videopush::sessions
