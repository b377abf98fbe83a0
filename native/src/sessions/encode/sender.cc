#include "sessions/encode/sender.h"

#include <algorithm>
#include <cstring>
#include <utility>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::sessions {
namespace {

/// An output this far behind the leading one lets go, lest the frames it holds back stop the
/// others.
constexpr Nanoseconds kFarBehind = 250'000'000;

}  // namespace

Sender::Sender(const SenderOptions& options, ring::OutputRecord& record, SenderStatus& status,
               SenderHost& host, Clock& clock)
    : options_(options),
      record_(record),
      status_(status),
      host_(host),
      clock_(clock),
      ledger_(record),
      link_(options.link, record, status, clock, abort_, wake_) {}

Sender::~Sender() {
  abort();
  join();
}

void Sender::start(std::shared_ptr<const Track> track) {
  track_ = std::move(track);
  pacing::ScheduleState state;
  static_assert(sizeof state == sizeof record_.schedule);
  std::memcpy(&state, record_.schedule, sizeof state);
  schedule_.emplace(options_.schedule, track_->time_base, state);
  thread_ = std::thread([this] { run(); });
}

bool Sender::wants_global_header() const {
  return link_.has_sink() && link_.sink().wants_global_header();
}

void Sender::push(QueuedUnit unit) {
  {
    const std::lock_guard lock(mutex_);
    if (!accepting_) return;
    if (!attached_ && options_.on_loss == OnLoss::Drop) await_key(ring::Drop::Network);
    if (key_missing_ && (!attached_ || !unit.key)) {
      ledger_.dropped(unit.sequence, 1, *key_missing_);
      return;
    }
    key_missing_.reset();
    queue_.push_back(std::move(unit));
    if (!std::exchange(idle_, false)) return;
  }
  wake_.signal();
}

void Sender::begin_again() {
  const std::lock_guard lock(mutex_);
  accepting_ = true;
}

bool Sender::needs_rewind() const {
  const std::lock_guard lock(mutex_);
  return !accepting_;
}

bool Sender::take_key_request() {
  const std::lock_guard lock(mutex_);
  return std::exchange(key_request_, false);
}

void Sender::drop_if_behind(std::int64_t leader_dts) {
  std::vector<std::uint64_t> cut;
  {
    const std::lock_guard lock(mutex_);
    if (lagging_ || (!current_dts_ && queue_.empty())) return;
    const std::int64_t oldest = current_dts_ ? *current_dts_ : queue_.front().packet->dts;
    if (media_ns(leader_dts - oldest) <= kFarBehind) return;
    lagging_ = true;
    await_key(ring::Drop::Network);
    cut = cut_queue(false);
  }
  drop(cut, ring::Drop::Network);
  host_.on_progress();
}

void Sender::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  wake_.signal();
}

bool Sender::ready() const {
  const std::lock_guard lock(mutex_);
  return attached_ && accepting_;
}

bool Sender::undecided() const {
  const std::lock_guard lock(mutex_);
  return !attached_ && !over_ && status_.phase() != OutputPhase::Failed;
}

bool Sender::over() const {
  const std::lock_guard lock(mutex_);
  return over_ || (stopping_ && !attached_);
}

bool Sender::required() const {
  const std::lock_guard lock(mutex_);
  return !lagging_;
}

std::size_t Sender::pending() const {
  const std::lock_guard lock(mutex_);
  return queue_.size() + (current_dts_ ? 1 : 0);
}

std::optional<std::int64_t> Sender::last_sent_dts() const {
  const std::lock_guard lock(mutex_);
  return last_sent_dts_;
}

std::optional<pacing::Schedule> Sender::schedule() const {
  const std::lock_guard lock(mutex_);
  return schedule_seen_;
}

void Sender::request_stop() {
  bool at_once;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    at_once = !attached_;
  }
  if (at_once) abort_.abort();
}

void Sender::abort() { abort_.abort(); }

void Sender::join() {
  if (thread_.joinable()) thread_.join();
}

Nanoseconds Sender::media_ns(std::int64_t ticks) const {
  return av_rescale_q(ticks, track_->time_base, {1, 1'000'000'000});
}

/// Takes the queue's units out, all or those before the next key frame; mutex_ is held.
std::vector<std::uint64_t> Sender::cut_queue(bool up_to_next_key) {
  const auto end = up_to_next_key ? std::ranges::find_if(queue_, &QueuedUnit::key) : queue_.end();
  std::vector<std::uint64_t> sequences;
  for (auto unit = queue_.begin(); unit != end; ++unit) sequences.push_back(unit->sequence);
  queue_.erase(queue_.begin(), end);
  return sequences;
}

/// Until the next key frame units are of no use; mutex_ is held.
void Sender::await_key(ring::Drop reason) { key_missing_ = reason; }

void Sender::drop(const std::vector<std::uint64_t>& sequences, ring::Drop reason) {
  for (const std::uint64_t sequence : sequences) ledger_.dropped(sequence, 1, reason);
}

}  // namespace videopush::sessions
