// The decode session's thread: opens source and queue, plays the one into the other, and waits out
// what passes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "core/abort.h"
#include "sessions/backoff.h"
#include "sessions/decode/decode_source.h"
#include "sessions/decode/decode_status.h"
#include "sessions/decode/decode_writer.h"
#include "sessions/decode/options.h"

namespace videopush::sessions {

/// Joins two parts, each with its own kind of state: the source (the connection) and the writer
/// (the timeline and the slots). Its own are the phases and the retries.
class DecodeLoop {
 public:
  using Event = std::function<void(std::string_view kind, std::string_view detail)>;

  DecodeLoop(const DecodeSessionOptions& options, Clock& clock, const AbortSignal& stop,
             DecodeStatus& status, Event event, const DecodeHooks& hooks);
  /// Runs until everything is done, a permanent error or the stop. Throws nothing: the status has
  /// the error.
  void run();

 private:
  void play_to_the_end();
  void play_source();
  bool settle();
  void fail(const Error& error);

  void recover(const Error& error);
  bool worth_retrying(ErrorCode code) const;
  void pause();

  void open();
  void position();
  void play();
  bool read(AVFrame& frame);
  void report_changes();
  void report_capacity();
  void report_pictures();
  void count();
  void report_jumps();
  bool ends_pass(const Error& error) const;
  bool end_of_pass(const std::optional<Error>& damage);
  void find_place(const std::optional<Error>& damage);

  const DecodeSessionOptions& options_;
  Clock& clock_;
  const AbortSignal& stop_;
  DecodeStatus& status_;
  const Event event_;
  DecodeSource source_;
  DecodeWriter writer_;
  Backoff backoff_;
  std::uint64_t enqueued_at_pause_ = 0;
  bool damaged_ = false;   // a pass ended early and was reported so
  bool lost_ = false;      // the source is gone and was reported so
  bool searched_ = false;  // the source was read from its beginning to find the last frame again
  std::uint64_t jumps_reported_ = 0;  // of the source's clock
  Nanoseconds jumps_reported_at_ = 0;
  std::uint32_t capacity_ = 0;                        // of the queue, as it was reported last
  std::string changes_;                               // of pictures, as they were reported last
  bool deinterlacing_ = false, letterboxed_ = false;  // likewise
};

}  // namespace videopush::sessions
