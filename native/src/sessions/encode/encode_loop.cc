// The encode thread: takes frames, encodes them, hands the packets to the senders.
#include <algorithm>

#include "core/error.h"
#include "sessions/encode/encode_pipeline.h"

namespace videopush::sessions {
namespace {

constexpr Nanoseconds kTakeSlice = 50'000'000;
constexpr Nanoseconds kWaitSlice = 1'000'000'000;  // heartbeats, at the latest
/// How long the first frame waits for outputs that are still connecting, when another one is there.
constexpr Nanoseconds kWaitForOthers = 5'000'000'000;
constexpr int kMaxFailures = 3;  // of the encoder, in a row

}  // namespace

EncodePipeline::Outcome EncodePipeline::encode_loop() {
  for (;;) {
    context_.abort.throw_if_aborted();
    context_.input.heartbeat(context_.clock.now());
    if (stops_here()) {
      drain();
      return Outcome::Stopped;
    }
    if (rewind_wanted()) rewind();
    if (!may_take()) {
      wait_for_progress();
      continue;
    }
    InputFrame taken;
    switch (context_.input.take(taken, context_.abort, kTakeSlice)) {
      case TakeResult::Frame:
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
        settle_tail();
        if (drain()) return context_.stopping ? Outcome::Stopped : Outcome::Ended;
        break;
      case TakeResult::FormatChanged:
        if (drain()) return context_.stopping ? Outcome::Stopped : Outcome::FormatChanged;
        break;
    }
  }
}

/// Asked to stop, and what stood in the queue then was taken (or can't be sent, the connection
/// being gone).
bool EncodePipeline::stops_here() {
  if (!context_.stopping) return false;
  if (!left_) left_ = context_.input.waiting();
  return *left_ == 0 || !outputs_ready();
}

bool EncodePipeline::may_take() {
  if (!outputs_ready()) return false;
  return std::ranges::any_of(senders_, [this](const auto& sender) {
    return sender->ready() && sender->pending() < most_pending_;
  });
}

bool EncodePipeline::outputs_ready() {
  const auto is_ready = [](const auto& sender) { return sender->ready(); };
  if (std::ranges::none_of(senders_, is_ready)) return false;
  const bool others_may_come =
      std::ranges::any_of(senders_, [](const auto& sender) { return sender->undecided(); });
  return begun_ || !others_may_come || context_.clock.now() - started_at_ >= kWaitForOthers;
}

void EncodePipeline::wait_for_progress() {
  const WakeReason reason = context_.clock.wait_until(
      context_.clock.now() + kWaitSlice, {.wake_fd = wake_.fd(), .abort_fd = context_.abort.fd()});
  if (reason == WakeReason::Aborted) context_.abort.throw_if_aborted();
  context_.input.heartbeat(context_.clock.now());
  let_go_of_stragglers();
}

void EncodePipeline::on_frame(InputFrame& taken) {
  EncodeStats& stats = context_.stats;
  begun_ = true;
  if (left_) --*left_;
  next_sequence_ = taken.sequence + 1;
  stats.dequeued.fetch_add(1, std::memory_order_relaxed);
  if (taken.produced_at != 0) stats.residence.observe(context_.clock.now() - taken.produced_at);
  {
    const std::lock_guard lock(mutex_);
    in_flight_.push_back({taken.position, taken.sequence});
    if (taken_.first_pts == AV_NOPTS_VALUE) taken_.first_pts = taken.frame->pts;
    taken_.last_pts = taken.frame->pts;
  }
  for (const auto& sender : senders_)
    sender->ledger().dropped(taken.sequence - taken.skipped, taken.skipped, taken.skipped_reason);
  if (settled_everywhere(taken.sequence)) {
    // After a rewind: this one was settled before the frames in front of it.
  } else if (too_late(*taken.frame)) {
    for (const auto& sender : senders_)
      sender->ledger().dropped(taken.sequence, 1, ring::Drop::Late);
    force_key_ = true;
  } else {
    encode(taken);
  }
  const std::uint64_t position = taken.position;
  taken.frame.reset();
  context_.input.release(position);
  on_progress();
  let_go_of_stragglers();
}

void EncodePipeline::on_starved() {
  const bool all_inside = [this] {
    const std::lock_guard lock(mutex_);
    return !in_flight_.empty() && in_flight_.size() == static_cast<std::size_t>(encoder_->held());
  }();
  if (all_inside) context_.input.relax_gate();
  let_go_of_stragglers();
}

/// Catch-up by Skip: the instant at which this picture was due has passed by more than a frame.
bool EncodePipeline::too_late(const AVFrame& frame) const {
  if (context_.options.catch_up != pacing::CatchUp::Skip) return false;
  for (const auto& sender : senders_) {
    if (!sender->ready()) continue;
    if (const auto schedule = sender->schedule())
      return schedule->deadline(frame.pts - reorder_ticks_) + format_.frame_interval_ns() <
             context_.clock.now();
  }
  return false;
}

bool EncodePipeline::settled_everywhere(std::uint64_t sequence) const {
  return std::ranges::all_of(
      senders_, [sequence](const auto& sender) { return sender->ledger().settled(sequence); });
}

void EncodePipeline::encode(const InputFrame& taken) {
  for (const auto& sender : senders_)
    if (sender->take_key_request()) force_key_ = true;
  side_data_[taken.sequence] = {taken.produced_at, taken.discontinuity};
  std::vector<media::EncodedPacket> packets;
  const Nanoseconds began = context_.clock.now();
  try {
    encoder_->encode(*taken.frame, taken.sequence, force_key_, packets);
  } catch (const Error& error) {
    fail_frame(taken, error);
    return;
  }
  context_.stats.encode_duration.observe(context_.clock.now() - began);
  force_key_ = false;
  failures_ = 0;
  fan_out(packets);
}

/// One bad frame costs itself; an encoder that broke is opened again.
void EncodePipeline::fail_frame(const InputFrame& taken, const Error& error) {
  for (const auto& sender : senders_) sender->ledger().failed(taken.sequence, ring::Fail::Encode);
  side_data_.erase(taken.sequence);
  if (error.code() == ErrorCode::InvalidArgument) return;  // refused at the door
  on_event("encoder.failed", "frame " + std::to_string(taken.sequence), error.message());
  if (++failures_ > kMaxFailures) throw error;
  for (const auto& [sequence, side] : side_data_)
    for (const auto& sender : senders_) sender->ledger().failed(sequence, ring::Fail::Encode);
  open_encoder();
}

void EncodePipeline::fan_out(std::vector<media::EncodedPacket>& packets) {
  held_ = encoder_->held();
  const Nanoseconds now = context_.clock.now();
  for (media::EncodedPacket& encoded : packets) {
    if (!packet_seen_) {
      reorder_ticks_ = encoded.packet->pts - encoded.packet->dts;
      packet_seen_ = true;
    }
    context_.stats.encoded.fetch_add(1, std::memory_order_relaxed);
    const auto node = side_data_.extract(encoded.sequence);
    const SideData side = node ? node.mapped() : SideData{0, false};
    for (const auto& sender : senders_) {
      PacketPtr shared(av_packet_clone(encoded.packet.get()));
      if (!shared) throw std::bad_alloc();
      sender->push({.packet = std::move(shared),
                    .sequence = encoded.sequence,
                    .key = encoded.key,
                    .discontinuity = side.discontinuity,
                    .produced_at = side.produced_at,
                    .queued_at = now});
    }
  }
}

void EncodePipeline::let_go_of_stragglers() {
  if (senders_.size() == 1) return;
  std::optional<std::int64_t> leader;
  for (const auto& sender : senders_)
    if (const auto sent = sender->last_sent_dts(); sent && sender->ready())
      leader = std::max(leader.value_or(*sent), *sent);
  if (!leader) return;
  for (const auto& sender : senders_) sender->drop_if_behind(*leader);
}

bool EncodePipeline::rewind_wanted() const {
  return on_loss_ == OnLoss::Rewind && senders_.front()->needs_rewind();
}

/// The connection is gone, and what was under way with it: begin again with the oldest
/// frame that is not settled.
void EncodePipeline::rewind() {
  {
    const std::lock_guard lock(mutex_);
    in_flight_.clear();
  }
  context_.input.rewind();
  open_encoder();
  force_key_ = false;
  senders_.front()->begin_again();
}

/// Empties the encoder and waits until all is sent. false: the connection was lost meanwhile, take
/// again.
bool EncodePipeline::drain() {
  std::vector<media::EncodedPacket> packets;
  encoder_->flush(packets);
  fan_out(packets);
  on_progress();
  const auto done = [](const auto& sender) { return sender->pending() == 0 || sender->over(); };
  while (!std::ranges::all_of(senders_, done)) {
    wait_for_progress();
    if (rewind_wanted() && !context_.stopping) return false;
  }
  return context_.stopping || !rewind_wanted();
}

/// Frames that a full queue dropped after the last one that was taken.
void EncodePipeline::settle_tail() {
  const std::uint64_t end = context_.input.source_frames();
  for (const auto& sender : senders_) {
    const std::uint64_t next = next_sequence_.value_or(sender->ledger().base());
    if (end > next) sender->ledger().dropped(next, end - next, ring::Drop::QueueFull);
  }
}

}  // namespace videopush::sessions
