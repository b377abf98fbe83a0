#include "sessions/decode/decode_source.h"

#include <utility>

#include "sessions/secret_file.h"

namespace videopush::sessions {

DecodeSource::DecodeSource(const DecodeSessionOptions& options, const DecodeHooks& hooks,
                           Clock& clock, const AbortSignal& stop, DecodeStatus& status)
    : options_(options), hooks_(hooks), clock_(clock), stop_(stop), status_(status) {}

void DecodeSource::open() {
  connect();
  reachable_ = descriptor().seekable || (descriptor().finite && !descriptor().live);
}

void DecodeSource::connect() {
  media::SourceOptions source = options_.source;
  if (!options_.user_file.empty()) source.user = read_secret_file(options_.user_file);
  if (!options_.password_file.empty()) source.password = read_secret_file(options_.password_file);
  demuxed_before_ = status_.demuxed;
  errors_before_ = status_.decode_errors;
  jumps_before_ = status_.discontinuities();
  source_ = hooks_.open_source(source, options_.decode, stop_);
  if (options_.deinterlace != media::Deinterlace::Off) deinterlace();
  begun_ = false;
}

void DecodeSource::deinterlace() {
  const AVRational asked = options_.frame_rate, rate = descriptor().format.frame_rate();
  const bool fields = asked.num > 0 && rate.num > 0 && av_q2d(asked) >= 1.5 * av_q2d(rate) &&
                      media::deinterlaces(options_.deinterlace, descriptor().interlaced);
  auto made =
      std::make_unique<media::DeinterlacedSource>(std::move(source_), options_.deinterlace, fields);
  deinterlaced_ = made.get();
  source_ = std::move(made);
}

bool DecodeSource::read(AVFrame& frame) {
  const Nanoseconds start = clock_.now();
  if (!source_->next(frame)) return false;
  const Nanoseconds now = clock_.now();
  status_.on_decoded(now, now - start);
  begun_ = true;
  return true;
}

void DecodeSource::go_to_start(std::int64_t origin) {
  if (!begun_) return;
  if (descriptor().seekable) {
    seek({.pts = origin});
  } else {
    connect();
  }
}

std::uint64_t DecodeSource::count() {
  if (!source_) return 0;
  const std::uint64_t errors = errors_before_ + source_->decode_errors();
  status_.demuxed = demuxed_before_ + source_->packets_read();
  media::Discontinuities jumps = jumps_before_;
  status_.set_discontinuities(jumps += source_->discontinuities());
  return errors - status_.decode_errors.exchange(errors);
}

}  // namespace videopush::sessions
