// The sender's thread: connect, wait for the deadline, send, settle.
#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "sessions/encode/sender.h"

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::sessions {
namespace {

/// A schedule kept from an earlier process whose next deadline lies further ahead than this was not
/// made for these time stamps.
constexpr Nanoseconds kLongestKeptLead = 10'000'000'000;

}  // namespace

void Sender::run() {
  make_thread_punctual();
  const sinks::TrackInfo track{track_->parameters.get(), track_->time_base, track_->frame_rate};
  try {
    while (link_.connect(track, [this] { return wanted(); })) {
      attach();
      try {
        serve();
        break;
      } catch (const Error& error) {
        if (error.code() == ErrorCode::Aborted) throw;
        lose(error);
      }
    }
  } catch (const Error&) {
    // Aborted: nothing is left to do but close.
  } catch (const std::exception& error) {
    status_.failed(Error(ErrorCode::Internal, error.what(), "please report this"), clock_.now(),
                   true);
  }
  link_.close();
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    attached_ = false;
  }
  host_.on_progress();
}

/// Is there something to connect for?
bool Sender::wanted() const {
  const std::lock_guard lock(mutex_);
  return !stopping_ && !finishing_;
}

void Sender::attach() {
  {
    const std::lock_guard lock(mutex_);
    attached_ = true;
    if (options_.on_loss == OnLoss::Drop) key_request_ = true;
  }
  first_of_connection_ = true;
  interval_known_ = false;
  host_.on_event("output.connected", options_.link.output.name, "");
  host_.on_progress();
}

void Sender::lose(const Error& error) {
  std::vector<std::uint64_t> cut;
  {
    const std::lock_guard lock(mutex_);
    attached_ = false;
    lagging_ = false;
    accepting_ = options_.on_loss == OnLoss::Drop;
    if (options_.on_loss == OnLoss::Drop) await_key(ring::Drop::Network);
    cut = cut_queue(false);
    current_dts_.reset();
  }
  if (current_) cut.push_back(current_->sequence);
  current_.reset();
  if (options_.on_loss == OnLoss::Drop) drop(cut, ring::Drop::Network);
  link_.lost(error);
  host_.on_progress();
}

void Sender::serve() {
  for (;;) {
    if (fetch()) {
      send_current();
    } else if (finished()) {
      wait_out();
      return;
    } else {
      wait(kForever, true);
    }
  }
}

/// The next unit becomes the current one.
bool Sender::fetch() {
  const std::lock_guard lock(mutex_);
  idle_ = queue_.empty();
  if (idle_) return false;
  current_ = std::move(queue_.front());
  queue_.pop_front();
  current_dts_ = current_->packet->dts;
  return true;
}

bool Sender::finished() const {
  const std::lock_guard lock(mutex_);
  return finishing_ && queue_.empty();
}

void Sender::send_current() {
  const pacing::Schedule::Plan plan = plan_current();
  if (plan.skip && !current_->key) return skip_tail();
  sinks::Sink& sink = link_.sink();
  AVPacket& packet = *current_->packet;
  if (first_of_connection_) shift_ = sink.timestamps_from_zero() ? packet.dts : 0;
  PacketPtr shifted;
  if (shift_ != 0) {
    shifted.reset(av_packet_clone(&packet));
    if (!shifted) throw std::bad_alloc();
    shifted->pts -= shift_;
    shifted->dts -= shift_;
  }
  const sinks::Unit unit{shifted ? shifted.get() : &packet, current_->key};
  sink.prepare(unit);
  while (!wait(plan.send_at, false)) {
  }
  ledger_.begin(current_->sequence);
  const sinks::SendResult result = sink.send(unit, abort_);
  settle_sent(plan, result);
}

pacing::Schedule::Plan Sender::plan_current() {
  using pacing::RebaseReason;
  const bool continued = schedule_->started();
  if (first_of_connection_) join_schedule();
  const RebaseReason reason = current_->discontinuity             ? RebaseReason::Discontinuity
                              : first_of_connection_ && continued ? RebaseReason::Resume
                                                                  : RebaseReason::Stall;
  // Several outputs see the same arrivals, so that their schedules stay one; what only this one's
  // connection delayed is no reason to move.
  const Nanoseconds arrived = options_.alone ? clock_.now() : current_->queued_at;
  const auto plan = schedule_->plan(current_->packet->dts, arrived, reason);
  if (plan.rebased != 0 || !continued || first_of_connection_) keep_schedule();
  if (plan.rebased != 0) interval_known_ = false;
  return plan;
}

/// Where a connection begins: with the others' schedule if there are any, never with one that can't
/// be right.
void Sender::join_schedule() {
  pacing::ScheduleState state = schedule_->state();
  if (const auto others = host_.schedule_of_others(*this)) {
    state.t0 = others->t0;
    state.dts0 = others->dts0;
    state.started = 1;
  } else if (first_of_process_ && schedule_->started() &&
             schedule_->deadline(current_->packet->dts) - clock_.now() > kLongestKeptLead) {
    state.started = 0;
    state.rebases[static_cast<std::size_t>(pacing::RebaseReason::Discontinuity)] += 1;
  } else {
    return;
  }
  schedule_.emplace(options_.schedule, track_->time_base, state);
}

/// Catch-up by Skip: this unit is late, and all up to the next key frame are useless without it.
void Sender::skip_tail() {
  std::vector<std::uint64_t> cut;
  {
    const std::lock_guard lock(mutex_);
    cut = cut_queue(true);
    if (queue_.empty()) {
      await_key(ring::Drop::Late);
      key_request_ = true;
    }
    current_dts_.reset();
  }
  cut.push_back(current_->sequence);
  current_.reset();
  drop(cut, ring::Drop::Late);
  host_.on_progress();
}

void Sender::settle_sent(const pacing::Schedule::Plan& plan, const sinks::SendResult& result) {
  const QueuedUnit unit = std::move(*current_);
  current_.reset();
  const std::int64_t dts = unit.packet->dts;
  ledger_.sent(unit.sequence, result.bytes);
  schedule_->sent(dts, result.offered);
  status_.pacing.on_sent(plan.deadline, result.offered, result.accepted,
                         interval_known_ ? media_ns(dts - previous_dts_) : 0,
                         options_.schedule.frame_interval);
  if (unit.key) status_.key_frames.fetch_add(1, std::memory_order_relaxed);
  status_.backlog_bytes.store(link_.sink().backlog_bytes(), std::memory_order_relaxed);
  previous_dts_ = dts;
  end_dts_ = dts + unit.packet->duration;
  first_of_connection_ = first_of_process_ = false;
  interval_known_ = true;
  {
    const std::lock_guard lock(mutex_);
    current_dts_.reset();
    last_sent_dts_ = dts;
    if (std::exchange(lagging_, false)) key_request_ = true;
  }
  host_.on_sent(unit, result.accepted);
  host_.on_progress();
}

/// Serves the connection until `deadline`. false: woken before.
bool Sender::wait(Nanoseconds deadline, bool wakeable) {
  sinks::Sink& sink = link_.sink();
  const Nanoseconds began = clock_.now();
  for (;;) {
    const Nanoseconds keepalive = sink.keepalive_due();
    const WakeReason reason = clock_.wait_until(
        std::min(deadline, keepalive),
        {.socket_fd = sink.fd(), .wake_fd = wakeable ? wake_.fd() : -1, .abort_fd = abort_.fd()});
    if (reason == WakeReason::Aborted) abort_.throw_if_aborted();
    if (reason == WakeReason::Woken) return false;
    if (reason == WakeReason::Readable) sink.on_readable();
    const Nanoseconds now = clock_.now();
    if (now >= deadline) {
      status_.pacing.on_wait(now - began);
      return true;
    }
    if (now >= keepalive) sink.keepalive(abort_);
  }
}

/// The last frame is shown for its duration, too, before the connection ends.
void Sender::wait_out() {
  if (!first_of_process_)
    while (!wait(schedule_->deadline(end_dts_), false)) {
    }
}

/// For the next life of this process, and for others who look.
void Sender::keep_schedule() {
  const pacing::ScheduleState state = schedule_->state();
  std::memcpy(record_.schedule, &state, sizeof state);
  const std::lock_guard lock(mutex_);
  schedule_seen_ = schedule_;
}

}  // namespace videopush::sessions
