// A bit rate that holds over time, for an encoder that counts frames.
#pragma once

#include <cstdint>
#include <optional>

#include "core/av.h"

namespace videopush::media {

/// An encoder without delay can't know how long a frame will last: it takes each for one interval
/// of its nominal rate, and a source of another rate gets another bit rate. This says what bit rate
/// to give it for each frame, so that it has spent what the time since the last one is worth. A
/// bucket that holds one second at the bit rate (the VBV's model, ITU-T H.264 annex C) shows what
/// was not spent or spent too much; the encoder looks back at the sizes of frames at their old rate
/// for seconds, and would not make up for that by itself. Pure.
class RateBudget {
 public:
  /// What the bit rate is: to be reached, or only not to be passed.
  enum class Goal { Target, Cap };

  /// `bit_rate` in b/s, `nominal`: the frame rate that the encoder is opened with.
  RateBudget(std::int64_t bit_rate, Goal goal, AVRational nominal, AVRational time_base);
  /// Before the frame at `pts` (in the time base, rising) is encoded: the bit rate for it, b/s.
  /// None as long as all frames came at the nominal rate: the encoder's own control is right then.
  std::optional<std::int64_t> next(std::int64_t pts);
  void spent(std::int64_t bits);
  /// Level of the bucket, in seconds of the bit rate; below 0 when too much was spent.
  double level() const { return fill_; }
  /// The highest that `next` returns, b/s.
  std::int64_t highest() const;

 private:
  double bit_rate_, nominal_, tick_;  // b/s, frames a second, seconds
  double most_share_;                 // of what a frame's time is worth
  double fill_;                       // level of the bucket, seconds
  std::optional<std::int64_t> last_;
  bool varies_ = false;
};

}  // namespace videopush::media
