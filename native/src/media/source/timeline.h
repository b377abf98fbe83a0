// What a source's timestamps mean, for all of its tracks alike.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/av.h"
#include "core/clock.h"
#include "core/limits.h"

namespace videopush::media {

/// What a source's kind makes likely; a step beyond that is not believed.
struct TimelineLimits {
  /// The longest time without a frame that is believed. A live source's gap may be longer by the
  /// time that really passed.
  Nanoseconds longest_gap;
  /// Width of the container's clock, which wraps to 0 after so many bits: 33 in MPEG systems
  /// (ISO/IEC 13818-1, 2.4.3.7); 0 where it never wraps.
  int wrap_bits = 0;
};

/// Limit for transport streams, program streams, FLV and live sources, whose clocks are known to
/// jump.
inline constexpr Nanoseconds kLongestGapOfStreams = 10 * kSecond;
/// Limit for files whose container has one clock: slide shows and recordings that begin with
/// movement show one picture for long.
inline constexpr Nanoseconds kLongestGapOfFiles = limits::kLongestGapSeconds * kSecond;

/// Counts of timestamps that were corrected.
struct Discontinuities {
  std::uint64_t forward = 0;   // steps ahead that were closed
  std::uint64_t backward = 0;  // steps back that were closed
  std::uint64_t outliers = 0;  // single packets far off, placed between their neighbours
  std::uint64_t total() const { return forward + backward + outliers; }
  bool operator==(const Discontinuities&) const = default;
  Discontinuities& operator+=(const Discontinuities& other) {
    forward += other.forward;
    backward += other.backward;
    outliers += other.outliers;
    return *this;
  }
};

/// A track as the timeline knows it.
struct TimedTrack {
  AVRational time_base;
  std::int64_t nominal;  // duration of a packet that names none, in ticks
};

/// How early packets of a live source can come, by those of the last 30 to 60 s: the network only
/// ever delays.
class ArrivalFloor {
 public:
  /// `delay`: the instant at which a packet came minus its continuous time.
  void add(Nanoseconds arrived, Nanoseconds delay);
  /// The least delay; none until packets have come for 5 s, since the first ones may be a backlog.
  std::optional<Nanoseconds> delay() const;

 private:
  Nanoseconds first_ = 0, last_ = 0, began_ = 0;  // arrivals
  Nanoseconds least_ = INT64_MAX, least_before_ = INT64_MAX;
};

/// Packets of a source in, the same packets with continuous timestamps out, in the same order.
///
/// A step between two packets of a track is one of four things. A *gap*: frames are really missing;
/// it stays. *Disorder*: a short step back; it stays, too. An *outlier*: one packet is far off and
/// its successor is in line again; it is placed between the two. Everything else is a
/// *discontinuity*: the packet follows the one before it, and what comes later follows this one. To
/// tell the last two apart, and an outlier from a long gap of a file, a suspect waits for its
/// successor.
///
/// A live source's packets also have a time of arrival. One whose timestamp is ahead of what the
/// clock can have counted since the packet before it, and which would have come earlier than any
/// other, shows that the clock was set forward, however little.
///
/// The first packet keeps its timestamps. A timestamp beyond any clock counts as missing, a
/// duration longer than the longest gap as unknown. Pure: times of arrival are arguments.
class SourceTimeline {
 public:
  SourceTimeline(const TimelineLimits& limits, const std::vector<TimedTrack>& tracks);

  /// `arrived`: when a live source gave the packet; 0 for one whose pace says nothing.
  void add(PacketPtr packet, Nanoseconds arrived = 0);
  /// No more packets follow, or none for now: suspects are placed without waiting any longer.
  void flush();
  /// Packets wait for the one that shows their place.
  bool waits() const { return !waiting_.empty(); }
  /// The next packet whose place is known; nullptr: none yet.
  PacketPtr take();
  /// What was added to the timestamps of the packet that take() gave last, in its track's ticks.
  std::int64_t added() const { return added_; }

  /// Forgets the position, not the counts: the next packet of `track` gets `shift` added, as the
  /// packet at its place had when it was read before.
  void reset(int track, std::int64_t shift);
  const Discontinuities& discontinuities() const { return counts_; }

 private:
  struct Track {
    AVRational time_base;
    std::int64_t nominal;
    std::int64_t gap;                          // the longest one, in ticks
    std::int64_t shift = 0;                    // continuous = container's + shift
    std::int64_t last = AV_NOPTS_VALUE;        // the packet before, continuous
    std::int64_t latest_pts = AV_NOPTS_VALUE;  // the latest so far, continuous
    std::int64_t duration = 0;                 // of the packet before
    bool by_dts = false;                       // `last` is a DTS
    Nanoseconds arrived = 0;                   // the packet before
    ArrivalFloor floor = {};
  };
  struct Waiting {
    PacketPtr packet;
    Nanoseconds arrived;
  };
  struct Placed {
    PacketPtr packet;
    std::int64_t added;
  };

  Track& track_of(const AVPacket& packet);
  void make_plausible(Track& track, AVPacket& packet);
  std::int64_t continuous(std::int64_t raw, std::int64_t shift, std::int64_t near) const;
  std::int64_t position(const Track& track, const AVPacket& packet, std::int64_t shift) const;
  bool believed(const Track& track, const AVPacket& packet, std::int64_t shift,
                Nanoseconds arrived) const;
  bool set_forward(const Track& track, std::int64_t step, Nanoseconds elapsed,
                   Nanoseconds arrived) const;
  bool unusual(const Track& track, const AVPacket& packet, Nanoseconds arrived) const;
  bool back_in_line(const Track& track, const AVPacket& suspect, const AVPacket& next,
                    Nanoseconds arrived) const;
  bool adopt_shift(Track& track, const AVPacket& packet, Nanoseconds arrived) const;
  void take_in(PacketPtr packet, Nanoseconds arrived);
  void settle_suspect(const AVPacket* next, Nanoseconds arrived);
  void join(Track& track, const AVPacket& packet, Nanoseconds arrived);
  void place(PacketPtr packet, Nanoseconds arrived);
  void place_outlier(PacketPtr packet);

  const int wrap_bits_;
  std::vector<Track> tracks_;
  std::deque<Waiting> waiting_;  // a suspect, then packets of other tracks that came behind it
  std::deque<Placed> placed_;
  std::int64_t added_ = 0;
  Discontinuities counts_;
};

}  // namespace videopush::media
