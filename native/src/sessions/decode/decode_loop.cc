#include "sessions/decode/decode_loop.h"

#include <algorithm>
#include <random>
#include <utility>

namespace videopush::sessions {
namespace {

constexpr Nanoseconds kBetweenJumpReports = 60 * kSecond;

std::uint64_t seed_of(const DecodeHooks& hooks) {
  return hooks.seed != 0 ? hooks.seed : std::random_device{}();
}

/// Which of several video tracks is read, by what the option `videoTrack` calls it.
std::string chosen_track(const media::SourceDescriptor& source) {
  const std::vector<media::VideoTrack>& all = source.videos;
  const auto read = std::ranges::find(all, source.stream_index, &media::VideoTrack::index);
  const auto films = std::ranges::count(all, false, &media::VideoTrack::cover);
  if (read == all.end() || films < 2) return "";
  const std::string name =
      read->id >= 0 ? "id:" + std::to_string(read->id) : std::to_string(read - all.begin());
  return ", video track " + name + " of " + std::to_string(films);
}

std::string describe(const media::SourceDescriptor& source) {
  return source.container + ", " + source.codec + " " + std::to_string(source.format.width) + "x" +
         std::to_string(source.format.height) + chosen_track(source);
}

/// A source that ends before its time, whether cut as a file or broken off as a connection.
bool is_source_damage(ErrorCode code) {
  return code == ErrorCode::SourceTruncated || code == ErrorCode::SourceCorrupt;
}

bool is_of_queue(ErrorCode code) {
  return code == ErrorCode::RingBusy || code == ErrorCode::RingInvalid ||
         code == ErrorCode::RingPeerFailed;
}

}  // namespace

DecodeLoop::DecodeLoop(const DecodeSessionOptions& options, Clock& clock, const AbortSignal& stop,
                       DecodeStatus& status, Event event, const DecodeHooks& hooks)
    : options_(options),
      clock_(clock),
      stop_(stop),
      status_(status),
      event_(std::move(event)),
      source_(options, hooks, clock, stop, status),
      writer_(options, clock, stop, status),
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
  writer_.show_error(error.code());
  status_.set_error(error);
  status_.set_phase(DecodePhase::Failed);
  event_("source.failed", error.message());
}

void DecodeLoop::play_to_the_end() {
  // A decoder restarted after its end needs no source, unless the consumer wants frames again.
  if (writer_.attach_ended() && settle()) return;
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
    if (!writer_.ended()) play();
  } while (!settle());
}

/// Runs after the end marker. Returns false when the consumer wants frames again.
bool DecodeLoop::settle() {
  status_.set_phase(DecodePhase::Ended);
  for (;;) {
    switch (writer_.wait_drained()) {
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
  if (!source_.reachable()) writer_.publish_held();
  count();
  source_.close();
  status_.set_error(error);
  status_.set_phase(DecodePhase::Waiting);
  if (!std::exchange(lost_, true)) {
    event_(is_of_queue(error.code()) ? "queue.waiting" : "source.lost", error.message());
  }
  writer_.heartbeat();
  pause();
}

bool DecodeLoop::worth_retrying(ErrorCode code) const {
  if (code == ErrorCode::Aborted) return false;
  if (!is_permanent(code)) return true;
  // A live source that has worked may come back half-way: its stream does not exist yet, or is cut.
  const bool half_way =
      is_source_damage(code) || code == ErrorCode::SourceEmpty || code == ErrorCode::SourceNoVideo;
  return half_way && writer_.begun() && !source_.reachable();
}

/// Pauses grow only while no attempt brings a frame.
void DecodeLoop::pause() {
  const std::uint64_t enqueued = status_.enqueued;
  if (std::exchange(enqueued_at_pause_, enqueued) != enqueued) backoff_.reset();
  clock_.wait_until(clock_.now() + backoff_.next(), {.abort_fd = stop_.fd()});
  stop_.throw_if_aborted();
}

void DecodeLoop::open() {
  source_.open();
  if (writer_.open(source_.descriptor())) {
    ++status_.resumes;
    event_("source.resumed", "after frame " + std::to_string(writer_.last_sequence()));
  }
  status_.set_error(std::nullopt);
  writer_.show_error(std::nullopt);
  if (std::exchange(lost_, false) && writer_.begun()) ++status_.reconnects;
  status_.set_phase(DecodePhase::Running);
  event_("source.opened", describe(source_.descriptor()));
  report_changes();
  report_capacity();
}

void DecodeLoop::report_changes() {
  std::string changes;
  for (const std::string& change : writer_.changes())
    changes += (changes.empty() ? "" : "; ") + change;
  if (changes == changes_) return;
  changes_ = changes;
  if (!changes.empty()) event_("picture.changed", changes);
}

/// Reports that fewer frames may wait than were asked for, once for each capacity.
void DecodeLoop::report_capacity() {
  const std::uint32_t capacity = writer_.capacity(), wanted = options_.ring.capacity;
  if (std::exchange(capacity_, capacity) == capacity || capacity >= wanted) return;
  event_("queue.reduced", std::to_string(capacity) + " frames may wait instead of " +
                              std::to_string(wanted) + ", because all together may take " +
                              std::to_string(options_.ring.max_bytes >> 20) +
                              " MiB (queue.maxBytes)");
}

/// Reports, once each, what only the pictures themselves show.
void DecodeLoop::report_pictures() {
  if (!deinterlacing_ && source_.deinterlacing()) {
    deinterlacing_ = true;
    event_("picture.deinterlaced", "pictures of the source are interlaced");
  }
  if (!letterboxed_ && writer_.letterboxed()) {
    letterboxed_ = true;
    event_("picture.letterboxed", "pictures have another shape than the stream, and get bars");
  }
}

/// Brings source and timeline to behind the last frame in the ring: after opening, and when the
/// consumer wants frames again.
void DecodeLoop::position() {
  searched_ = false;
  const bool reachable = source_.reachable();
  const std::int64_t origin = writer_.origin();
  if (writer_.answer_replay(reachable)) {
    event_("source.replayed", "from frame " + std::to_string(writer_.next_sequence()));
  }
  const auto last = writer_.position(source_.descriptor().format, reachable);
  if (!reachable) return;
  if (last && source_.descriptor().seekable) {
    source_.seek(*last);
  } else {
    source_.go_to_start(origin);
  }
}

/// Plays until the end marker. Wherever the queue is set back on the way, it goes on from there.
void DecodeLoop::play() {
  for (;;) {
    FramePtr frame = make_frame();
    std::optional<Error> damage;
    bool more = false;
    try {
      more = read(*frame);
    } catch (const Error& error) {
      if (!ends_pass(error)) throw;
      damage = error;
    }
    if (!more) {
      if (end_of_pass(damage)) return;
    } else if (writer_.given_before(*frame)) {
      continue;
    } else if (writer_.place_missed()) {
      find_place(std::nullopt);
    } else if (!writer_.take_in(std::move(frame), source_.place())) {
      position();
    }
    report_pictures();
  }
}

bool DecodeLoop::read(AVFrame& frame) {
  const bool more = source_.read(frame);
  count();
  return more;
}

void DecodeLoop::count() {
  writer_.count(source_.count());
  report_jumps();
}

/// A source may jump with every frame, so its jumps are reported together.
void DecodeLoop::report_jumps() {
  const media::Discontinuities jumps = status_.discontinuities();
  if (jumps.total() <= jumps_reported_) return;
  const Nanoseconds now = clock_.now();
  if (jumps_reported_ > 0 && now - jumps_reported_at_ < kBetweenJumpReports) return;
  jumps_reported_ = jumps.total();
  jumps_reported_at_ = now;
  event_("source.discontinuity", std::to_string(jumps.forward) + " jumps forward, " +
                                     std::to_string(jumps.backward) + " backward, " +
                                     std::to_string(jumps.outliers) + " outliers so far");
}

/// Errors after which there is nothing more to come, as at an ordinary end.
bool DecodeLoop::ends_pass(const Error& error) const {
  if (source_.reachable()) return is_source_damage(error.code());
  const bool gone = is_source_damage(error.code()) ||
                    error.code() == ErrorCode::SourceDisconnected ||
                    error.code() == ErrorCode::SourceTimeout;
  return options_.on_end == OnEnd::Complete && gone;
}

/// true: the end marker was written.
bool DecodeLoop::end_of_pass(const std::optional<Error>& damage) {
  if (writer_.place_missed()) {
    find_place(damage);
    return false;
  }
  if (!writer_.finish_pass()) {
    position();
    return false;
  }
  count();
  if (writer_.pass_is_empty()) {
    throw damage ? *damage
                 : Error(ErrorCode::SourceEmpty, "the source has no frame", "check it in a player");
  }
  if (damage && !std::exchange(damaged_, true)) event_("source.damaged", damage->message());
  if (damage) status_.set_error(*damage);
  if (options_.on_end == OnEnd::Complete) {
    status_.set_phase(DecodePhase::Ended);
    writer_.end();
    event_("source.ended", std::to_string(writer_.next_sequence()) + " frames");
    return true;
  }
  if (!source_.reachable())
    throw Error(ErrorCode::SourceDisconnected, "the source has ended", "it is opened again");
  writer_.begin_pass();
  ++status_.passes;
  source_.go_to_start(writer_.origin());
  return false;
}

/// The frame that was published last was not met again, so the source's index or clock led
/// elsewhere. Counted from the beginning, the frame can't be missed, unless the source was replaced
/// or cut.
void DecodeLoop::find_place(const std::optional<Error>& damage) {
  if (std::exchange(searched_, true)) {
    throw damage ? *damage
                 : Error(ErrorCode::SourceCorrupt,
                         "the source ends before the place at which it was to continue",
                         "check whether it was replaced or cut while it was played");
  }
  event_("source.searched", "from the beginning on");
  source_.reopen();
  writer_.search_from_start();
}

}  // namespace videopush::sessions
