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
  void taken(std::int64_t pts);  // a frame was taken from the input
  void encoder_opened();         // and holds nothing yet
  void encoder_took(std::int64_t pts);
  void encoder_gave(std::int64_t pts, std::int64_t dts);  // a packet with these times
  /// By how much the first packet's DTS lies before its picture's time.
  std::int64_t reorder_ticks() const { return reorder_ticks_; }

  // Any thread.
  /// The lead of what was handed in (as the input says, else of what was taken): that media minus
  /// the time since t0, ns; 0 elapsed before t0.
  Nanoseconds lead(Nanoseconds now) const;
  /// The lead without the media that the encoder holds back: it leaves it only after later
  /// pictures, so a caller that waits for it to be sent would wait in vain, ns.
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
  mutable std::mutex mutex_;  // of what follows
  AcceptedMedia taken_;
  struct {
    std::int64_t first_pts = AV_NOPTS_VALUE, last_pts = AV_NOPTS_VALUE;  // of what it took
    std::int64_t given_dts = AV_NOPTS_VALUE;                             // of its last packet
  } encoder_;
  bool reorder_known_ = false;
};

}  // namespace videopush::sessions
