// A source into the ring: one thread reads, decodes, converts and publishes.
//
// The decoder's place is in the ring: whoever starts next finds the last published frame there,
// seeks to it and goes on with the same numbers. A frame is published whole or not at all, so a
// session may be stopped or killed at any instant.
#pragma once

#include <memory>

#include "core/clock.h"
#include "sessions/decode/options.h"
#include "sessions/decode/snapshot.h"
#include "sessions/events.h"

namespace videopush::sessions {

/// Passing errors (refused, timed out, disconnected, ring busy) are waited out with a jittered
/// back-off of 0.25-5 s, for as long as the session exists; a finite source goes on exactly where
/// it stopped, a live one with a counted gap. Permanent ones (is_permanent) end the session: phase
/// Failed, error kept. A truncated or corrupt source under Complete gives what could be decoded,
/// then the end marker: phase Ended, error kept. Events: source.opened, source.resumed,
/// source.lost, source.damaged, source.replayed, source.searched (its index led elsewhere, so it is
/// read from its beginning), source.discontinuity (timestamps were corrected; at most one event a
/// minute), source.ended, source.failed; picture.changed says once what becomes of the source's
/// pictures, picture.deinterlaced and picture.letterboxed when the first one needs it.
class DecodeSession {
 public:
  DecodeSession(DecodeSessionOptions options, Clock& clock, EventSink events,
                DecodeHooks hooks = {});
  ~DecodeSession();  // aborts and joins
  void start();
  /// Stops at a frame boundary. The end marker is NOT written: a restarted decoder goes on.
  void request_stop();
  void abort();
  /// True once the thread has ended: failed, stopped, or everything published and the marker
  /// written. After the marker it goes on only while the consumer may still ask for frames whose
  /// slots were used again (Gate::AfterRelease).
  bool wait(Nanoseconds limit);
  DecodeSnapshot snapshot() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace videopush::sessions
