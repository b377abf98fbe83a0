// A frame queue whose frames become available at scripted instants: all that a ring is for the
// encode session, without a decoder.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "media/encode/pictures.h"
#include "sessions/encode/frame_input.h"
#include "sessions/encode/wake.h"

namespace videopush::test {

struct ScriptFrame {
  Nanoseconds at = 0;         // when the decoder has it, on the clock
  std::uint64_t skipped = 0;  // frames that a full queue dropped just before it
  std::int64_t index = 0;     // of the picture, and its place in time
};

struct ScriptOptions {
  VideoFormat format = video_format({.width = 64, .height = 48});
  std::vector<ScriptFrame> frames;
  std::size_t slots = 25;  // taken but not acked, at most
  std::uint32_t outputs = 1;
  bool persistent = true;  // can be rewound
  std::uint64_t dropped_at_end = 0;
  std::uint64_t waiting = 0;  // what is in the queue whenever somebody asks
  bool live = false;          // the source gives frames at its own pace; what has come waits
};

/// `count` frames, all there from the beginning.
inline std::vector<ScriptFrame> ready_frames(std::int64_t count) {
  std::vector<ScriptFrame> frames;
  for (std::int64_t i = 0; i < count; ++i) frames.push_back({.index = i});
  return frames;
}

/// `count` frames in real time, from `start` on, with pauses.
inline std::vector<ScriptFrame> live_frames(const VideoFormat& format, std::int64_t count,
                                            Nanoseconds start, std::int64_t stall_at = -1,
                                            Nanoseconds stall = 0) {
  std::vector<ScriptFrame> frames;
  for (std::int64_t i = 0; i < count; ++i)
    frames.push_back({.at = std::max(start + i * format.frame_interval_ns(),
                                     i >= stall_at && stall_at >= 0
                                         ? start + stall_at * format.frame_interval_ns() + stall
                                         : 0),
                      .index = i});
  return frames;
}

/// What outlives the session that owns the input, as a ring's file outlives its process.
struct ScriptLedger {
  explicit ScriptLedger(std::uint32_t outputs)
      : records(std::make_unique<ring::OutputRecord[]>(outputs)) {}
  std::unique_ptr<ring::OutputRecord[]> records;
  std::atomic<std::uint64_t> acked{0};  // position
};

class ScriptInput final : public sessions::FrameInput {
 public:
  ScriptInput(ScriptOptions options, Clock& clock, std::shared_ptr<ScriptLedger> ledger)
      : options_(std::move(options)),
        clock_(clock),
        ledger_(std::move(ledger)),
        resumed_(ledger_->acked > 0),
        taken_(ledger_->acked) {
    std::uint64_t sequence = 0;
    for (const ScriptFrame& frame : options_.frames)
      sequences_.push_back((sequence += frame.skipped + 1) - 1);
    expected_ = ledger_->records[0].counters.base;
  }

  const VideoFormat& format() const override { return options_.format; }

  sessions::TakeResult take(sessions::InputFrame& out, const AbortSignal& abort,
                            Nanoseconds limit) override {
    using sessions::TakeResult;
    const Nanoseconds until = clock_.now() + limit;
    for (;;) {
      if (abort.aborted()) return TakeResult::Aborted;
      if (taken_ == options_.frames.size()) return TakeResult::End;
      const ScriptFrame& frame = options_.frames[taken_];
      const bool room = taken_ - ledger_->acked < options_.slots;
      if (room && frame.at <= clock_.now()) {
        deliver(out);
        return TakeResult::Frame;
      }
      if (clock_.now() >= until) return TakeResult::Timeout;
      clock_.wait_until(room ? std::min(until, frame.at) : until,
                        {.wake_fd = acked_.fd(), .abort_fd = abort.fd()});
    }
  }

  void release(std::uint64_t position) override { released_.insert(position); }
  void ack(std::uint64_t through) override {
    if (through > ledger_->acked) ledger_->acked = through;
    acked_.signal();
  }
  bool rewind() override {
    taken_ = ledger_->acked;
    expected_ = ledger_->records[0].counters.base;
    return true;
  }
  bool persistent() const override { return options_.persistent; }
  bool resumed() const override { return resumed_; }
  std::uint64_t source_frames() const override {
    return (sequences_.empty() ? 0 : sequences_.back() + 1) + options_.dropped_at_end;
  }
  std::uint64_t waiting() const override {
    if (!options_.live) return options_.waiting;
    const auto& frames = options_.frames;
    const auto come = std::ranges::upper_bound(frames, clock_.now(), {}, &ScriptFrame::at);
    return static_cast<std::uint64_t>(come - frames.begin()) - taken_;
  }
  ring::OutputRecord& output_record(std::uint32_t index) override {
    return ledger_->records[index];
  }
  std::size_t not_released() const { return taken_ - released_.size(); }

 private:
  void deliver(sessions::InputFrame& out) {
    const ScriptFrame& script = options_.frames[taken_];
    out = {.frame = picture(options_.format, script.index),
           .position = taken_,
           .sequence = sequences_[taken_],
           .skipped = sequences_[taken_] - std::min(expected_, sequences_[taken_]),
           .pace = options_.live ? sessions::SourcePace::Live : sessions::SourcePace::Any,
           .produced_at = script.at != 0 ? script.at : clock_.now()};
    expected_ = sequences_[taken_] + 1;
    ++taken_;
  }

  const ScriptOptions options_;
  Clock& clock_;
  const std::shared_ptr<ScriptLedger> ledger_;
  const bool resumed_;
  std::vector<std::uint64_t> sequences_;  // by position
  std::size_t taken_;                     // position
  std::uint64_t expected_ = 0;
  std::set<std::uint64_t> released_;
  sessions::Wake acked_;
};

}  // namespace videopush::test
