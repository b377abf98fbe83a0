#include "media/source/timeline.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::media {
namespace {

// How far a packet may lie before the one in front of it without being a jump. Decode times only
// ever grow, so little disorder is credible; presentation times are reordered.
constexpr Nanoseconds kDisorderOfDts = 100 * kMillisecond;
constexpr Nanoseconds kDisorderOfPts = kSecond;
/// No encoder shows a frame later than this after it is decoded.
constexpr Nanoseconds kLongestReorder = 10 * kSecond;
/// No clock counts further; below it, sums of two timestamps don't overflow.
constexpr std::int64_t kLargestStamp = std::int64_t{1} << 60;
/// A step ahead beyond this is credible in files whose pictures stay for long, but one frame alone
/// may be that far off: its successor shows which.
constexpr Nanoseconds kUnusualGap = kSecond;
/// Packets of other tracks that may come while a suspect waits for its successor.
constexpr std::size_t kMaxWaiting = 256;

/// A live source's clock was set when it is further ahead than this, and than a quarter of the time
/// between two packets: sources run at 95 or 105 %, and networks don't speed packets up.
constexpr Nanoseconds kSetForward = 100 * kMillisecond;
constexpr Nanoseconds kFloorSpan = 30 * kSecond;
constexpr Nanoseconds kFloorKnownAfter = 5 * kSecond;

std::int64_t ticks_of(Nanoseconds duration, AVRational time_base) {
  return std::max<std::int64_t>(1, av_rescale_q(duration, kNanosecond, time_base));
}

bool is_set(std::int64_t stamp) { return stamp != AV_NOPTS_VALUE; }

/// Which timestamp a packet is judged by.
std::int64_t stamp_of(const AVPacket& packet) {
  return is_set(packet.dts) ? packet.dts : packet.pts;
}

}  // namespace

void ArrivalFloor::add(Nanoseconds arrived, Nanoseconds delay) {
  if (last_ == 0) first_ = began_ = arrived;
  last_ = arrived;
  if (arrived - began_ >= kFloorSpan) {
    least_before_ = std::exchange(least_, INT64_MAX);
    began_ = arrived;
  }
  least_ = std::min(least_, delay);
}

std::optional<Nanoseconds> ArrivalFloor::delay() const {
  if (last_ - first_ < kFloorKnownAfter) return std::nullopt;
  return std::min(least_, least_before_);
}

SourceTimeline::SourceTimeline(const TimelineLimits& limits, const std::vector<TimedTrack>& tracks)
    : wrap_bits_(limits.wrap_bits) {
  for (const auto& [time_base, nominal] : tracks) {
    tracks_.push_back({.time_base = time_base,
                       .nominal = std::max<std::int64_t>(1, nominal),
                       .gap = ticks_of(limits.longest_gap, time_base)});
  }
}

void SourceTimeline::add(PacketPtr packet, Nanoseconds arrived) {
  for (std::int64_t* stamp : {&packet->dts, &packet->pts}) {
    if (*stamp < -kLargestStamp || *stamp > kLargestStamp) *stamp = AV_NOPTS_VALUE;
  }
  if (packet->duration > track_of(*packet).gap) packet->duration = 0;
  if (!waiting_.empty()) {
    const bool successor = waiting_.front().packet->stream_index == packet->stream_index;
    if (!successor && waiting_.size() < kMaxWaiting) {
      waiting_.push_back({std::move(packet), arrived});
      return;
    }
    settle_suspect(successor ? packet.get() : nullptr, arrived);
  }
  take_in(std::move(packet), arrived);
}

void SourceTimeline::flush() {
  while (!waiting_.empty()) settle_suspect(nullptr, 0);
}

PacketPtr SourceTimeline::take() {
  if (placed_.empty()) return nullptr;
  PacketPtr packet = std::move(placed_.front().packet);
  added_ = placed_.front().added;
  placed_.pop_front();
  return packet;
}

void SourceTimeline::reset(int track, std::int64_t shift) {
  waiting_.clear();
  placed_.clear();
  const AVRational from = tracks_[static_cast<std::size_t>(track)].time_base;
  for (Track& one : tracks_) {
    one = {.time_base = one.time_base,
           .nominal = one.nominal,
           .gap = one.gap,
           .shift = av_rescale_q(shift, from, one.time_base)};
  }
}

SourceTimeline::Track& SourceTimeline::track_of(const AVPacket& packet) {
  return tracks_[static_cast<std::size_t>(packet.stream_index)];
}

/// Of two timestamps of one packet that can't both be right, the one that is further from the
/// packet before takes the other's value.
void SourceTimeline::make_plausible(Track& track, AVPacket& packet) {
  if (!is_set(packet.dts) || !is_set(packet.pts)) return;
  const std::int64_t pts = continuous(packet.pts, 0, packet.dts);
  if (std::abs(pts - packet.dts) <= ticks_of(kLongestReorder, track.time_base)) return;
  ++counts_.outliers;
  if (!is_set(track.last)) {
    packet.dts = packet.pts;
    return;
  }
  const auto distance = [&](std::int64_t stamp) {
    return std::abs(continuous(stamp, track.shift, track.last) - track.last);
  };
  if (distance(packet.dts) <= distance(packet.pts)) {
    packet.pts = packet.dts;
  } else {
    packet.dts = packet.pts;
  }
}

/// `raw + shift`, moved by whole turns of the container's clock to be nearest to `near`.
std::int64_t SourceTimeline::continuous(std::int64_t raw, std::int64_t shift,
                                        std::int64_t near) const {
  const std::int64_t value = raw + shift;
  if (wrap_bits_ == 0 || !is_set(near)) return value;
  const std::int64_t turn = std::int64_t{1} << wrap_bits_;
  const std::int64_t ahead = value - near + turn / 2;
  const std::int64_t turns = ahead >= 0 ? ahead / turn : -((turn - 1 - ahead) / turn);
  return value - turns * turn;
}

std::int64_t SourceTimeline::position(const Track& track, const AVPacket& packet,
                                      std::int64_t shift) const {
  return continuous(stamp_of(packet), shift, track.last);
}

bool SourceTimeline::believed(const Track& track, const AVPacket& packet, std::int64_t shift,
                              Nanoseconds arrived) const {
  if (!is_set(track.last) || !is_set(stamp_of(packet))) return true;
  const std::int64_t step = position(track, packet, shift) - track.last;
  const bool decode_times = track.by_dts && is_set(packet.dts);
  const Nanoseconds disorder = decode_times ? kDisorderOfDts : kDisorderOfPts;
  if (step < 0) return -step <= ticks_of(disorder, track.time_base);
  if (arrived == 0 || track.arrived == 0) return step <= track.gap;
  const Nanoseconds elapsed = std::max<Nanoseconds>(0, arrived - track.arrived);
  if (set_forward(track, step, elapsed, arrived)) return false;
  return step - ticks_of(elapsed, track.time_base) <= track.gap;
}

bool SourceTimeline::set_forward(const Track& track, std::int64_t step, Nanoseconds elapsed,
                                 Nanoseconds arrived) const {
  const std::optional<Nanoseconds> floor = track.floor.delay();
  if (!floor) return false;
  const auto time = [&track](std::int64_t ticks) {
    return av_rescale_q(ticks, track.time_base, kNanosecond);
  };
  const Nanoseconds ahead = time(step) - std::max(elapsed, time(track.duration));
  if (ahead <= std::max(kSetForward, time(step) / 4)) return false;
  return arrived - time(track.last + step) < *floor - kSetForward;
}

/// Believed, and yet so far ahead that only its successor shows whether it is an outlier.
bool SourceTimeline::unusual(const Track& track, const AVPacket& packet,
                             Nanoseconds arrived) const {
  if (arrived != 0 || !is_set(track.last) || !is_set(stamp_of(packet))) return false;
  const std::int64_t step = position(track, packet, track.shift) - track.last;
  return step > ticks_of(kUnusualGap, track.time_base);
}

/// The suspect's successor goes on where the packet in front of the suspect was.
bool SourceTimeline::back_in_line(const Track& track, const AVPacket& suspect, const AVPacket& next,
                                  Nanoseconds arrived) const {
  if (!is_set(stamp_of(next)) || !believed(track, next, track.shift, arrived)) return false;
  const std::int64_t at = position(track, next, track.shift);
  return std::abs(at - track.last) < std::abs(at - position(track, suspect, track.shift));
}

/// Another track may have met the same jump first; then what it found holds here, too.
bool SourceTimeline::adopt_shift(Track& track, const AVPacket& packet, Nanoseconds arrived) const {
  for (const Track& other : tracks_) {
    if (&other == &track) continue;
    const std::int64_t shift = av_rescale_q(other.shift, other.time_base, track.time_base);
    if (shift == track.shift || !believed(track, packet, shift, arrived)) continue;
    track.shift = shift;
    return true;
  }
  return false;
}

void SourceTimeline::take_in(PacketPtr packet, Nanoseconds arrived) {
  Track& track = track_of(*packet);
  make_plausible(track, *packet);
  const bool credible =
      believed(track, *packet, track.shift, arrived) || adopt_shift(track, *packet, arrived);
  if (credible && !unusual(track, *packet, arrived)) {
    place(std::move(packet), arrived);
  } else {
    waiting_.push_back({std::move(packet), arrived});
  }
}

/// Decides about the suspect; what waited behind it is looked at again.
void SourceTimeline::settle_suspect(const AVPacket* next, Nanoseconds arrived) {
  std::deque<Waiting> waiting = std::exchange(waiting_, {});
  Waiting suspect = std::move(waiting.front());
  waiting.pop_front();
  Track& track = track_of(*suspect.packet);
  if (next != nullptr && back_in_line(track, *suspect.packet, *next, arrived)) {
    place_outlier(std::move(suspect.packet));
  } else {
    if (!believed(track, *suspect.packet, track.shift, suspect.arrived))
      join(track, *suspect.packet, suspect.arrived);
    place(std::move(suspect.packet), suspect.arrived);
  }
  for (Waiting& other : waiting) add(std::move(other.packet), other.arrived);
}

/// Shifts the track so that the packet follows the one before it: in decode order, and where a key
/// frame begins something new, also behind everything that was shown before. A live source that was
/// silent meanwhile has its silence kept.
void SourceTimeline::join(Track& track, const AVPacket& packet, Nanoseconds arrived) {
  const std::int64_t from = position(track, packet, track.shift);
  std::int64_t to = track.last + track.duration;
  if (arrived != 0 && track.arrived != 0) {
    const std::int64_t elapsed =
        av_rescale_q(arrived - track.arrived, kNanosecond, track.time_base);
    if (elapsed > track.duration + ticks_of(kSetForward, track.time_base))
      to = track.last + elapsed;
  }
  if ((packet.flags & AV_PKT_FLAG_KEY) && is_set(track.latest_pts) && is_set(packet.pts)) {
    const std::int64_t delay = is_set(packet.dts) ? packet.pts - packet.dts : 0;
    to = std::max(to, track.latest_pts + track.duration - delay);
  }
  ++(from > track.last ? counts_.forward : counts_.backward);
  track.shift = to - stamp_of(packet);
}

void SourceTimeline::place(PacketPtr packet, Nanoseconds arrived) {
  Track& track = track_of(*packet);
  const std::int64_t stamp = stamp_of(*packet);
  if (!is_set(stamp)) {
    // Its decoder counts on from the frame before it.
    if (is_set(track.last)) track.last += track.duration;
  } else {
    const std::int64_t at = position(track, *packet, track.shift);
    track.shift = at - stamp;
    track.by_dts = is_set(packet->dts);
    if (is_set(packet->pts)) packet->pts = continuous(packet->pts, track.shift, at);
    if (is_set(packet->dts)) packet->dts = at;
    track.last = is_set(track.last) && !track.by_dts ? std::max(track.last, at) : at;
    if (arrived != 0)
      track.floor.add(arrived, arrived - av_rescale_q(at, track.time_base, kNanosecond));
    if (is_set(packet->pts)) {
      track.latest_pts =
          is_set(track.latest_pts) ? std::max(track.latest_pts, packet->pts) : packet->pts;
    }
  }
  // The nominal duration comes from an average, which one jump makes long.
  const std::int64_t usual =
      track.duration > 0 ? std::min(track.duration, track.nominal) : track.nominal;
  track.duration = packet->duration > 0 ? packet->duration : usual;
  track.arrived = arrived;
  placed_.push_back({std::move(packet), track.shift});
}

/// Only this packet is wrong, so nothing of it counts for those that follow.
void SourceTimeline::place_outlier(PacketPtr packet) {
  Track& track = track_of(*packet);
  ++counts_.outliers;
  const std::int64_t delay =
      is_set(packet->dts) && is_set(packet->pts) ? packet->pts - packet->dts : 0;
  const std::int64_t at = track.last + track.duration;
  const std::int64_t added = at - stamp_of(*packet);
  if (is_set(packet->pts)) packet->pts = at + delay;
  if (is_set(packet->dts)) packet->dts = at;
  track.last = at;
  placed_.push_back({std::move(packet), added});
}

}  // namespace videopush::media
