#include "media/source/libav_source.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/limits.h"
#include "media/picture/color.h"
#include "media/source/deinterlaced_source.h"

namespace videopush::media {
namespace {

constexpr ScanLimits kRemoteScan{10, 1 << 20};

}  // namespace

LibavSource::LibavSource(const SourceOptions& options, const DecodeOptions& decode,
                         const ScanLimits& local_scan, const AbortSignal& abort)
    : options_(options), decode_options_(decode), abort_(abort), packet_(make_packet()) {
  open();
  scan_.emplace(demuxer_->video().time_base);
  if (!demuxer_->live()) {
    scan(demuxer_->location().scheme == Scheme::File ? local_scan : kRemoteScan);
  }
  descriptor_ = describe(*demuxer_, *scan_);
  const AVRational time_base = descriptor_.format.time_base();
  const std::int64_t step =
      av_rescale_q(descriptor_.format.frame_interval_ns(), kNanosecond, time_base);
  clock_.emplace(std::max<std::int64_t>(1, step));
  decoder_ = std::make_unique<Decoder>(demuxer_->video(), descriptor_.format.frame_rate(),
                                       decode_options_, demuxer_->live());
  look_at_first_picture();
  if (descriptor_.format.pixel_format != AV_PIX_FMT_NONE) return;
  // No header names the pixel format: the first picture shows it.
  FramePtr frame = make_frame();
  if (!next(*frame)) throw Error(ErrorCode::SourceCorrupt, "no picture could be decoded");
  descriptor_.format.pixel_format = frame->format;
  describe_by(*frame);
  pending_ = std::move(frame);
}

/// What a picture shows better than any header.
void LibavSource::describe_by(const AVFrame& picture) {
  descriptor_.format.width = picture.width;
  descriptor_.format.height = picture.height;
  if (const auto own = orientation_of(picture)) descriptor_.orientation = *own;
}

void LibavSource::open() {
  if (demuxer_) {
    closed_errors_ += demuxer_->unreadable();
    closed_jumps_ += demuxer_->discontinuities();
  }
  demuxer_.reset();
  demuxer_ = std::make_unique<Demuxer>(options_, abort_);
}

void LibavSource::scan(const ScanLimits& limits) {
  while (scan_->seconds() < limits.seconds && scan_->bytes() < limits.bytes) {
    PacketPtr packet = make_packet();
    if (!demuxer_->read(*packet)) {
      if (!demuxer_->fault()) scan_->complete();
      return;
    }
    scan_->add(*packet);
    read_ahead_.push_back({std::move(packet), demuxer_->shift()});
  }
}

/// Containers are often silent or wrong about fields, a codec can turn pictures by itself (ITU-T
/// H.264, D.1.27), and libavformat names the last size that it saw: the first picture of the scan
/// shows all three.
void LibavSource::look_at_first_picture() {
  Decoder decoder(demuxer_->video(), descriptor_.format.frame_rate(), {.threads = 1}, false);
  const FramePtr frame = make_frame();
  for (const ReadAhead& ahead : read_ahead_) {
    decoder.send(ahead.packet.get());
    if (decoder.receive(*frame) != Decoder::Result::Frame) continue;
    describe_by(*frame);
    descriptor_.interlaced = descriptor_.interlaced || is_interlaced(*frame);
    return;
  }
}

bool LibavSource::next_packet(AVPacket& out) {
  if (!read_ahead_.empty()) {
    av_packet_move_ref(&out, read_ahead_.front().packet.get());
    packet_shift_ = read_ahead_.front().shift;
    read_ahead_.pop_front();
    ++packets_read_;
    return true;
  }
  const bool more = demuxer_->read(out);
  packet_shift_ = demuxer_->shift();
  packets_read_ += more;
  return more;
}

/// The next frame of this pass, before any skipping.
bool LibavSource::decode(AVFrame& out) {
  for (;;) {
    switch (decoder_->receive(out)) {
      case Decoder::Result::Frame:
        finish_picture(out);
        return true;
      case Decoder::Result::End:
        return false;
      case Decoder::Result::NeedsPacket:
        break;
    }
    if (!next_packet(*packet_)) {
      decoder_->send(nullptr);
      continue;
    }
    if (packet_->flags & AV_PKT_FLAG_KEY) want_key_packet_ = false;
    if (!want_key_packet_) {
      remember_key(*packet_);
      decoder_->send(packet_.get());
    }
    av_packet_unref(packet_.get());
  }
}

void LibavSource::finish_picture(AVFrame& frame) {
  if (std::max(frame.width, frame.height) > limits::kSide.most) {
    throw Error(ErrorCode::SourceTooLarge,
                "a picture of the source is " + std::to_string(frame.width) + "x" +
                    std::to_string(frame.height) + "; width and height must be at most " +
                    std::to_string(limits::kSide.most),
                "scale the source down first");
  }
  if (frame_duration(frame) <= 0) {
    const std::int64_t interval = av_rescale_q(descriptor_.format.frame_interval_ns(), kNanosecond,
                                               descriptor_.format.time_base());
    set_frame_duration(frame, std::max<std::int64_t>(1, interval));
  }
  frame.pts = clock_->place(frame.best_effort_timestamp, frame_duration(frame));
  AVColorRange range = frame.color_range;
  frame.format = without_j(static_cast<AVPixelFormat>(frame.format), range);
  frame.color_range = range;
  // As in the descriptor, the container's shape of pixels wins over each picture's own.
  frame.sample_aspect_ratio =
      av_guess_sample_aspect_ratio(&demuxer_->context(), &demuxer_->video(), &frame);
  locate(frame);
  if (frame.pts != frame.best_effort_timestamp) place_.key_position = Place::kFromStart;
  if (at_start_ && last_pts_ == AV_NOPTS_VALUE) first_ = place_;
  last_pts_ = frame.pts;
  ++frames_;
}

/// A frame that is shown before the next key frame depends on the key frame before that one. Both
/// are remembered until a frame shows on which it depends.
void LibavSource::remember_key(const AVPacket& packet) {
  if (!(packet.flags & AV_PKT_FLAG_KEY) || packet.pts == AV_NOPTS_VALUE) return;
  keys_.push_back({.pts = packet.pts, .key_position = packet.pos, .shift = packet_shift_});
}

void LibavSource::locate(const AVFrame& frame) {
  while (keys_.size() > 1 && keys_[1].pts <= frame.pts) keys_.pop_front();
  place_ = keys_.empty() ? Place{} : keys_.front();
  place_.pts = frame.pts;
}

bool LibavSource::next(AVFrame& out) {
  abort_.throw_if_aborted();
  while (!finished_) {
    av_frame_unref(&out);
    if (pending_) {
      av_frame_move_ref(&out, pending_.get());
      pending_.reset();
    } else if (!decode(out)) {
      if (expected_key_) {
        read_from_start();
        continue;
      }
      end();
      break;
    }
    if (out.pts < skip_until_) continue;
    if (expected_key_ && *expected_key_ != place_.key_position) {
      read_from_start();
      continue;
    }
    expected_key_.reset();
    skip_until_ = INT64_MIN;
    return true;
  }
  av_frame_unref(&out);
  if (fault_) throw *fault_;
  return false;
}

/// All that could be decoded was given out: a clean end, or what kept the rest from coming.
void LibavSource::end() {
  finished_ = true;
  fault_ = demuxer_->fault();
  if (!fault_ && frames_ == 0) {
    fault_ = Error(ErrorCode::SourceCorrupt,
                   "'" + demuxer_->location().shown + "': none of its pictures could be decoded",
                   "check the file in a player");
  }
}

Discontinuities LibavSource::discontinuities() const {
  Discontinuities sum = closed_jumps_;
  if (demuxer_) sum += demuxer_->discontinuities();
  return sum;
}

std::uint64_t LibavSource::decode_errors() const {
  return decoder_->errors() + (demuxer_ ? demuxer_->unreadable() : 0) + closed_errors_;
}

void LibavSource::seek(const Place& place) {
  if (!descriptor_.seekable) {
    throw Error(ErrorCode::NotSeekable,
                "'" + demuxer_->location().shown + "' can't be read from another position",
                "use a file, or a web server that answers Range requests");
  }
  expected_key_.reset();
  if (!reachable_forward(place.pts) && !go_to(place)) restart();
  skip_until_ = place.pts;
}

/// Goes to the key frame that the place depends on, by what tells the places of this source apart.
bool LibavSource::go_to(const Place& place) {
  if (!demuxer_ || !demuxer_->timestamped()) return false;
  const Place key = first_ && place.pts <= first_->pts ? *first_ : place;
  if (key.key_position == Place::kFromStart) return false;
  if (demuxer_->may_jump()) return seek_by_byte(key, place.pts);
  // Of a container that has one clock, a jump shows only when it is met: here, before the place, or
  // by the key frame at which it lands.
  if (key.shift != 0 || discontinuities().total() > 0 || !seek_by_time(place)) return false;
  if (key.key_position >= 0) expected_key_ = key.key_position;
  return true;
}

/// The timestamp led to another place of the source, whose clock has jumped.
void LibavSource::read_from_start() {
  const std::int64_t target = skip_until_;
  restart();
  skip_until_ = target;
}

/// A container's index may land late (it looks at decode times), and in mid-GOP. What counts is
/// that the first key frame decoded is not after the target: if it is, begin further back.
bool LibavSource::seek_by_time(const Place& place) {
  const double gop = static_cast<double>(std::max(descriptor_.gop_frames, 1)) *
                     to_seconds(descriptor_.format.frame_interval_ns());
  for (const double gops : {0.0, 1.1, 3.0, 8.0, 25.0}) {
    const double seconds = gops * std::clamp(gop, 0.5, 20.0);
    const auto back = static_cast<std::int64_t>(seconds / av_q2d(descriptor_.format.time_base()));
    forget_position();
    if (demuxer_->seek(place.pts - back) && land(place.pts)) return true;
  }
  return false;
}

/// Where one timestamp may name several places of the source, only the byte that was noted when the
/// frame was read is sure.
bool LibavSource::seek_by_byte(const Place& key, std::int64_t pts) {
  if (key.key_position < 0) return false;
  forget_position();
  if (!demuxer_->seek_to_byte(key.key_position, key.shift) || !land(pts)) return false;
  return place_.key_position == key.key_position;
}

/// Decoding on is exact by nature, and within a GOP also cheapest.
bool LibavSource::reachable_forward(std::int64_t pts) const {
  if (finished_) return false;
  const VideoFormat& format = descriptor_.format;
  const std::int64_t frames = std::max(descriptor_.gop_frames, 25);
  const std::int64_t reach =
      av_rescale_q(frames * format.frame_interval_ns(), kNanosecond, format.time_base());
  if (pending_) return pending_->pts <= pts && pts - pending_->pts <= reach;
  if (last_pts_ != AV_NOPTS_VALUE) return last_pts_ < pts && pts - last_pts_ <= reach;
  return at_start_ && scan_->first_pts() != AV_NOPTS_VALUE && pts - scan_->first_pts() <= reach;
}

/// Decodes from where the demuxer is. True when the first key frame is at or before `pts`; frames
/// that precede it in display order may lack their references and are dropped, everything from it
/// on is whole.
bool LibavSource::land(std::int64_t pts) {
  at_start_ = false;
  want_key_packet_ = true;
  FramePtr frame = make_frame();
  while (decode(*frame)) {
    if (clock_->guessed() > 0) return false;  // timestamps don't show the position
    if (is_key_frame(*frame)) {
      const bool first_of_all = first_ && frame->pts == first_->pts;
      if (frame->pts > pts && !first_of_all) return false;
      pending_ = std::move(frame);
      skip_until_ = pts;
      return true;
    }
    if (frame->pts >= pts) return false;
    av_frame_unref(frame.get());
  }
  return false;
}

/// Where the source can't be opened again, there is no demuxer until another seek succeeds.
void LibavSource::restart() {
  forget_position();
  at_start_ = false;
  open();
  at_start_ = true;
}

void LibavSource::forget_position() {
  decoder_->flush();
  clock_->reset();
  keys_.clear();
  read_ahead_.clear();
  pending_.reset();
  want_key_packet_ = finished_ = false;
  expected_key_.reset();
  fault_.reset();
  last_pts_ = AV_NOPTS_VALUE;
  skip_until_ = INT64_MIN;
}

}  // namespace videopush::media
