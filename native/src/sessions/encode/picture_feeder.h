// Pictures on their way from a caller that must not block into the memory of a session.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "core/abort.h"
#include "core/av.h"
#include "core/error.h"
#include "sessions/encode/memory_input.h"

namespace videopush::sessions {

class EncodeSession;

/// Pictures that the input cannot accept at once wait here, and the thread in run() hands them in
/// when there is room: in the order of their pushes, so that all later ones wait behind them. One
/// thread calls next_pts(), offer(), queue(), end() and ended(), and pushes nothing after the end;
/// any thread may call close() and abort().
class PictureFeeder {
 public:
  /// Called once for each queued picture: without an error when it was accepted.
  using Settled = std::function<void(const std::optional<Error>& error)>;

  /// `input` belongs to `session`, which is asked why it takes nothing more. Both outlive this.
  PictureFeeder(MemoryInput& input, const EncodeSession& session)
      : input_(input), session_(session) {}

  /// Presentation time of the next picture in the input's time base: `given`, or one frame after
  /// the last. InvalidArgument when `given` does not lie after the last one's.
  std::int64_t next_pts(std::optional<std::int64_t> given) const;
  /// Never waits. True: the frame was accepted, and moved from; false: queue() it. `paced`: the
  /// lead must allow more media, too, not only the room. InvalidState when the session has ended or
  /// too many pictures wait, and the errors of MemoryInput::push.
  bool offer(FramePtr& frame, bool paced);
  void queue(FramePtr frame, bool paced, Settled settled);
  /// No picture follows; those that wait are still handed in.
  void end();
  bool ended() const { return ended_; }

  /// Returns after the end was handed in, or when the session is over and nothing waits any more.
  void run();
  /// The session is over: what waits is refused.
  void close();
  /// What waits is refused at once.
  void abort() { abort_.abort(); }

 private:
  struct Waiting {
    FramePtr frame;  // none: the end
    bool paced = false;
    Settled settled;
  };

  std::optional<Waiting> next();
  void hand_in(Waiting& item);
  void count(std::int64_t pts);
  Error refusal(Pushed why) const;

  MemoryInput& input_;
  const EncodeSession& session_;
  AbortSignal abort_;

  // The caller's thread only.
  std::int64_t frames_ = 0;
  std::int64_t last_pts_ = -1;
  bool ended_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  bool feeding_ = false;  // run() has a frame in hand, and later ones must queue up behind it
  bool over_ = false;
};

}  // namespace videopush::sessions
