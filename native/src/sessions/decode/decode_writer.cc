#include "sessions/decode/decode_writer.h"

#include <algorithm>
#include <utility>

#include "media/picture/changes.h"
#include "ring/geometry.h"
#include "sessions/decode/decode_format.h"

extern "C" {
#include <libavutil/imgutils.h>
}

namespace videopush::sessions {
namespace {

/// How long a queue of other parameters may take to drain before the wait shows as an error and
/// begins again.
constexpr Nanoseconds kDrainLimit = 10 * kSecond;

/// A source that might be a file is live once the queue has not held it up for so long.
constexpr Nanoseconds kRealTimeAfter = 10 * kSecond;

}  // namespace

DecodeWriter::DecodeWriter(const DecodeSessionOptions& options, Clock& clock,
                           const AbortSignal& stop, DecodeStatus& status)
    : options_(options), clock_(clock), stop_(stop), status_(status) {}

bool DecodeWriter::attach_ended() {
  try {
    // An observer checks first, since attaching counts as a resume.
    if (ring::Observer::open(options_.ring.path)->header().ended.load() == 0) return false;
    producer_ = ring::Producer::attach(options_.ring.path);
  } catch (const Error&) {
    return false;  // open() meets and reports the same
  }
  return producer_ != nullptr;
}

bool DecodeWriter::open(const media::SourceDescriptor& source) {
  media::ConvertOptions picture = options_.picture;
  picture.orientation = source.orientation;
  picture.threads = options_.decode.threads;
  converter_ = std::make_unique<media::Converter>(source.format, picture);
  live_ = source.live;
  real_time_ = source.real_time;
  unhindered_since_ = clock_.now();
  const VideoFormat format = queue_format(source, converter_->output(), options_.frame_rate);
  const bool same = producer_ && ring::same_picture(producer_->header().format, format);
  if (!same) {
    producer_.reset();  // its lock, too
    dropped_before_ = status_.dropped;
    ring::RingOptions options = options_.ring;
    options.retained = retained_frames(options_, format);
    producer_ = ring::Producer::open(options, format, stop_, kDrainLimit);
  }
  media::SourceDescriptor described = source;
  changes_ = described.changes = media::picture_changes(
      source.format, picture, media::deinterlaces(options_.deinterlace, source.interlaced));
  status_.set_source(described, format);
  return !same && !begun() && producer_->resumed();
}

void DecodeWriter::show_error(std::optional<ErrorCode> code) {
  if (producer_) producer_->fail(code);
}

void DecodeWriter::heartbeat() {
  if (producer_) producer_->heartbeat(clock_.now());
}

void DecodeWriter::count(std::uint64_t new_decode_errors) {
  if (!producer_) return;
  ring::Header& header = producer_->header();
  header.decode_errors += new_decode_errors;
  status_.dropped = dropped_before_ + producer_->dropped();
  status_.blocked_ns = header.producer_blocked_ns.load();
  if (!timeline_) return;
  const std::uint64_t repeats =
      timeline_->repeats() - std::exchange(repeats_reported_, timeline_->repeats());
  const std::uint64_t drops =
      timeline_->drops() - std::exchange(drops_reported_, timeline_->drops());
  header.rate_repeats += repeats;
  header.rate_drops += drops;
  status_.rate_repeats += repeats;
  status_.rate_drops += drops;
}

bool DecodeWriter::answer_replay(bool reachable) {
  if (!producer_->replay_requested()) return false;
  if (reachable) {
    producer_->begin_replay();
  } else {
    producer_->decline_replay();
  }
  return reachable;
}

std::optional<media::Place> DecodeWriter::position(const VideoFormat& source, bool reachable) {
  held_.reset();
  skip_to_.reset();
  met_ = searching_ = false;
  given_left_ = 0;
  reachable_ = reachable;
  producer_->set_replayable(reachable);
  const VideoFormat& queue = producer_->header().format;
  const bool constant = options_.frame_rate.num > 0;
  timeline_.emplace(source.time_base(),
                    constant ? std::optional(options_.frame_rate) : std::nullopt,
                    av_rescale_q(queue.frame_interval_ns(), kNanosecond, queue.time_base()));
  repeats_reported_ = drops_reported_ = 0;
  const ring::SlotHeader* last = producer_->last();
  if (last != nullptr) timeline_->resume(*last);
  if (!reachable) {
    // What was offered and not published before is gone.
    producer_->skip_to(
        std::max(producer_->next_sequence(), producer_->header().source_frames.load()));
    reconnected_ = last != nullptr;
  } else {
    producer_->skip_to(last != nullptr ? last->sequence + 1 : 0);
    if (last != nullptr) skip_to_ = last->source_pts;
  }
  if (last == nullptr) return std::nullopt;
  return media::Place{.pts = last->source_pts,
                      .key_position = last->source_key_position,
                      .shift = last->source_shift};
}

/// At a constant rate the last published frame itself is wanted: copies of it may be due yet.
bool DecodeWriter::given_before(const AVFrame& frame) {
  if (given_left_ > 0) {
    --given_left_;
    return true;
  }
  if (!skip_to_) return false;
  met_ = met_ || frame.pts == *skip_to_;
  const bool before = timeline_->constant_rate() ? frame.pts < *skip_to_ : frame.pts <= *skip_to_;
  if (!before && (met_ || searching_)) skip_to_.reset();
  return before;
}

/// At a constant rate the numbers are those of copies, so the timestamp has to do.
void DecodeWriter::search_from_start() {
  searching_ = true;
  if (timeline_->constant_rate()) return;
  given_left_ = timeline_->next_index();
  skip_to_.reset();
}

bool DecodeWriter::take_in(FramePtr frame, const media::Place& place) {
  Taken taken{std::move(frame), place};
  if (std::exchange(reconnected_, false)) timeline_->begin_connection(outage_ticks());
  if (!timeline_->constant_rate()) return publish_copies(taken, taken.frame->pts);
  if (held_ && !publish_copies(*held_, taken.frame->pts)) return false;
  held_ = std::move(taken);
  return true;
}

bool DecodeWriter::finish_pass() {
  skip_to_.reset();
  return publish_held();
}

bool DecodeWriter::publish_held() {
  const std::optional<Taken> last = std::exchange(held_, std::nullopt);
  if (!last) return true;
  const AVFrame& frame = *last->frame;
  return publish_copies(*last, frame.pts + std::max<std::int64_t>(1, frame_duration(frame)));
}

bool DecodeWriter::publish_copies(const Taken& taken, std::int64_t next_pts) {
  const std::int64_t count = timeline_->copies(taken.frame->pts, next_pts);
  for (std::int64_t i = 0; i < count; ++i) {
    if (!publish(taken, i > 0)) return false;
  }
  return true;
}

/// `again`: the frame that was published last.
bool DecodeWriter::publish(const Taken& taken, bool again) {
  const AVFrame& frame = *taken.frame;
  ring::SlotHeader stamp{};
  stamp.source_key_position = taken.place.key_position;
  stamp.source_shift = taken.place.shift;
  const bool first = timeline_->place(frame.pts, frame_duration(frame), stamp);
  if (first && is_key_frame(frame)) stamp.flags |= ring::kKeyFrame;
  ring::SlotWriter slot;
  bool waited = false;
  switch (reserve(slot, waited)) {
    case ring::Reserve::Slot:
      // Only the first copy of a frame that is shown again says when the source gave it.
      if (comes_as_made(waited) && !again) stamp.flags |= waited ? ring::kDelayed : ring::kLive;
      write(frame, again, stamp, slot);
      return true;
    case ring::Reserve::ReplayRequested:
      return false;
    case ring::Reserve::Aborted:
      throw Error(ErrorCode::Aborted, "stopped");
    case ring::Reserve::Dropped:
    case ring::Reserve::Timeout:
      break;
  }
  written_.reset();
  return true;
}

/// The instants at which the source gives frames are its own.
bool DecodeWriter::comes_as_made(bool waited) {
  if (!live_) return false;
  if (waited) unhindered_since_ = clock_.now();
  real_time_ = real_time_ || clock_.now() - unhindered_since_ >= kRealTimeAfter;
  return real_time_;
}

ring::Reserve DecodeWriter::reserve(ring::SlotWriter& slot, bool& waited) {
  for (Nanoseconds limit = 0;; limit = kSecond) {
    const ring::Reserve result = producer_->reserve(slot, stop_, limit);
    if (result == ring::Reserve::Timeout) {
      waited = true;
      status_.set_phase(DecodePhase::Blocked);
    } else if (result == ring::Reserve::ReplayRequested && !reachable_) {
      producer_->decline_replay();
    } else {
      status_.set_phase(DecodePhase::Running);
      return result;
    }
  }
}

void DecodeWriter::write(const AVFrame& frame, bool again, const ring::SlotHeader& stamp,
                         ring::SlotWriter& slot) {
  const VideoFormat& format = producer_->header().format;
  if (again && written_) {
    // Copying the slot before is cheaper than converting the frame again.
    av_image_copy(slot.data, slot.stride, const_cast<const std::uint8_t**>(written_->data),
                  written_->stride, static_cast<AVPixelFormat>(format.pixel_format), format.width,
                  format.height);
  } else {
    converter_->convert_into(frame, slot.data, slot.stride);
  }
  const std::uint64_t sequence = slot.header->sequence;
  *slot.header = stamp;
  slot.header->sequence = sequence;
  slot.header->produced_at = clock_.now();
  producer_->publish(slot);
  written_ = slot;
  ++status_.enqueued;
  status_.position = stamp.source_pts;
}

/// How much longer than its duration the last frame has to stand for, by the wall, until the one
/// that comes now.
std::int64_t DecodeWriter::outage_ticks() const {
  const ring::SlotHeader* last = producer_->last();
  if (last == nullptr) return 0;
  const AVRational time_base = producer_->header().format.time_base();
  return av_rescale_q(clock_.now() - last->produced_at, kNanosecond, time_base) - last->duration;
}

}  // namespace videopush::sessions
