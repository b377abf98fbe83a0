// Whether a source still has the frame rate that its encoder was opened with.
#pragma once

#include <cstdint>
#include <optional>

#include "core/av.h"

namespace videopush::media {

/// For encoders that count frames and can't be given another bit rate while they run. Adds up by
/// how much the encoder's time differs from the media's, faster and slower apart (a CUSUM test): a
/// camera that halves its rate at night is found within a few frames, while jitter, a gap and what
/// lies within a few per cent add up to nothing. Pure.
class RateWatch {
 public:
  /// `rate`: the frame rate that the encoder is opened with.
  RateWatch(AVRational rate, AVRational time_base);
  /// For every frame, `pts` in the time base and rising: the rate to open the encoder with again
  /// before this frame, if it has changed.
  std::optional<AVRational> changed(std::int64_t pts);

 private:
  /// The drift in one direction since the encoder's time was last right.
  struct Drift {
    double error = 0, seconds = 0;
    int frames = 0;

    void add(double by, double interval);
    bool lasting() const;
  };

  double expected_, tick_;  // seconds
  std::optional<std::int64_t> last_;
  Drift faster_, slower_;
};

}  // namespace videopush::media
