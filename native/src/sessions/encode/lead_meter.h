// How far the media that was handed in is ahead of the schedule.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "core/format.h"
#include "pacing/schedule.h"
#include "sessions/encode/frame_input.h"

namespace videopush::sessions {

/// Fed by the encode thread, asked by any.
class LeadMeter final : public LeadGate {
 public:
  /// The schedule that counts; none before a sender has started one. Callable from any thread.
  using ScheduleSource = std::function<std::optional<pacing::Schedule>()>;

  /// `max_lead`: how far ahead of its deadline media may be accepted, ns; 0 = no bound. `input` and
  /// `format` outlive this.
  LeadMeter(const FrameInput& input, const VideoFormat& format, Nanoseconds max_lead,
            ScheduleSource schedule);

  // The encode thread.
  void taken(std::int64_t pts);           // a frame was taken from the input
  void encoder_holds(int frames);         // taken by the encoder, not given out
  void reordered_by(std::int64_t ticks);  // pts - dts of the first packet
  std::int64_t reorder_ticks() const { return reorder_ticks_; }

  // Any thread.
  /// The lead of what was handed in (as the input says, else of what was taken): that media minus
  /// the time since t0, ns; 0 elapsed before t0.
  Nanoseconds lead(Nanoseconds now) const;
  /// The lead without the pictures that the encoder holds back: they leave it only after later
  /// ones, so a caller that waits for them to be sent would wait in vain, ns.
  Nanoseconds sendable_lead(Nanoseconds now) const;

  Nanoseconds accept_at(const AcceptedMedia& media, Nanoseconds now) const override;

 private:
  Nanoseconds lead_of(const AcceptedMedia& media, Nanoseconds now) const;
  Nanoseconds held_back() const;

  const FrameInput& input_;
  const VideoFormat& format_;
  const Nanoseconds max_lead_;
  const ScheduleSource schedule_;
  std::atomic<std::int64_t> reorder_ticks_{0};
  std::atomic<int> held_{0};
  mutable std::mutex mutex_;
  AcceptedMedia taken_;  // under the lock
};

}  // namespace videopush::sessions
