// Between the decoder and the queue: a constant frame rate.
#pragma once

#include <cstdint>

#include "core/av.h"

namespace videopush::media {

/// Constant frame rate by timestamps: tick n, at first_pts + n / rate, shows the newest frame that
/// is due by then, half a tick of tolerance included. Exact arithmetic; counts repeats and drops.
class RateConverter {
 public:
  /// Errors: InvalidArgument (rate or time base not positive).
  RateConverter(AVRational input_time_base, AVRational rate, std::int64_t first_pts);
  /// How many times a frame with `pts`, followed by one with `next_pts`, is shown: 0 = dropped. The
  /// last frame of a source: next_pts = pts + duration.
  std::int64_t copies(std::int64_t pts, std::int64_t next_pts);
  /// The tick that the next shown frame gets; its pts in units of 1 / rate.
  std::int64_t next_tick() const { return next_tick_; }
  /// Continues where an earlier process stopped: ticks below `next_tick` are not shown again.
  void resume(std::int64_t next_tick) { next_tick_ = next_tick; }
  std::uint64_t repeats() const { return repeats_; }
  std::uint64_t drops() const { return drops_; }

 private:
  std::int64_t first_tick(std::int64_t pts) const;  // the first that a frame with `pts` is due by

  std::int64_t ticks_per_unit_num_, ticks_per_unit_den_;
  std::int64_t first_pts_;
  std::int64_t next_tick_ = 0;
  std::uint64_t repeats_ = 0, drops_ = 0;
};

}  // namespace videopush::media
