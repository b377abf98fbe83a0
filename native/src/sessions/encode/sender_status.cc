#include "sessions/encode/sender_status.h"

#include <cmath>

namespace videopush::sessions {
FailureKind failure_kind(ErrorCode code) {
  switch (code) {
    case ErrorCode::HostUnknown:
    case ErrorCode::ConnectRefused:
    case ErrorCode::CertificateRefused:
    case ErrorCode::ServerRefused:
    case ErrorCode::CredentialsMissing:
    case ErrorCode::CredentialsRefused:
    case ErrorCode::PublisherConflict:
      return FailureKind::Refused;
    case ErrorCode::ConnectTimeout:
    case ErrorCode::ResponseTimeout:
    case ErrorCode::WriteTimeout:
      return FailureKind::Timeout;
    case ErrorCode::ConnectFailed:
    case ErrorCode::ConnectionClosed:
    case ErrorCode::ConnectionReset:
      return FailureKind::Reset;
    default:
      return FailureKind::Protocol;
  }
}

void SenderStatus::connecting() {
  const std::lock_guard lock(mutex_);
  phase_ = OutputPhase::Connecting;
}

void SenderStatus::connected(Nanoseconds now) {
  const std::lock_guard lock(mutex_);
  phase_ = OutputPhase::Connected;
  error_.reset();
  ++connects_;
  if (outage_since_) outage_ += now - *outage_since_;
  outage_since_.reset();
}

void SenderStatus::renewed() {
  const std::lock_guard lock(mutex_);
  ++renewals_;
}

void SenderStatus::failed(const Error& error, Nanoseconds now, bool permanent) {
  const std::lock_guard lock(mutex_);
  phase_ = permanent ? OutputPhase::Failed : OutputPhase::Waiting;
  error_ = error;
  if (connects_ == 0) return;  // what was never connected is neither lost nor connected again
  ++failures_[static_cast<std::size_t>(failure_kind(error.code()))];
  if (!outage_since_) outage_since_ = now;
}

void SenderStatus::closed() {
  const std::lock_guard lock(mutex_);
  phase_ = OutputPhase::Closed;
}

OutputPhase SenderStatus::phase() const {
  const std::lock_guard lock(mutex_);
  return phase_;
}

std::optional<Error> SenderStatus::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

void SenderStatus::describe(OutputSnapshot& out, Nanoseconds now) const {
  {
    const std::lock_guard lock(mutex_);
    out.phase = phase_;
    out.error = error_;
    out.connects = connects_;
    out.reconnects = connects_ > 1 ? connects_ - 1 : 0;
    out.renewals = renewals_;
    out.reconnects_refused = failures_[static_cast<std::size_t>(FailureKind::Refused)];
    out.reconnects_timeout = failures_[static_cast<std::size_t>(FailureKind::Timeout)];
    out.reconnects_reset = failures_[static_cast<std::size_t>(FailureKind::Reset)];
    out.reconnects_protocol = failures_[static_cast<std::size_t>(FailureKind::Protocol)];
    out.outage_seconds = to_seconds(outage_ + (outage_since_ ? now - *outage_since_ : 0));
  }
  out.key_frames = key_frames.load(std::memory_order_relaxed);
  out.backlog_bytes = backlog_bytes.load(std::memory_order_relaxed);
  if (const double ppm = source_ppm.load(); !std::isnan(ppm)) out.source_clock_ppm = ppm;
  if (const Nanoseconds due_at = due.load()) out.seconds_until_due = to_seconds(due_at - now);
  out.late = pacing.late.load(std::memory_order_relaxed);
  out.lateness = pacing.lateness.snapshot();
  out.interval_error = pacing.interval_error.snapshot();
  out.write_duration = pacing.write_duration.snapshot();
  out.send_lead = to_seconds(pacing.send_lead.load(std::memory_order_relaxed));
  out.total_lead = to_seconds(pacing.total_lead.load(std::memory_order_relaxed));
  out.jitter = to_seconds(pacing.jitter.load(std::memory_order_relaxed));
  out.interval_sum = to_seconds(pacing.interval_sum.load(std::memory_order_relaxed));
  out.interval_squared_sum = pacing.interval_squared_sum.load(std::memory_order_relaxed);
  out.wait_sum = to_seconds(pacing.wait_sum.load(std::memory_order_relaxed));
}

}  // namespace videopush::sessions
