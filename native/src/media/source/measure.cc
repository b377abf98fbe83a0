#include "media/source/measure.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/limits.h"
#include "media/picture/color.h"
#include "media/source/video_track.h"

namespace videopush::media {
namespace {

constexpr std::size_t kReorderWindow = 32;  // more than any codec's reorder depth (H.264: 16)

/// The orientation by the display matrix that the container gives.
Orientation stream_orientation(const AVStream& stream) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 30, 100)
  const AVPacketSideData* side =
      av_packet_side_data_get(stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data,
                              AV_PKT_DATA_DISPLAYMATRIX);
  const std::uint8_t* data = side ? side->data : nullptr;
#else
  const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
#endif
  if (!data) return {};
  std::int32_t matrix[9];
  std::memcpy(matrix, data, sizeof matrix);
  return orientation_of(matrix);
}

bool is_interlaced(AVFieldOrder order) {
  return order != AV_FIELD_UNKNOWN && order != AV_FIELD_PROGRESSIVE;
}

/// What the container's index says about every frame: mov has all of it after opening.
struct IndexFacts {
  std::int64_t frames = 0, bytes = 0;
  int gop_frames = 0;
  bool variable_rate = false;
};

IndexFacts facts_of_index(AVStream& stream) {
  IndexFacts facts;
  std::vector<std::int64_t> times;
  std::int64_t since_key = 0;
  bool key_seen = false;
  const int count = avformat_index_get_entries_count(&stream);
  times.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const AVIndexEntry* entry = avformat_index_get_entry(&stream, i);
    if (!entry || (entry->flags & AVINDEX_DISCARD_FRAME)) continue;
    if ((entry->flags & AVINDEX_KEYFRAME) && key_seen) {
      facts.gop_frames = std::max(facts.gop_frames, static_cast<int>(since_key));
      since_key = 0;
    }
    key_seen = key_seen || (entry->flags & AVINDEX_KEYFRAME);
    since_key += key_seen;
    ++facts.frames;
    facts.bytes += entry->size;
    times.push_back(entry->timestamp);
  }
  facts.gop_frames = std::max(facts.gop_frames, static_cast<int>(since_key));
  facts.variable_rate = intervals_vary(times);
  return facts;
}

void describe_rate(Demuxer& demuxer, SourceDescriptor& out) {
  AVStream& stream = demuxer.video();
  AVRational rate = out.variable_frame_rate
                        ? stream.avg_frame_rate
                        : av_guess_frame_rate(&demuxer.context(), &stream, nullptr);
  if (rate.num <= 0 || rate.den <= 0 || av_q2d(rate) > limits::kMaxFrameRate) rate = {0, 1};
  out.format.frame_rate_num = rate.num;
  out.format.frame_rate_den = rate.den;
}

void describe_picture(Demuxer& demuxer, VideoFormat& out) {
  AVStream& stream = demuxer.video();
  const AVCodecParameters& parameters = *stream.codecpar;
  out.width = parameters.width;
  out.height = parameters.height;
  AVColorRange range = parameters.color_range;
  out.pixel_format = without_j(static_cast<AVPixelFormat>(parameters.format), range);
  out.color_range = range;
  out.color_primaries = parameters.color_primaries;
  out.color_transfer = parameters.color_trc;
  out.color_matrix = parameters.color_space;
  out.chroma_location = parameters.chroma_location;
  out.time_base_num = stream.time_base.num;
  out.time_base_den = stream.time_base.den;
  const AVRational sar = av_guess_sample_aspect_ratio(&demuxer.context(), &stream, nullptr);
  out.sar_num = sar.num > 0 && sar.den > 0 ? sar.num : 0;
  out.sar_den = sar.num > 0 && sar.den > 0 ? sar.den : 1;
}

void describe_audio(const AVFormatContext& context, SourceDescriptor& out) {
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    const AVCodecParameters& parameters = *context.streams[i]->codecpar;
    if (parameters.codec_type != AVMEDIA_TYPE_AUDIO) continue;
    out.audio.push_back({avcodec_get_name(parameters.codec_id), parameters.sample_rate,
                         parameters.ch_layout.nb_channels, parameters.bit_rate});
  }
}

void describe_time(Demuxer& demuxer, const PacketScan& scan, SourceDescriptor& out) {
  const AVFormatContext& context = demuxer.context();
  const AVStream& stream = demuxer.video();
  const double tick = av_q2d(stream.time_base);
  if (scan.first_pts() != AV_NOPTS_VALUE) {
    out.start_seconds = static_cast<double>(scan.first_pts()) * tick;
  } else if (stream.start_time != AV_NOPTS_VALUE) {
    out.start_seconds = static_cast<double>(stream.start_time) * tick;
  }
  if (scan.is_complete()) {
    out.duration_seconds = scan.seconds();
  } else if (stream.duration > 0) {
    out.duration_seconds = static_cast<double>(stream.duration) * tick;
  } else if (context.duration > 0) {
    out.duration_seconds = static_cast<double>(context.duration) / AV_TIME_BASE;
  }
  if (out.live) out.duration_seconds = 0;
}

/// What a scan of the beginning can't show: the file's bytes over its duration, without the audio
/// as far as its rate is declared. 0: unknown.
std::int64_t rate_of_file(const Demuxer& demuxer, const SourceDescriptor& out) {
  if (demuxer.size() <= 0 || out.duration_seconds <= 0) return 0;
  const double bits = static_cast<double>(demuxer.size()) * 8;
  std::int64_t rate = std::llround(bits / out.duration_seconds);
  for (const auto& track : out.audio) rate -= track.bit_rate;
  return std::max<std::int64_t>(rate, 0);
}

}  // namespace

void PacketScan::add(const AVPacket& packet) {
  if (packet.flags & AV_PKT_FLAG_DISCARD) return;  // outside the edit list: never shown
  ++frames_;
  bytes_ += packet.size;
  if (packet.flags & AV_PKT_FLAG_KEY) {
    if (since_key_ > 0) gop_frames_ = std::max(gop_frames_, static_cast<int>(since_key_));
    since_key_ = 0;
  }
  if (since_key_ >= 0) ++since_key_;
  if (packet.pts == AV_NOPTS_VALUE) {
    timestamps_ = false;
    return;
  }
  const auto window = pts_.size() > kReorderWindow ? pts_.end() - kReorderWindow : pts_.begin();
  const auto later =
      std::count_if(window, pts_.end(), [&](std::int64_t pts) { return pts > packet.pts; });
  reorder_frames_ = std::max(reorder_frames_, static_cast<int>(later));
  pts_.push_back(packet.pts);
  if (first_pts_ == AV_NOPTS_VALUE || packet.pts < first_pts_) first_pts_ = packet.pts;
  if (last_pts_ == AV_NOPTS_VALUE || packet.pts > last_pts_) last_pts_ = packet.pts;
}

void PacketScan::complete() {
  complete_ = true;
  gop_frames_ = std::max(gop_frames_, static_cast<int>(since_key_));
}

double PacketScan::seconds() const {
  if (pts_.size() < 2) return 0;
  const double span = static_cast<double>(last_pts_ - first_pts_) * av_q2d(time_base_);
  return span * static_cast<double>(pts_.size()) / static_cast<double>(pts_.size() - 1);
}

bool PacketScan::variable_rate() const {
  std::vector<std::int64_t> sorted = pts_;
  std::sort(sorted.begin(), sorted.end());
  // Where a scan stops in mid-GOP, the last frames still have gaps that later packets fill.
  if (!complete_) {
    const auto open = static_cast<std::size_t>(std::max(reorder_frames_, 0));
    sorted.resize(sorted.size() - std::min(sorted.size(), open));
  }
  return intervals_vary(sorted);
}

std::int64_t PacketScan::bit_rate() const {
  const double length = seconds();
  if (!complete_ || length <= 0) return 0;
  return std::llround(static_cast<double>(bytes_) * 8 / length);
}

bool intervals_vary(const std::vector<std::int64_t>& sorted_timestamps) {
  if (sorted_timestamps.size() < 3) return false;
  std::vector<std::int64_t> intervals;
  for (std::size_t i = 1; i < sorted_timestamps.size(); ++i) {
    intervals.push_back(sorted_timestamps[i] - sorted_timestamps[i - 1]);
  }
  const auto middle = intervals.begin() + static_cast<std::ptrdiff_t>(intervals.size() / 2);
  std::nth_element(intervals.begin(), middle, intervals.end());
  const std::int64_t median = *middle;
  const std::int64_t tolerance = std::max<std::int64_t>(2, median / 20);
  return std::any_of(intervals.begin(), intervals.end(), [&](std::int64_t interval) {
    return std::abs(interval - median) > tolerance;
  });
}

SourceDescriptor describe(Demuxer& demuxer, const PacketScan& scan) {
  AVFormatContext& context = demuxer.context();
  AVStream& stream = demuxer.video();
  SourceDescriptor out;
  out.container = context.iformat->name;
  out.live = demuxer.live();
  out.finite = !out.live;
  out.real_time = demuxer.real_time();
  out.seekable = demuxer.seekable();
  out.stream_index = stream.index;
  out.stream_count = static_cast<int>(context.nb_streams);
  out.codec = avcodec_get_name(stream.codecpar->codec_id);
  const char* profile = avcodec_profile_name(stream.codecpar->codec_id, stream.codecpar->profile);
  out.profile = profile ? profile : "";
  out.orientation = stream_orientation(stream);
  out.interlaced = is_interlaced(stream.codecpar->field_order);
  describe_picture(demuxer, out.format);
  describe_time(demuxer, scan, out);
  describe_audio(context, out);
  out.videos = video_tracks(context);

  out.variable_frame_rate = scan.variable_rate();
  out.gop_frames = scan.gop_frames();
  out.reorder_frames = scan.reorder_frames() >= 0 && scan.frames() > 1
                           ? scan.reorder_frames()
                           : stream.codecpar->video_delay;
  out.bit_rate = scan.bit_rate();
  out.frame_count = scan.is_complete() ? scan.frames() : 0;
  out.frame_count_exact = scan.is_complete();
  // Only a mov index lists every frame right after opening; others hold key frames or grow.
  const bool whole_index = out.container.rfind("mov", 0) == 0 && stream.nb_frames > 1 &&
                           avformat_index_get_entries_count(&stream) >= stream.nb_frames;
  if (whole_index && !scan.is_complete()) {
    const IndexFacts index = facts_of_index(stream);
    out.frame_count = index.frames;
    out.frame_count_exact = true;
    out.gop_frames = std::max(out.gop_frames, index.gop_frames);
    out.variable_frame_rate = out.variable_frame_rate || index.variable_rate;
    if (out.duration_seconds > 0) {
      out.bit_rate = std::llround(static_cast<double>(index.bytes) * 8 / out.duration_seconds);
    }
  }
  describe_rate(demuxer, out);
  if (out.bit_rate == 0) out.bit_rate = rate_of_file(demuxer, out);
  if (out.bit_rate == 0 && !out.live)
    out.bit_rate = std::max<std::int64_t>(0, stream.codecpar->bit_rate);
  if (out.frame_count == 0 && out.duration_seconds > 0 && out.format.frame_rate_num > 0) {
    out.frame_count = std::llround(out.duration_seconds * av_q2d(out.format.frame_rate()));
  }
  out.format.gop_frames = out.gop_frames;
  out.format.bit_rate = out.bit_rate;
  return out;
}

}  // namespace videopush::media
