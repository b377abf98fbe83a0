#include "sessions/encode/sender_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::sessions {

bool SenderQueue::push(QueuedUnit unit) {
  const std::lock_guard lock(mutex_);
  if (rewind_pending_) return false;
  if (!up() && on_loss_ == OnLoss::Drop) key_missing_ = ring::Drop::Network;
  if (key_missing_ && (!up() || !unit.key)) {
    ledger_.dropped(unit.sequence, 1, *key_missing_);
    return false;
  }
  key_missing_.reset();
  units_.push_back(std::move(unit));
  return std::exchange(idle_, false);
}

void SenderQueue::begin_again() {
  const std::lock_guard lock(mutex_);
  rewind_pending_ = false;
}

bool SenderQueue::needs_rewind() const {
  const std::lock_guard lock(mutex_);
  return rewind_pending_;
}

bool SenderQueue::take_key_request() {
  const std::lock_guard lock(mutex_);
  return std::exchange(key_request_, false);
}

bool SenderQueue::drop_if_behind(std::int64_t leader_dts, Nanoseconds limit, AVRational time_base) {
  const std::lock_guard lock(mutex_);
  if (lagging_ || (!current_dts_ && units_.empty())) return false;
  const std::int64_t oldest = current_dts_ ? *current_dts_ : units_.front().packet->dts;
  if (av_rescale_q(leader_dts - oldest, time_base, kNanosecond) <= limit) return false;
  lagging_ = true;
  key_missing_ = ring::Drop::Network;
  drop_before(units_.end(), ring::Drop::Network);
  return true;
}

void SenderQueue::finish() {
  const std::lock_guard lock(mutex_);
  finishing_ = true;
}

bool SenderQueue::ready() const {
  const std::lock_guard lock(mutex_);
  return up() && !rewind_pending_;
}

bool SenderQueue::connecting() const {
  const std::lock_guard lock(mutex_);
  return connection_ == Connection::Down;
}

bool SenderQueue::over() const {
  const std::lock_guard lock(mutex_);
  return connection_ == Connection::Over || (stopping_ && !up());
}

bool SenderQueue::required() const {
  const std::lock_guard lock(mutex_);
  return !lagging_;
}

std::size_t SenderQueue::pending() const {
  const std::lock_guard lock(mutex_);
  return units_.size() + (current_dts_ ? 1 : 0);
}

std::size_t SenderQueue::unconfirmed() const {
  const std::lock_guard lock(mutex_);
  return window_.unconfirmed();
}

std::uint64_t SenderQueue::needed_from() const {
  const std::lock_guard lock(mutex_);
  return window_.needed_from();
}

std::optional<std::int64_t> SenderQueue::last_sent_dts() const {
  const std::lock_guard lock(mutex_);
  return last_sent_dts_;
}

std::optional<pacing::Schedule> SenderQueue::schedule() const {
  const std::lock_guard lock(mutex_);
  return schedule_;
}

bool SenderQueue::request_stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  return !up();
}

bool SenderQueue::wanted() const {
  const std::lock_guard lock(mutex_);
  return !stopping_ && !finishing_;
}

void SenderQueue::connected() {
  const std::lock_guard lock(mutex_);
  connection_ = Connection::Up;
  if (on_loss_ == OnLoss::Drop) key_request_ = true;
}

void SenderQueue::disconnected(std::optional<QueuedUnit> current) {
  const std::lock_guard lock(mutex_);
  connection_ = Connection::Down;
  lagging_ = false;
  current_dts_.reset();
  ledger_.none_under_way();
  if (on_loss_ == OnLoss::Rewind && window_.gave_back()) return offer_again(std::move(current));
  window_.clear(on_loss_ == OnLoss::Drop);
  if (on_loss_ == OnLoss::Rewind) {
    rewind_pending_ = true;
    units_.clear();
    return;
  }
  key_missing_ = ring::Drop::Network;
  drop_before(units_.end(), ring::Drop::Network);
  if (current) drop(*current, ring::Drop::Network);
}

/// What was offered goes in front of what is queued.
void SenderQueue::offer_again(std::optional<QueuedUnit> current) {
  Units again = window_.take_back();
  if (current) again.push_back(*std::move(current));
  std::ranges::move(units_, std::back_inserter(again));
  units_ = std::move(again);
  drop_before(std::ranges::find_if(units_, &QueuedUnit::key), ring::Drop::Network);
  if (!units_.empty()) return;
  key_missing_ = ring::Drop::Network;
  key_request_ = true;
}

void SenderQueue::closed() {
  const std::lock_guard lock(mutex_);
  connection_ = Connection::Over;
  window_.give_up();
}

void SenderQueue::request_key() {
  const std::lock_guard lock(mutex_);
  key_request_ = true;
}

std::optional<QueuedUnit> SenderQueue::fetch() {
  const std::lock_guard lock(mutex_);
  idle_ = units_.empty();
  if (idle_) return std::nullopt;
  QueuedUnit unit = std::move(units_.front());
  units_.pop_front();
  current_dts_ = unit.packet->dts;
  return unit;
}

bool SenderQueue::drained() const {
  const std::lock_guard lock(mutex_);
  return finishing_ && units_.empty();
}

void SenderQueue::offered(QueuedUnit unit, const sinks::SendResult& result) {
  const std::lock_guard lock(mutex_);
  current_dts_.reset();
  last_sent_dts_ = unit.packet->dts;
  if (std::exchange(lagging_, false)) key_request_ = true;
  window_.offered(std::move(unit), result);
}

bool SenderQueue::acknowledged(std::uint64_t position) {
  const std::lock_guard lock(mutex_);
  return window_.acknowledged(position);
}

void SenderQueue::skip_to_key(const QueuedUnit& current) {
  const std::lock_guard lock(mutex_);
  drop_before(std::ranges::find_if(units_, &QueuedUnit::key), ring::Drop::Late);
  if (units_.empty()) {
    key_missing_ = ring::Drop::Late;
    key_request_ = true;
  }
  current_dts_.reset();
  drop(current, ring::Drop::Late);
}

void SenderQueue::show(const pacing::Schedule& schedule) {
  const std::lock_guard lock(mutex_);
  schedule_ = schedule;
}

void SenderQueue::drop(const QueuedUnit& unit, ring::Drop reason) {
  ledger_.dropped(unit.sequence, 1, reason);
  window_.settled(unit.sequence);
}

void SenderQueue::drop_before(Units::iterator end, ring::Drop reason) {
  for (auto unit = units_.begin(); unit != end; ++unit) drop(*unit, reason);
  units_.erase(units_.begin(), end);
}

}  // namespace videopush::sessions
