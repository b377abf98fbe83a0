#include "sessions/decode/decode_loop.h"

#include <algorithm>
#include <random>
#include <utility>

#include "core/clock.h"
#include "ring/geometry.h"
#include "sessions/decode/decode_format.h"
#include "sessions/secret_file.h"

namespace videopush::sessions {
namespace {

/// How long a queue of other parameters may take to drain before the wait shows as an error and
/// begins again.
constexpr Nanoseconds kDrainLimit = 10 * kSecond;

std::uint64_t seed_of(const DecodeHooks& hooks) {
  return hooks.seed != 0 ? hooks.seed : std::random_device{}();
}

std::string describe(const media::SourceDescriptor& source) {
  return source.container + ", " + source.codec + " " + std::to_string(source.format.width) + "x" +
         std::to_string(source.format.height);
}

}  // namespace

DecodeLoop::DecodeLoop(const DecodeSessionOptions& options, Clock& clock, const AbortSignal& stop,
                       DecodeStatus& status, Event event, const DecodeHooks& hooks)
    : options_(options),
      clock_(clock),
      stop_(stop),
      status_(status),
      event_(std::move(event)),
      hooks_(hooks),
      backoff_(seed_of(hooks)) {}

void DecodeLoop::run() {
  try {
    play_to_the_end();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Aborted) fail(error);
  } catch (const std::exception& error) {
    fail(Error(ErrorCode::Internal, error.what()));
  }
}

void DecodeLoop::fail(const Error& error) {
  if (producer_) producer_->fail(error.code());
  status_.set_error(error);
  status_.set_phase(DecodePhase::Failed);
  event_("source.failed", error.message());
}

void DecodeLoop::play_to_the_end() {
  if (ended_before() && settle()) return;
  for (;;) {
    try {
      play_source();
      return;
    } catch (const Error& error) {
      recover(error);
    }
  }
}

void DecodeLoop::play_source() {
  open();
  do {
    position();
    if (!producer_->ended()) play();
  } while (!settle());
}

/// A decoder restarted after its end needs no source, unless the consumer wants frames again.
bool DecodeLoop::ended_before() {
  try {
    // A look first: attaching counts as a resume.
    if (ring::Observer::open(options_.ring.path)->header().ended.load() == 0) return false;
    producer_ = ring::Producer::attach(options_.ring.path);
  } catch (const Error&) {
    return false;  // open() meets and reports the same
  }
  return producer_ != nullptr;
}

/// After the end marker. false: the consumer wants frames again.
bool DecodeLoop::settle() {
  status_.set_phase(DecodePhase::Ended);
  for (;;) {
    switch (producer_->wait_drained(stop_, kForever)) {
      case ring::Drained::Yes:
        return true;
      case ring::Drained::ReplayRequested:
        return false;
      case ring::Drained::Aborted:
        throw Error(ErrorCode::Aborted, "stopped");
      case ring::Drained::Timeout:
        break;
    }
  }
}

/// Waits before the source is opened again; throws what is no use to wait out.
void DecodeLoop::recover(const Error& error) {
  if (!worth_retrying(error.code())) throw error;
  if (held_ && !reachable_) publish_held();
  account();
  source_.reset();
  status_.set_error(error);
  status_.set_phase(DecodePhase::Waiting);
  const bool queue = error.code() == ErrorCode::RingBusy ||
                     error.code() == ErrorCode::RingInvalid ||
                     error.code() == ErrorCode::RingPeerFailed;
  if (!std::exchange(lost_, true)) event_(queue ? "queue.waiting" : "source.lost", error.message());
  if (producer_) producer_->heartbeat(clock_.now());
  clock_.wait_until(clock_.now() + backoff_.next(), {.abort_fd = stop_.fd()});
  stop_.throw_if_aborted();
}

bool DecodeLoop::worth_retrying(ErrorCode code) const {
  if (code == ErrorCode::Aborted) return false;
  if (!is_permanent(code)) return true;
  // A live source that has worked may come back half-way: its stream is not there yet, or cut.
  const bool half_way =
      is_source_damage(code) || code == ErrorCode::SourceEmpty || code == ErrorCode::SourceNoVideo;
  return half_way && timeline_ && !reachable_;
}

/// Opens the source alone, at its first frame.
void DecodeLoop::connect() {
  media::SourceOptions source = options_.source;
  if (!options_.user_file.empty()) source.user = read_secret_file(options_.user_file);
  if (!options_.password_file.empty()) source.password = read_secret_file(options_.password_file);
  demuxed_before_ = status_.demuxed;
  errors_before_ = status_.decode_errors;
  source_ = hooks_.open_source(source, options_.decode, stop_);
  begun_ = false;
}

void DecodeLoop::open() {
  connect();
  const media::SourceDescriptor& descriptor = source_->descriptor();
  reachable_ = descriptor.seekable || (descriptor.finite && !descriptor.live);
  converter_ = std::make_unique<media::Converter>(
      descriptor.format,
      media::ConvertOptions{
          .width = options_.width, .height = options_.height, .rotation = descriptor.rotation});
  const VideoFormat format = queue_format(descriptor, converter_->output(), options_.frame_rate);
  open_queue(format);
  status_.set_source(descriptor, format);
  status_.set_error(std::nullopt);
  producer_->fail(std::nullopt);
  if (std::exchange(lost_, false) && timeline_) ++status_.reconnects;
  status_.set_phase(DecodePhase::Running);
  event_("source.opened", describe(descriptor));
}

void DecodeLoop::open_queue(const VideoFormat& format) {
  if (producer_ && ring::same_picture(producer_->header().format, format)) return;
  producer_.reset();  // its lock, too
  dropped_before_ = status_.dropped;
  ring::RingOptions options = options_.ring;
  options.retained = retained_frames(options_, format);
  const bool first = !timeline_.has_value();
  producer_ = ring::Producer::open(options, format, stop_, kDrainLimit);
  if (!first || !producer_->resumed()) return;
  ++status_.resumes;
  event_("source.resumed", "after frame " + std::to_string(producer_->last()->sequence));
}

/// Brings source and timeline to behind the last frame in the ring: after opening, and when the
/// consumer wants frames again. Everything is derived from that frame's header, so that it does not
/// matter who published it.
void DecodeLoop::position() {
  held_.reset();
  skip_to_.reset();
  if (producer_->replay_requested()) {
    if (reachable_) {
      producer_->begin_replay();
      event_("source.replayed", "from frame " + std::to_string(producer_->next_sequence()));
    } else {
      producer_->decline_replay();
    }
  }
  producer_->set_replayable(reachable_);

  const VideoFormat& source = source_->descriptor().format;
  const VideoFormat& queue = producer_->header().format;
  const bool constant = options_.frame_rate.num > 0;
  const std::int64_t origin = timeline_ ? timeline_->origin() : 0;
  timeline_.emplace(source.time_base(),
                    constant ? std::optional(options_.frame_rate) : std::nullopt,
                    av_rescale_q(queue.frame_interval_ns(), {1, kSecond}, queue.time_base()));
  repeats_reported_ = drops_reported_ = 0;
  const ring::SlotHeader* last = producer_->last();
  if (last != nullptr) timeline_->resume(*last);
  if (!reachable_) {
    // What was offered and not published before is gone.
    producer_->skip_to(
        std::max(producer_->next_sequence(), producer_->header().source_frames.load()));
    reconnected_ = last != nullptr;
    return;
  }
  producer_->skip_to(last != nullptr ? last->sequence + 1 : 0);
  if (last != nullptr) skip_to_ = last->source_pts;
  if (last != nullptr && source_->descriptor().seekable) {
    source_->seek(last->source_pts);
  } else {
    go_to_start(origin);
  }
}

/// Of the source, whose first frame's pts is `origin`.
void DecodeLoop::go_to_start(std::int64_t origin) {
  if (!begun_) return;
  if (source_->descriptor().seekable) {
    source_->seek(origin);
  } else {
    connect();
  }
}

}  // namespace videopush::sessions
