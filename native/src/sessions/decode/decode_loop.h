// The decode session's thread: source -> converter -> ring, with everything that can go wrong in
// between.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "core/abort.h"
#include "media/picture/convert.h"
#include "media/source/source.h"
#include "ring/ring.h"
#include "sessions/backoff.h"
#include "sessions/decode/decode_session.h"
#include "sessions/decode/decode_status.h"
#include "sessions/decode/decode_timeline.h"

namespace videopush::sessions {

/// A source that ends before its time, whether cut as a file or broken off as a connection.
inline bool is_source_damage(ErrorCode code) {
  return code == ErrorCode::SourceTruncated || code == ErrorCode::SourceCorrupt;
}

class DecodeLoop {
 public:
  using Event = std::function<void(std::string_view kind, std::string_view detail)>;

  DecodeLoop(const DecodeSessionOptions& options, Clock& clock, const AbortSignal& stop,
             DecodeStatus& status, Event event, const DecodeHooks& hooks);
  /// Until everything is done, a permanent error or the stop. Throws nothing: the status tells.
  void run();

 private:
  void play_to_the_end();
  void play_source();
  bool ended_before();
  bool settle();
  void fail(const Error& error);
  void recover(const Error& error);
  bool worth_retrying(ErrorCode code) const;

  void connect();
  void open();
  void open_queue(const VideoFormat& format);
  void position();
  void go_to_start(std::int64_t origin);

  void play();
  bool read(AVFrame& frame);
  void account();
  bool given_before(const AVFrame& frame);
  bool take_in(FramePtr frame);
  bool publish_copies(const AVFrame& frame, std::int64_t next_pts);
  bool publish_held();
  bool publish(const AVFrame& frame, bool again);
  ring::Reserve reserve(ring::SlotWriter& slot);
  void write(const AVFrame& frame, bool again, const ring::SlotHeader& stamp,
             ring::SlotWriter& slot);
  bool ends_pass(const Error& error) const;
  bool end_of_pass(const std::optional<Error>& damage);
  std::int64_t outage_ticks() const;

  const DecodeSessionOptions& options_;
  Clock& clock_;
  const AbortSignal& stop_;
  DecodeStatus& status_;
  const Event event_;
  const DecodeHooks& hooks_;
  Backoff backoff_;

  std::unique_ptr<media::FrameSource> source_;
  std::unique_ptr<media::Converter> converter_;
  std::unique_ptr<ring::Producer> producer_;
  std::optional<DecodeTimeline> timeline_;
  /// The source can give old frames again: by seeking, or, when it ends some time, by reading it
  /// from its start.
  bool reachable_ = false;
  bool begun_ = false;                       // a frame was read since the source was opened
  bool damaged_ = false;                     // a pass ended early and was reported so
  bool reconnected_ = false;                 // the next frame is the first of another connection
  bool lost_ = false;                        // the source is gone and was reported so
  std::optional<std::int64_t> skip_to_;      // source pts of the last published frame
  FramePtr held_;                            // constant rate: shown until the next one is due
  std::optional<ring::SlotWriter> written_;  // the slot of the last frame, unless that was dropped
  std::uint64_t demuxed_before_ = 0, errors_before_ = 0,
                dropped_before_ = 0;  // of sources and producers before these
  std::uint64_t repeats_reported_ = 0, drops_reported_ = 0;  // of the timeline
};

}  // namespace videopush::sessions
