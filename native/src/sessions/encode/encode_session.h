// Frames in, paced units out: one thread encodes, one sender thread per output.
#pragma once

#include <memory>

#include "core/clock.h"
#include "sessions/encode/frame_input.h"
#include "sessions/encode/options.h"
#include "sessions/encode/snapshot.h"
#include "sessions/events.h"

namespace videopush::sessions {

class EncodeSession {
 public:
  EncodeSession(EncodeOptions options, std::unique_ptr<FrameInput> input, Clock& clock,
                EventSink events, EncodeHooks hooks = {});
  ~EncodeSession();  // aborts and joins

  void start();
  /// An orderly end: what stands in the queue now is still taken, all of it is sent on its
  /// deadlines, nothing reconnects, then teardown. Without a connection: at once, and the frames
  /// stay for a later process.
  void request_stop();
  void abort();                  // at once; within 100 ms every wait ends
  bool wait(Nanoseconds limit);  // true once all threads have ended
  EncodeSnapshot snapshot() const;
  /// Lead of the media accepted so far (media time accepted - time since t0), seconds.
  double lead_seconds() const;
  /// Seconds that a caller who paces by itself does well to wait before it hands in more pictures:
  /// half the lead, at least 0, without the pictures that the encoder holds back.
  double wait_reference() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace videopush::sessions
