// How fast a live source's clock runs against this machine's. Pure: every instant is an argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "core/clock.h"

namespace videopush::pacing {

/// Compares the average delay of spans of 20 s. What happens once, a clock that is set or a network
/// that stands still for seconds, disturbs one or two of the comparisons, which are left out.
class SourceRate {
 public:
  /// Once per frame, in order. `produced`: when it came. `delay`: that instant minus the frame's
  /// media time, from any origin that stays the same.
  void add(Nanoseconds produced, Nanoseconds delay);
  void reset();
  /// Parts per million, positive where the source is faster. Unset until three spans are known.
  std::optional<double> ppm() const { return ppm_; }

 private:
  struct Mean {
    double at, delay;
  };
  void close_span();

  std::optional<Nanoseconds> began_;  // the span under way
  double sum_at_ = 0, sum_delay_ = 0;
  std::uint64_t count_ = 0;
  Nanoseconds origin_ = 0;
  std::deque<Mean> spans_;
  std::optional<double> ppm_;
};

}  // namespace videopush::pacing
