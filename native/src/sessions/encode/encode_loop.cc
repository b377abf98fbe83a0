#include "sessions/encode/encode_loop.h"

extern "C" {
#include <libavutil/mathematics.h>
}

#include <algorithm>

#include "core/error.h"
#include "sessions/encode/sender_loop.h"

namespace videopush::sessions {
namespace {

constexpr Nanoseconds kTakeSlice = 50'000'000;
constexpr Nanoseconds kWaitSlice = kSecond;  // heartbeats, at the latest
/// How long the first frame waits for outputs that are still connecting, when another one is ready.
constexpr Nanoseconds kWaitForOthers = 5 * kSecond;
constexpr Nanoseconds kUsualQueue = 20;  // units

/// What one output's schedule allows to be ahead, or no bound where the caller is held back by the
/// lead.
std::size_t max_pending(const EncodeOptions& options, const VideoFormat& format) {
  if (options.max_lead > 0) return SIZE_MAX;
  return static_cast<std::size_t>(kUsualQueue +
                                  options.latency_budget / format.frame_interval_ns() + 2);
}

}  // namespace

EncodeLoop::EncodeLoop(const EncodeLoopParts& parts)
    : parts_(parts),
      context_(parts.context),
      senders_(parts.senders),
      encoder_(parts.encoder),
      max_pending_(max_pending(parts.context.options, parts.format)),
      fresh_(kept_schedule(parts.context.input.output_record(0)).started == 0) {}

EncodeOutcome EncodeLoop::run(Nanoseconds started_at) {
  started_at_ = started_at;
  for (;;) {
    context_.abort.throw_if_aborted();
    context_.input.heartbeat(context_.clock.now());
    if (stops_here()) {
      drain();
      return EncodeOutcome::Stopped;
    }
    if (senders_.needs_rewind()) rewind();
    const bool drops = this->drops();
    if (!drops) leave_outage();
    if (!drops && !may_take()) {
      wait_for_progress();
      continue;
    }
    if (passed_) await_turn();
    InputFrame taken;
    switch (context_.input.take(taken, context_.abort, kTakeSlice)) {
      case TakeResult::Frame:
        if (drops || passed_) let_pass(taken.frame->pts, drops);
        on_frame(taken);
        break;
      case TakeResult::Timeout:
        if (left_) left_ = 0;
        on_starved();
        break;
      case TakeResult::Aborted:
        context_.abort.throw_if_aborted();
        break;
      case TakeResult::End:
        senders_.settle_tail(next_sequence_, context_.input.source_frames());
        if (drain()) return context_.stopping ? EncodeOutcome::Stopped : EncodeOutcome::Ended;
        break;
      case TakeResult::FormatChanged:
        if (drain())
          return context_.stopping ? EncodeOutcome::Stopped : EncodeOutcome::FormatChanged;
        break;
    }
  }
}

/// A stop was asked for, and what stood in the queue then was taken (or can't be sent, the
/// connection being gone).
bool EncodeLoop::stops_here() {
  if (!context_.stopping) return false;
  if (!left_) left_ = context_.input.waiting();
  return *left_ == 0 || !outputs_ready();
}

bool EncodeLoop::may_take() const { return outputs_ready() && senders_.leader_below(max_pending_); }

bool EncodeLoop::outputs_ready() const {
  if (!senders_.any_ready()) return false;
  return begun_ || !senders_.any_undecided() ||
         context_.clock.now() - started_at_ >= kWaitForOthers;
}

/// Frames are encoded as ever during an outage, and the senders' queues drop the units.
bool EncodeLoop::drops() const { return context_.options.drop_in_outage && senders_.all_away(); }

/// When an output is back, what is ahead of its time still is: the caller goes on at the same pace
/// until the first frame after the outage is due, or else it would wait for that all at once.
void EncodeLoop::leave_outage() {
  if (!passed_ || !passed_->back) return;
  const auto schedule = senders_.schedule_of_ready();
  const std::int64_t dts = *passed_->back - parts_.lead.reorder_ticks();
  if (!schedule || schedule->deadline(dts) <= context_.clock.now()) passed_.reset();
}

/// The caller of a push is held back as if the frames were sent: the next one is taken when this
/// one has lasted as long as the one before it.
void EncodeLoop::let_pass(std::int64_t pts, bool drops) {
  const Nanoseconds now = context_.clock.now(), frame = parts_.format.frame_interval_ns();
  Passed next{.pts = pts, .next_at = now + frame, .back = std::nullopt};
  if (!drops) next.back = pts;
  if (passed_) {
    const bool late = now - passed_->next_at > frame;  // the caller itself was
    next.next_at = (late ? now : passed_->next_at) +
                   av_rescale_q(pts - passed_->pts, parts_.format.time_base(), kNanosecond);
    if (!drops && passed_->back) next.back = passed_->back;
  }
  passed_ = next;
}

void EncodeLoop::await_turn() {
  while (!context_.stopping && context_.clock.now() < passed_->next_at) {
    const WakeReason reason = context_.clock.wait_until(
        passed_->next_at, {.wake_fd = parts_.wake.fd(), .abort_fd = context_.abort.fd()});
    if (reason == WakeReason::Aborted) context_.abort.throw_if_aborted();
  }
}

void EncodeLoop::wait_for_progress() {
  const WakeReason reason =
      context_.clock.wait_until(context_.clock.now() + kWaitSlice,
                                {.wake_fd = parts_.wake.fd(), .abort_fd = context_.abort.fd()});
  if (reason == WakeReason::Aborted) context_.abort.throw_if_aborted();
  context_.input.heartbeat(context_.clock.now());
  senders_.let_go_of_stragglers();
}

void EncodeLoop::on_frame(InputFrame& taken) {
  EncodeStats& stats = context_.stats;
  begun_ = true;
  if (left_) --*left_;
  next_sequence_ = taken.sequence + 1;
  stats.dequeued.fetch_add(1, std::memory_order_relaxed);
  if (taken.produced_at != 0) stats.residence.observe(context_.clock.now() - taken.produced_at);
  parts_.in_flight.add(taken.position, taken.sequence);
  parts_.lead.taken(taken.frame->pts);
  senders_.skipped(taken.sequence - taken.skipped, taken.skipped, taken.skipped_reason);
  if (senders_.settled(taken.sequence)) {
    // After a rewind: this one was settled before the frames in front of it.
  } else if (is_backlog(taken)) {
    senders_.dropped(taken.sequence, ring::Drop::Backlog);
  } else if (too_late(taken)) {
    senders_.dropped(taken.sequence, ring::Drop::Late);
    encoder_.request_key();
  } else {
    encoder_.encode(taken);
  }
  const std::uint64_t position = taken.position;
  taken.frame.reset();
  context_.input.release(position);
  parts_.host.on_progress();
  senders_.let_go_of_stragglers();
}

void EncodeLoop::on_starved() {
  const std::size_t taken = parts_.in_flight.size();
  if (taken != 0 && taken == static_cast<std::size_t>(encoder_.held())) context_.input.relax_gate();
  senders_.let_go_of_stragglers();
}

/// Catch-up by Skip: the instant at which this picture was due has passed by more than a frame.
/// What a live source gave after that instant is not late by our doing, and dropping it gains
/// nothing.
bool EncodeLoop::too_late(const InputFrame& taken) const {
  if (context_.options.catch_up != pacing::CatchUp::Skip) return false;
  const auto schedule = senders_.schedule_of_ready();
  if (!schedule) return false;
  Nanoseconds due = schedule->deadline(taken.frame->pts - parts_.lead.reorder_ticks());
  if (taken.pace == SourcePace::Live) due = std::max(due, taken.produced_at);
  return due + parts_.format.frame_interval_ns() < context_.clock.now();
}

/// Frames that a live source gave before the first output was connected would be lasting latency.
bool EncodeLoop::is_backlog(const InputFrame& taken) {
  if (!fresh_) return false;
  const bool old = taken.pace != SourcePace::Any && context_.input.waiting() > 0;
  fresh_ = old;
  return old;
}

/// The connection is gone, and what was under way with it: begin again with the oldest frame that
/// is not settled.
void EncodeLoop::rewind() {
  parts_.in_flight.clear();
  context_.input.rewind();
  encoder_.begin_again();
  senders_.begin_again();
}

/// Empties the encoder and waits until all is sent. false: the connection was lost meanwhile, take
/// again.
bool EncodeLoop::drain() {
  encoder_.flush();
  parts_.host.on_progress();
  while (!senders_.all_drained()) {
    wait_for_progress();
    if (senders_.needs_rewind() && !context_.stopping) return false;
  }
  return context_.stopping || !senders_.needs_rewind();
}

}  // namespace videopush::sessions
