// Frames from the source to the ring.
#include <algorithm>
#include <utility>

#include "sessions/decode/decode_loop.h"

extern "C" {
#include <libavutil/imgutils.h>
}

namespace videopush::sessions {
namespace {}  // namespace

/// Until the end marker. Wherever the queue is set back on the way, position() has run and the loop
/// goes on from there.
void DecodeLoop::play() {
  for (;;) {
    FramePtr frame = make_frame();
    std::optional<Error> damage;
    bool more = false;
    try {
      more = read(*frame);
    } catch (const Error& error) {
      if (!ends_pass(error)) throw;
      damage = error;
    }
    if (more) {
      if (!given_before(*frame)) take_in(std::move(frame));
    } else if (end_of_pass(damage)) {
      return;
    }
  }
}

bool DecodeLoop::read(AVFrame& frame) {
  const Nanoseconds start = clock_.now();
  const bool more = source_->next(frame);
  account();
  if (!more) return false;
  const Nanoseconds now = clock_.now();
  status_.on_decoded(now, now - start);
  begun_ = true;
  return true;
}

/// Carries the counts of source, producer and timeline over to the status and the ring's header.
void DecodeLoop::account() {
  if (source_) {
    status_.demuxed = demuxed_before_ + source_->packets_read();
    const std::uint64_t errors = errors_before_ + source_->decode_errors();
    if (producer_) producer_->header().decode_errors += errors - status_.decode_errors;
    status_.decode_errors = errors;
  }
  if (!producer_) return;
  ring::Header& header = producer_->header();
  status_.dropped = dropped_before_ + producer_->dropped();
  status_.blocked_ns = header.producer_blocked_ns.load();
  if (!timeline_) return;
  const std::uint64_t repeats =
      timeline_->repeats() - std::exchange(repeats_reported_, timeline_->repeats());
  const std::uint64_t drops =
      timeline_->drops() - std::exchange(drops_reported_, timeline_->drops());
  header.rate_repeats += repeats;
  header.rate_drops += drops;
  status_.rate_repeats += repeats;
  status_.rate_drops += drops;
}

/// Frames up to the last published one, on the way back to it. At a constant rate that one itself
/// is wanted: copies of it may be due yet.
bool DecodeLoop::given_before(const AVFrame& frame) {
  if (!skip_to_) return false;
  const bool before = timeline_->constant_rate() ? frame.pts < *skip_to_ : frame.pts <= *skip_to_;
  if (!before) skip_to_.reset();
  return before;
}

/// false: the queue was set back, and the frame is stale.
bool DecodeLoop::take_in(FramePtr frame) {
  if (std::exchange(reconnected_, false)) timeline_->begin_connection(outage_ticks());
  if (!timeline_->constant_rate()) return publish_copies(*frame, frame->pts);
  if (held_ && !publish_copies(*held_, frame->pts)) return false;
  held_ = std::move(frame);
  return true;
}

bool DecodeLoop::publish_held() {
  const FramePtr last = std::move(held_);
  return last == nullptr ||
         publish_copies(*last, last->pts + std::max<std::int64_t>(1, frame_duration(*last)));
}

bool DecodeLoop::publish_copies(const AVFrame& frame, std::int64_t next_pts) {
  const std::int64_t count = timeline_->copies(frame.pts, next_pts);
  for (std::int64_t i = 0; i < count; ++i) {
    if (!publish(frame, i > 0)) return false;
  }
  return true;
}

/// `again`: the frame that was published last.
bool DecodeLoop::publish(const AVFrame& frame, bool again) {
  ring::SlotHeader stamp{};
  const bool first = timeline_->place(frame.pts, frame_duration(frame), stamp);
  if (first && is_key_frame(frame)) stamp.flags |= ring::kKeyFrame;
  ring::SlotWriter slot;
  switch (reserve(slot)) {
    case ring::Reserve::Slot:
      write(frame, again, stamp, slot);
      return true;
    case ring::Reserve::ReplayRequested:
      position();
      return false;
    case ring::Reserve::Aborted:
      throw Error(ErrorCode::Aborted, "stopped");
    case ring::Reserve::Dropped:
    case ring::Reserve::Timeout:
      break;
  }
  written_.reset();
  return true;
}

ring::Reserve DecodeLoop::reserve(ring::SlotWriter& slot) {
  for (Nanoseconds limit = 0;; limit = kSecond) {
    const ring::Reserve result = producer_->reserve(slot, stop_, limit);
    if (result == ring::Reserve::Timeout) {
      status_.set_phase(DecodePhase::Blocked);
    } else if (result == ring::Reserve::ReplayRequested && !reachable_) {
      producer_->decline_replay();
    } else {
      status_.set_phase(DecodePhase::Running);
      return result;
    }
  }
}

void DecodeLoop::write(const AVFrame& frame, bool again, const ring::SlotHeader& stamp,
                       ring::SlotWriter& slot) {
  const VideoFormat& format = producer_->header().format;
  if (again && written_) {
    // A copy of what stands in the slot before is cheaper than converting anew.
    av_image_copy(slot.data, slot.stride, const_cast<const std::uint8_t**>(written_->data),
                  written_->stride, static_cast<AVPixelFormat>(format.pixel_format), format.width,
                  format.height);
  } else {
    converter_->convert_into(frame, slot.data, slot.stride);
  }
  const std::uint64_t sequence = slot.header->sequence;
  *slot.header = stamp;
  slot.header->sequence = sequence;
  slot.header->produced_at = clock_.now();
  producer_->publish(slot);
  written_ = slot;
  backoff_.reset();
  ++status_.enqueued;
  status_.position = stamp.source_pts;
}

/// Errors after which there is nothing more to come, as at an ordinary end.
bool DecodeLoop::ends_pass(const Error& error) const {
  if (reachable_) return is_source_damage(error.code());
  const bool gone = is_source_damage(error.code()) ||
                    error.code() == ErrorCode::SourceDisconnected ||
                    error.code() == ErrorCode::SourceTimeout;
  return options_.on_end == OnEnd::Complete && gone;
}

/// true: the end marker was written.
bool DecodeLoop::end_of_pass(const std::optional<Error>& damage) {
  skip_to_.reset();
  if (!publish_held()) return false;
  account();
  if (timeline_->next_index() == 0) {
    throw damage ? *damage
                 : Error(ErrorCode::SourceEmpty, "the source has no frame", "check it in a player");
  }
  if (damage && !std::exchange(damaged_, true)) event_("source.damaged", damage->message());
  if (damage) status_.set_error(*damage);
  if (options_.on_end == OnEnd::Complete) {
    status_.set_phase(DecodePhase::Ended);
    producer_->end();
    event_("source.ended", std::to_string(producer_->next_sequence()) + " frames");
    return true;
  }
  if (!reachable_)
    throw Error(ErrorCode::SourceDisconnected, "the source has ended", "it is opened again");
  timeline_->begin_pass();
  ++status_.passes;
  go_to_start(timeline_->origin());
  return false;
}

/// How much longer than its duration the last frame has to stand for, by the wall, until the one
/// that comes now.
std::int64_t DecodeLoop::outage_ticks() const {
  const ring::SlotHeader* last = producer_->last();
  if (last == nullptr) return 0;
  const AVRational time_base = producer_->header().format.time_base();
  return av_rescale_q(clock_.now() - last->produced_at, {1, kSecond}, time_base) - last->duration;
}

}  // namespace videopush::sessions
