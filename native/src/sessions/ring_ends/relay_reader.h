// The reading end of a ring for a process that carries frames to another machine.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "ring/ledger.h"
#include "ring/ring.h"
#include "sessions/ring_ends/ring_end.h"

namespace videopush::sessions {

/// Takes frames out of a ring whose one output is the far side. The waiting thread only looks: a
/// frame is taken when the caller asks for it, and it is done only when the far side says so.
class RelayReader final : public RingEnd {
 public:
  explicit RelayReader(std::string path) : RingEnd(kForever), path_(std::move(path)) {}

  /// Blocks. Errors: those of ring::Consumer::open; RingInvalid when the ring has not exactly one
  /// output.
  void open(Nanoseconds limit);
  /// Frame: `out` is in flight until it is done. End: the marker. Replaced: the ring goes on in
  /// another format, call find_next() and follow(). Timeout: news follows. Errors: those of
  /// check().
  ring::Take take(ring::TakenFrame& out);
  /// The pixels are no longer needed; only where slots are reused before the frame is done does
  /// this let the decoder go on.
  void release(std::uint64_t position);
  /// Positions below `through` are done: settled as sent, and their slots free.
  void done(std::uint64_t through);
  /// Everything that is not done comes again.
  void rewind();
  /// Blocks until the next generation exists, at most `limit`.
  void find_next(Nanoseconds limit);
  void follow();
  /// Keeps the mapping alive; nullptr once disposed.
  std::shared_ptr<ring::Consumer> consumer() const;
  void dispose() override;

 protected:
  bool attempt() override { return consumer()->wait_published(abort_, kAttempt); }
  void heartbeat(Nanoseconds now) override;
  Nanoseconds peer_heartbeat() const override { return 0; }
  const char* peer_name() const override { return "decoder"; }

 private:
  struct InFlight {
    std::uint64_t position, sequence;
  };

  void use(std::shared_ptr<ring::Consumer> consumer);
  void settle_tail();

  const std::string path_;
  mutable std::mutex pointer_;  // guards consumer_, which the waiting thread and the caller's read
  std::shared_ptr<ring::Consumer> consumer_;
  std::shared_ptr<ring::Consumer> next_;
  std::unique_ptr<ring::Ledger> ledger_;
  bool ended_ = false;
  std::deque<InFlight> in_flight_;  // taken, not done
};

}  // namespace videopush::sessions
