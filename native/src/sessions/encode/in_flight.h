// The frames that were taken from the input and are not acknowledged yet.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace videopush::sessions {

/// Filled by the encode thread, emptied by whichever thread settles a frame: all of it stands under
/// one lock.
class InFlight {
 public:
  void add(std::uint64_t position, std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    frames_.push_back({position, sequence});
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return frames_.size();
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    frames_.clear();
  }

  /// Lets go of the frames in front of `sequence`, and calls `ack` with the position behind the
  /// last of them. The lock is held meanwhile, so that acknowledgements of two threads keep their
  /// order.
  template <typename Ack>
  void settle_before(std::uint64_t sequence, Ack&& ack) {
    const std::lock_guard lock(mutex_);
    std::optional<std::uint64_t> done;
    while (!frames_.empty() && frames_.front().sequence < sequence) {
      done = frames_.front().position;
      frames_.pop_front();
    }
    if (done) ack(*done + 1);
  }

 private:
  struct Frame {
    std::uint64_t position, sequence;
  };

  mutable std::mutex mutex_;
  std::deque<Frame> frames_;
};

}  // namespace videopush::sessions
