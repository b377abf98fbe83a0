#include "sessions/encode/sender_loop.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "core/limits.h"

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::sessions {
namespace {

/// Pauses between polls for acknowledgements. On a local network the first one finds them.
constexpr Nanoseconds kFirstPoll = kMillisecond, kLaterPolls = 20 * kMillisecond;

/// A connection whose timestamps end is given up this long before. A key frame that is asked for
/// then comes in time, however long a picture is shown.
constexpr Nanoseconds kRenewalMargin = 2 * limits::kLongestGapSeconds * kSecond;

/// A copy whose time begins `shift` ticks earlier.
PacketPtr shifted_copy(const AVPacket& packet, std::int64_t shift) {
  PacketPtr copy(av_packet_clone(&packet));
  if (!copy) throw std::bad_alloc();
  copy->pts -= shift;
  copy->dts -= shift;
  return copy;
}

}  // namespace

pacing::ScheduleState kept_schedule(const ring::OutputRecord& record) {
  pacing::ScheduleState state;
  static_assert(sizeof state == sizeof record.schedule);
  std::memcpy(&state, record.schedule, sizeof state);
  return state;
}

SenderLoop::SenderLoop(const SenderContext& context)
    : context_(context),
      schedule_(context.options.schedule, context.track.time_base, kept_schedule(context.record)) {}

void SenderLoop::run() {
  make_thread_punctual();
  const Track& track = context_.track;
  const sinks::TrackInfo info{track.parameters.get(), track.time_base, track.frame_rate};
  try {
    while (context_.link.connect(info, [this] { return context_.queue.wanted(); })) {
      begin_connection();
      try {
        serve();
        break;
      } catch (const Error& error) {
        if (error.code() == ErrorCode::Aborted) throw;
        lose(error);
      }
    }
  } catch (const Error& error) {
    // Aborted, nothing is left to do but close; whatever else ends the thread must be reported.
    if (error.code() != ErrorCode::Aborted)
      context_.status.failed(error, context_.clock.now(), true);
  } catch (const std::exception& error) {
    context_.status.failed(Error(ErrorCode::Internal, error.what(), "please report this"),
                           context_.clock.now(), true);
  }
  if (context_.link.has_sink()) poll_acknowledgements();
  if (context_.link.close()) context_.queue.acknowledged(sinks::kAllAcknowledged);
  context_.queue.closed();
  context_.host.on_progress();
}

void SenderLoop::begin_connection() {
  context_.queue.connected();
  forget_connection();
  context_.host.on_event("output.connected", context_.options.link.output.name, "");
  context_.host.on_progress();
}

/// What was known of the connection before.
void SenderLoop::forget_connection() {
  first_of_connection_ = true;
  interval_known_ = useful_ = key_requested_ = false;
}

void SenderLoop::lose(const Error& error) {
  context_.status.due = 0;
  poll_acknowledgements();
  context_.queue.disconnected(std::exchange(current_, std::nullopt));
  context_.link.lost(error, !first_of_connection_ && !useful_);
  context_.host.on_progress();
}

void SenderLoop::serve() {
  for (;;) {
    current_ = context_.queue.fetch();
    if (current_) {
      send_current();
    } else if (context_.queue.drained()) {
      wait_out();
      return;
    } else if (wait(kForever, true)) {
      await_acknowledgements();
    }
  }
}

void SenderLoop::send_current() {
  if (must_renew()) renew();
  const pacing::Schedule::Plan plan = plan_current();
  if (!plan.skip || current_->key) return send_on_time(plan);
  context_.queue.skip_to_key(*std::exchange(current_, std::nullopt));
  context_.host.on_progress();
}

/// True when the current unit begins another connection, since this one's timestamps end soon.
bool SenderLoop::must_renew() {
  const Nanoseconds capacity = context_.link.sink().capacity();
  if (first_of_connection_ || capacity == kForever) return false;
  const Nanoseconds carried =
      av_rescale_q(current_->packet->dts - begin_dts_, context_.track.time_base, kNanosecond);
  if (carried < capacity - kRenewalMargin) return false;
  if (!current_->key && !std::exchange(key_requested_, true)) context_.queue.request_key();
  return current_->key;
}

/// Nothing is lost by this, whatever the policy on losses: the server confirms what it has before
/// the end, and what is queued waits for the new connection.
void SenderLoop::renew() {
  const Track& track = context_.track;
  context_.link.end();
  context_.queue.acknowledged(sinks::kAllAcknowledged);
  context_.link.renew({track.parameters.get(), track.time_base, track.frame_rate});
  forget_connection();
  context_.host.on_event("output.renewed", context_.options.link.output.name,
                         "connected again before the timestamps of the old connection ended");
  context_.host.on_progress();
}

void SenderLoop::send_on_time(const pacing::Schedule::Plan& plan) {
  sinks::Sink& sink = context_.link.sink();
  const AVPacket& packet = *current_->packet;
  if (first_of_connection_) begin_dts_ = packet.dts;
  const std::int64_t shift = sink.timestamps_from_zero() ? begin_dts_ : 0;
  const PacketPtr shifted = shift != 0 ? shifted_copy(packet, shift) : nullptr;
  const sinks::Unit unit{shifted ? shifted.get() : &packet, current_->key};
  sink.prepare(unit);
  context_.status.due = plan.send_at;
  while (!wait(plan.send_at, false)) {
  }
  context_.ledger.begin(current_->sequence);
  note_offered(plan, sink.send(unit, context_.abort));
}

pacing::Schedule::Plan SenderLoop::plan_current() {
  using pacing::RebaseReason;
  const bool continued = schedule_.started();
  if (first_of_connection_) join_schedule();
  const bool followed = follow_source();
  const RebaseReason reason = current_->discontinuity             ? RebaseReason::Discontinuity
                              : first_of_connection_ && continued ? RebaseReason::Resume
                                                                  : RebaseReason::Stall;
  // Several outputs see the same arrivals, so that their schedules stay one; what only this one's
  // connection delayed is no reason to move.
  const Nanoseconds arrived = context_.options.alone ? context_.clock.now() : current_->queued_at;
  const auto plan = schedule_.plan(current_->packet->dts, arrived, reason);
  stall_ = reason == RebaseReason::Stall ? std::max<Nanoseconds>(0, plan.rebased) : 0;
  if (plan.rebased != 0 || followed || !continued || first_of_connection_) keep_schedule();
  if (plan.rebased != 0) interval_known_ = false;
  return plan;
}

/// Follows the clock of a live source, which is not ours. True when the schedule was moved.
bool SenderLoop::follow_source() {
  if (current_->pace == SourcePace::Delayed) schedule_.source_clock().pause();
  if (current_->pace != SourcePace::Live) return false;
  const bool moved = schedule_.follow(current_->packet->dts, current_->produced_at);
  if (const auto ppm = schedule_.source_clock().ppm()) context_.status.source_ppm = *ppm;
  return moved;
}

/// A connection begins with the schedule of the other outputs, if there are any.
void SenderLoop::join_schedule() {
  const auto others = context_.host.schedule_of_others(context_.sender);
  if (!others) return;
  pacing::ScheduleState state = schedule_.state();
  state.t0 = others->t0;
  state.begun = others->begun;
  state.dts0 = others->dts0;
  state.started = 1;
  schedule_ = pacing::Schedule(context_.options.schedule, context_.track.time_base, state);
}

void SenderLoop::note_offered(const pacing::Schedule::Plan& plan, const sinks::SendResult& result) {
  QueuedUnit unit = *std::exchange(current_, std::nullopt);
  SenderStatus& status = context_.status;
  const std::int64_t dts = unit.packet->dts;
  const Nanoseconds interval =
      interval_known_ ? av_rescale_q(dts - previous_dts_, context_.track.time_base, kNanosecond)
                      : 0;
  schedule_.sent(dts, result.offered);
  status.pacing.on_sent(plan.deadline, result.offered, result.accepted, interval,
                        context_.options.schedule.frame_interval, stall_);
  status.pacing.total_lead = plan.deadline - result.offered - schedule_.lost();
  if (unit.key) status.key_frames.fetch_add(1, std::memory_order_relaxed);
  status.due = 0;
  previous_dts_ = dts;
  end_dts_ = dts + unit.packet->duration;
  first_of_connection_ = first_of_process_ = false;
  interval_known_ = true;
  last_step_ = result.accepted;
  poll_after_ = kFirstPoll;
  context_.host.on_sent(unit, result.accepted);
  context_.queue.offered(std::move(unit), result);
  poll_acknowledgements();
  context_.host.on_progress();
}

void SenderLoop::poll_acknowledgements() {
  context_.status.backlog_bytes.store(context_.link.sink().backlog_bytes(),
                                      std::memory_order_relaxed);
  if (!context_.queue.acknowledged(context_.link.sink().acknowledged())) return;
  useful_ = true;
  last_step_ = context_.clock.now();
  context_.host.on_progress();
}

/// With nothing to send, no write shows that the server has closed, or stopped reading.
void SenderLoop::await_acknowledgements() {
  const Nanoseconds limit = context_.options.link.output.limits.write_ms * kMillisecond;
  if (context_.queue.unconfirmed() == 0) return;
  context_.link.sink().on_readable();
  if (context_.link.sink().backlog_bytes() == 0) return;  // the server has all of it
  if (context_.clock.now() - last_step_ < limit) return;
  throw Error(ErrorCode::WriteTimeout, "the server did not acknowledge what it was sent in time",
              "check the server's load and the network's bandwidth");
}

/// Serves the connection until `deadline`; with kForever, until acknowledgements were polled for.
/// false: woken before.
bool SenderLoop::wait(Nanoseconds deadline, bool wakeable) {
  sinks::Sink& sink = context_.link.sink();
  Clock& clock = context_.clock;
  const Nanoseconds began = clock.now();
  for (;;) {
    const Nanoseconds keepalive = sink.keepalive_due();
    const bool polling = context_.queue.unconfirmed() > 0;
    const Nanoseconds poll = polling ? clock.now() + poll_after_ : kForever;
    const WakeReason reason = clock.wait_until(std::min({deadline, keepalive, poll}),
                                               {.socket_fd = sink.fd(),
                                                .wake_fd = wakeable ? context_.wake.fd() : -1,
                                                .abort_fd = context_.abort.fd()});
    if (reason == WakeReason::Aborted) context_.abort.throw_if_aborted();
    if (reason == WakeReason::Woken) return false;
    if (reason == WakeReason::Readable) sink.on_readable();
    const Nanoseconds now = clock.now();
    if (polling) {
      poll_after_ = std::min(2 * poll_after_, kLaterPolls);
      poll_acknowledgements();
      if (deadline == kForever) return true;
    }
    if (now >= deadline) {
      context_.status.pacing.on_wait(now - began);
      return true;
    }
    if (now >= keepalive) sink.keepalive(context_.abort);
  }
}

/// The last frame is shown for its duration, too, before the connection ends.
void SenderLoop::wait_out() {
  if (first_of_process_) return;
  while (!wait(schedule_.deadline(end_dts_), false)) {
  }
}

/// For the next process run, and for others who look.
void SenderLoop::keep_schedule() {
  const pacing::ScheduleState state = schedule_.state();
  std::memcpy(context_.record.schedule, &state, sizeof state);
  context_.queue.show(schedule_);
}

}  // namespace videopush::sessions
