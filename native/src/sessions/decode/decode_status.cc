#include "sessions/decode/decode_status.h"

#include <utility>

namespace videopush::sessions {

void DecodeStatus::set_error(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(error);
}

void DecodeStatus::set_source(const media::SourceDescriptor& descriptor,
                              const VideoFormat& queue_format) {
  const std::lock_guard lock(mutex_);
  descriptor_ = descriptor;
  queue_format_ = queue_format;
}

void DecodeStatus::on_decoded(Nanoseconds now, Nanoseconds took) {
  ++decoded_;
  last_decoded_ = now;
  duration_.observe(took);
}

void DecodeStatus::set_discontinuities(const media::Discontinuities& jumps) {
  forward_ = jumps.forward;
  backward_ = jumps.backward;
  outliers_ = jumps.outliers;
}

media::Discontinuities DecodeStatus::discontinuities() const {
  return {.forward = forward_, .backward = backward_, .outliers = outliers_};
}

DecodeSnapshot DecodeStatus::snapshot(Nanoseconds now) const {
  const std::lock_guard lock(mutex_);
  const double tick = descriptor_ ? av_q2d(descriptor_->format.time_base()) : 0;
  return {.phase = phase_.load(),
          .error = error_,
          .descriptor = descriptor_,
          .queue_format = queue_format_,
          .demuxed = demuxed,
          .decoded = decoded_,
          .enqueued = enqueued,
          .dropped_queue_full = dropped,
          .dropped_decode_error = decode_errors,
          .rate_repeats = rate_repeats,
          .rate_drops = rate_drops,
          .discontinuities = discontinuities(),
          .passes = passes,
          .reconnects = reconnects,
          .resumes = resumes,
          .last_frame_age_ns = decoded_.load() > 0 ? now - last_decoded_.load() : 0,
          .position_seconds = static_cast<double>(position.load()) * tick,
          .decode_duration = duration_.snapshot(),
          .blocked_seconds = to_seconds(static_cast<Nanoseconds>(blocked_ns.load()))};
}

}  // namespace videopush::sessions
