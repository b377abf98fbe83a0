#include "media/source/index.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "media/source/demuxer.h"

namespace videopush::media {
namespace {

constexpr std::size_t kMaxFrames = 1 << 23;

struct Collected {
  std::vector<std::int64_t> pts;
  std::vector<Place> keys;
  AVRational time_base{1, 1};
  bool by_position = false;  // timestamps don't tell where a frame lies
};

void bound(std::size_t frames) {
  if (frames > kMaxFrames) {
    throw Error(ErrorCode::OutOfRange, "the source has more frames than an index may hold",
                "read it in sequence, or cut it into parts");
  }
}

/// Collects from packets alone. None when they don't determine which frames will come out: without
/// timestamps, or with the hidden reference frames of VP8, which are packets of their own.
std::optional<Collected> from_packets(Demuxer& demuxer) {
  if (!demuxer.timestamped() || demuxer.video().codecpar->codec_id == AV_CODEC_ID_VP8) return {};
  Collected out;
  out.time_base = demuxer.video().time_base;
  const PacketPtr packet = make_packet();
  while (demuxer.read(*packet)) {
    const bool key = packet->flags & AV_PKT_FLAG_KEY;
    const bool shown = !(packet->flags & AV_PKT_FLAG_DISCARD);
    // Before the first key frame, and displayed before it, nothing can be decoded.
    const bool decodable = key || (!out.keys.empty() && packet->pts > out.keys.front().pts);
    if (packet->pts == AV_NOPTS_VALUE || (packet->flags & AV_PKT_FLAG_CORRUPT)) return {};
    if (shown && decodable) {
      out.pts.push_back(packet->pts);
      if (key) out.keys.push_back({packet->pts, packet->pos, demuxer.shift()});
      bound(out.pts.size());
    }
    av_packet_unref(packet.get());
  }
  out.by_position = demuxer.may_jump() || demuxer.discontinuities().total() > 0;
  std::sort(out.pts.begin(), out.pts.end());
  std::ranges::sort(out.keys, {}, &Place::pts);
  const bool unique = std::adjacent_find(out.pts.begin(), out.pts.end()) == out.pts.end();
  if (out.pts.empty() || !unique || demuxer.unreadable() > 0) return {};
  return out;
}

/// Collects by decoding everything, which is slow, and right for any source.
Collected from_frames(const SourceOptions& options, bool may_jump, const AbortSignal& abort) {
  const auto source = open_source(options, {}, abort);
  Collected out;
  out.time_base = source->descriptor().format.time_base();
  const FramePtr frame = make_frame();
  try {
    while (source->next(*frame)) {
      out.pts.push_back(frame->pts);
      if (is_key_frame(*frame)) out.keys.push_back(source->place());
      bound(out.pts.size());
    }
  } catch (const Error& error) {
    const bool damaged =
        error.code() == ErrorCode::SourceTruncated || error.code() == ErrorCode::SourceCorrupt;
    if (!damaged || out.pts.empty()) throw;
  }
  out.by_position = may_jump || source->discontinuities().total() > 0;
  return out;
}

}  // namespace

FrameIndex::FrameIndex(std::vector<std::int64_t> pts, std::vector<std::int64_t> gop_starts,
                       AVRational time_base)
    : pts_(std::move(pts)), gop_starts_(std::move(gop_starts)), time_base_(time_base) {}

FrameIndex FrameIndex::build(const SourceOptions& options, const AbortSignal& abort) {
  if (options.test_pattern) {
    const auto source = open_source(options, {}, abort);
    FrameIndex index;
    index.time_base_ = source->descriptor().format.time_base();
    index.generated_ = source->descriptor().finite ? source->descriptor().frame_count : INT64_MAX;
    return index;
  }
  std::optional<Collected> collected;
  bool may_jump = false;
  {
    Demuxer demuxer(options, abort);
    if (!demuxer.seekable()) {
      throw Error(ErrorCode::NotSeekable, "frames of this source can't be numbered in advance",
                  "read it in sequence");
    }
    may_jump = demuxer.may_jump();
    collected = from_packets(demuxer);
  }
  if (!collected) collected = from_frames(options, may_jump, abort);
  std::vector<std::int64_t> starts = {0};
  for (const Place& key : collected->keys) {
    const auto found = std::ranges::lower_bound(collected->pts, key.pts);
    const std::int64_t index = found - collected->pts.begin();
    if (index > starts.back()) starts.push_back(index);
  }
  FrameIndex index(std::move(collected->pts), std::move(starts), collected->time_base);
  if (collected->by_position) index.keys_ = std::move(collected->keys);
  return index;
}

std::int64_t FrameIndex::size() const {
  return generated_ > 0 ? generated_ : static_cast<std::int64_t>(pts_.size());
}

void FrameIndex::check(std::int64_t index) const {
  if (index < 0 || index >= size()) {
    throw Error(ErrorCode::OutOfRange, "frame " + std::to_string(index) + " does not exist",
                "give an index from 0 to " + std::to_string(size() - 1));
  }
}

std::int64_t FrameIndex::pts(std::int64_t index) const {
  check(index);
  return generated_ > 0 ? index : pts_[static_cast<std::size_t>(index)];
}

Place FrameIndex::place(std::int64_t index) const {
  Place place{.pts = pts(index)};
  const auto after = std::ranges::upper_bound(keys_, place.pts, {}, &Place::pts);
  if (after == keys_.begin()) return place;
  const Place& key = *(after - 1);
  return {place.pts, key.key_position, key.shift};
}

std::int64_t FrameIndex::index_at(double seconds) const {
  const double ticks = seconds / av_q2d(time_base_);
  const bool in_range = std::isfinite(ticks) && std::abs(ticks) < 9e18;
  const std::int64_t tick = in_range ? std::llround(ticks) : -1;
  std::int64_t index = tick;
  if (generated_ == 0) {
    index = std::upper_bound(pts_.begin(), pts_.end(), tick) - pts_.begin() - 1;
    const std::int64_t last = size() - 1;
    const std::int64_t interval = last > 0 ? pts_[last] - pts_[last - 1] : 1;
    if (index == last && tick >= pts_[last] + interval) index = size();
  }
  if (!in_range || index < 0 || index >= size()) {
    throw Error(ErrorCode::OutOfRange,
                "the source shows no frame at " + std::to_string(seconds) + " s");
  }
  return index;
}

std::int64_t FrameIndex::index_of(std::int64_t pts) const {
  if (generated_ > 0) return std::clamp<std::int64_t>(pts, 0, generated_);
  return std::lower_bound(pts_.begin(), pts_.end(), pts) - pts_.begin();
}

Gop FrameIndex::gop_of(std::int64_t index) const {
  check(index);
  if (generated_ > 0) return {index, 1};
  const auto next = std::upper_bound(gop_starts_.begin(), gop_starts_.end(), index);
  const std::int64_t first = *(next - 1);
  return {first, (next == gop_starts_.end() ? size() : *next) - first};
}

}  // namespace videopush::media
