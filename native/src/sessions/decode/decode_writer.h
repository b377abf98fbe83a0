// The queue's side of a decode session: where each frame stands in time, and the slot it is
// written to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/abort.h"
#include "core/clock.h"
#include "media/picture/convert.h"
#include "ring/ring.h"
#include "sessions/decode/decode_status.h"
#include "sessions/decode/decode_timeline.h"
#include "sessions/decode/options.h"

namespace videopush::sessions {

/// Belongs to the session's thread. Everything about time is derived from the header of the last
/// frame in the ring, so that it does not matter which process published it.
class DecodeWriter {
 public:
  DecodeWriter(const DecodeSessionOptions& options, Clock& clock, const AbortSignal& stop,
               DecodeStatus& status);

  // The queue.
  /// Attaches to a queue whose end marker was written before this session. false: there is none.
  bool attach_ended();
  /// Opens the queue for this source, or goes on with the one that is open when the picture is the
  /// same. True when it continues a queue of an earlier process. Errors: those of
  /// ring::Producer::open and media::Converter.
  bool open(const media::SourceDescriptor& source);
  /// What becomes of the source's pictures, in words.
  const std::vector<std::string>& changes() const { return changes_; }
  /// Whether the last picture had another shape than the queue's.
  bool letterboxed() const { return converter_->letterboxed(); }
  /// How many frames may wait; fewer than were asked for where the pictures are large.
  std::uint32_t capacity() const { return producer_->header().capacity; }
  bool ended() const { return producer_->ended(); }
  void end() { producer_->end(); }
  ring::Drained wait_drained() { return producer_->wait_drained(stop_, kForever); }
  /// Shows an error in the consumer's status; nullopt: it was overcome.
  void show_error(std::optional<ErrorCode> code);
  void heartbeat();
  std::uint64_t last_sequence() const { return producer_->last()->sequence; }
  std::uint64_t next_sequence() const { return producer_->next_sequence(); }
  /// Carries the counts over to the status and the ring's header.
  void count(std::uint64_t new_decode_errors);

  // The timeline.
  bool begun() const { return timeline_.has_value(); }  // it was positioned once
  /// Source pts of the first frame of the current segment; 0 before the first.
  std::int64_t origin() const { return timeline_ ? timeline_->origin() : 0; }
  /// Grants a replay that the consumer requested, if the source can give old frames again. True
  /// when the queue was set back.
  bool answer_replay(bool reachable);
  /// Brings the timeline to behind the last frame in the ring and returns that frame's place in the
  /// source.
  std::optional<media::Place> position(const VideoFormat& source, bool reachable);
  /// A frame up to the last published one, on the way back to it.
  bool given_before(const AVFrame& frame);
  /// The last published frame was not met on the way back to it, although the source is behind its
  /// place, or at its end: it was led elsewhere.
  bool place_missed() const { return given_left_ > 0 || (skip_to_.has_value() && !met_); }
  /// The source begins at its first frame: frames up to the last published one are counted.
  void search_from_start();
  void begin_pass() { timeline_->begin_pass(); }
  bool pass_is_empty() const { return timeline_->next_index() == 0; }

  // Frames. Each returns false when the consumer wants frames again: then the queue has to be set
  // back (answer_replay, position), and the frame is stale. Errors: Aborted.
  /// `place`: where the frame lies in its source.
  bool take_in(FramePtr frame, const media::Place& place);
  /// Nothing follows in this pass.
  bool finish_pass();
  /// Constant rate: the frame that is shown until the next one is due.
  bool publish_held();

 private:
  struct Taken {
    FramePtr frame;
    media::Place place;
  };
  bool publish_copies(const Taken& taken, std::int64_t next_pts);
  bool publish(const Taken& taken, bool again);
  /// `waited`: the queue was full for a while.
  ring::Reserve reserve(ring::SlotWriter& slot, bool& waited);
  bool comes_as_made(bool waited);
  void write(const AVFrame& frame, bool again, const ring::SlotHeader& stamp,
             ring::SlotWriter& slot);
  std::int64_t outage_ticks() const;

  const DecodeSessionOptions& options_;
  Clock& clock_;
  const AbortSignal& stop_;
  DecodeStatus& status_;

  std::unique_ptr<ring::Producer> producer_;
  std::unique_ptr<media::Converter> converter_;
  std::vector<std::string> changes_;
  std::optional<DecodeTimeline> timeline_;
  bool live_ = false;                        // the source may give frames at its own pace
  bool real_time_ = false;                   // it does
  Nanoseconds unhindered_since_ = 0;         // when the queue held it up last
  bool reachable_ = false;                   // the source can give old frames again
  bool reconnected_ = false;                 // the next frame is the first of another connection
  std::optional<std::int64_t> skip_to_;      // source pts of the last published frame
  bool met_ = false;                         // that frame was read again
  bool searching_ = false;                   // for its place, from the source's beginning on
  std::int64_t given_left_ = 0;              // frames of the source to its place, while searching
  std::optional<Taken> held_;                // constant rate: shown until the next one is due
  std::optional<ring::SlotWriter> written_;  // the slot of the last frame, unless that was dropped
  std::uint64_t dropped_before_ = 0;         // of the producers before this one
  std::uint64_t repeats_reported_ = 0, drops_reported_ = 0;  // of the timeline
};

}  // namespace videopush::sessions
