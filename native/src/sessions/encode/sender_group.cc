#include "sessions/encode/sender_group.h"

#include <algorithm>
#include <new>

namespace videopush::sessions {

bool SenderGroup::wants_global_header() const {
  return std::ranges::any_of(senders_,
                             [](const auto& sender) { return sender->wants_global_header(); });
}

void SenderGroup::start(const std::shared_ptr<const Track>& track) {
  for (const auto& sender : senders_) sender->start(track);
}

void SenderGroup::request_stop() {
  for (const auto& sender : senders_) sender->request_stop();
}

void SenderGroup::finish() {
  for (const auto& sender : senders_) sender->finish();
}

void SenderGroup::abort() {
  for (const auto& sender : senders_) sender->abort();
}

void SenderGroup::join() {
  for (const auto& sender : senders_) sender->join();
}

bool SenderGroup::any_ready() const {
  return std::ranges::any_of(senders_, [](const auto& sender) { return sender->ready(); });
}

bool SenderGroup::any_undecided() const {
  return std::ranges::any_of(senders_, [](const auto& sender) { return sender->undecided(); });
}

bool SenderGroup::all_away() const {
  return !any_ready() &&
         std::ranges::any_of(senders_, [](const auto& sender) { return sender->away(); });
}

bool SenderGroup::leader_below(std::size_t units) const {
  std::optional<std::int64_t> furthest;
  std::size_t least = SIZE_MAX;
  for (const auto& sender : senders_) {
    if (!sender->ready()) continue;
    const std::size_t pending = sender->pending();
    const auto sent = sender->overdue() ? std::nullopt : sender->last_sent_dts();
    if (sent < furthest) continue;
    least = sent > furthest ? pending : std::min(least, pending);
    furthest = sent;
  }
  return least < units;
}

bool SenderGroup::all_drained() const {
  return std::ranges::all_of(senders_, [](const auto& sender) {
    return sender->over() || (sender->pending() == 0 && sender->unconfirmed() == 0);
  });
}

std::optional<pacing::Schedule> SenderGroup::schedule() const {
  for (const auto& sender : senders_)
    if (const auto schedule = sender->schedule()) return schedule;
  return std::nullopt;
}

std::optional<pacing::Schedule> SenderGroup::schedule_of_ready(const Sender* self) const {
  for (const auto& sender : senders_) {
    if (sender.get() == self || !sender->ready()) continue;
    if (const auto schedule = sender->schedule()) return schedule;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> SenderGroup::needed_from() const {
  std::optional<std::uint64_t> base;
  for (const auto& sender : senders_) {
    if (!sender->required()) continue;
    base = std::min(base.value_or(UINT64_MAX), sender->needed_from());
  }
  return base;
}

bool SenderGroup::settled(std::uint64_t sequence) const {
  return std::ranges::all_of(
      senders_, [sequence](const auto& sender) { return sender->ledger().settled(sequence); });
}

void SenderGroup::push(const QueuedUnit& unit) {
  for (const auto& sender : senders_) {
    PacketPtr shared(av_packet_clone(unit.packet.get()));
    if (!shared) throw std::bad_alloc();
    sender->push({.packet = std::move(shared),
                  .sequence = unit.sequence,
                  .key = unit.key,
                  .discontinuity = unit.discontinuity,
                  .pace = unit.pace,
                  .produced_at = unit.produced_at,
                  .queued_at = unit.queued_at});
  }
}

void SenderGroup::dropped(std::uint64_t sequence, ring::Drop reason) {
  for (const auto& sender : senders_) sender->ledger().dropped(sequence, 1, reason);
}

void SenderGroup::skipped(std::uint64_t first, std::uint64_t count, ring::Drop reason) {
  for (const auto& sender : senders_) sender->ledger().skipped(first, count, reason);
}

void SenderGroup::failed(std::uint64_t sequence, ring::Fail reason) {
  for (const auto& sender : senders_) sender->ledger().failed(sequence, reason);
}

bool SenderGroup::take_key_request() {
  bool asked = false;
  for (const auto& sender : senders_) asked = sender->take_key_request() || asked;
  return asked;
}

void SenderGroup::let_go_of_stragglers() {
  if (senders_.size() == 1) return;
  std::optional<std::int64_t> leader;
  for (const auto& sender : senders_)
    if (const auto sent = sender->last_sent_dts(); sent && sender->ready())
      leader = std::max(leader.value_or(*sent), *sent);
  if (!leader) return;
  for (const auto& sender : senders_) sender->drop_if_behind(*leader);
}

bool SenderGroup::needs_rewind() const {
  return std::ranges::any_of(senders_, [](const auto& sender) { return sender->needs_rewind(); });
}

void SenderGroup::begin_again() {
  for (const auto& sender : senders_) sender->begin_again();
}

void SenderGroup::settle_tail(std::optional<std::uint64_t> next, std::uint64_t end) {
  for (const auto& sender : senders_) {
    const std::uint64_t first = next.value_or(sender->ledger().base());
    if (end > first) sender->ledger().skipped(first, end - first, ring::Drop::QueueFull);
  }
}

void SenderGroup::give_up_unsettled(std::uint64_t end) {
  for (const auto& sender : senders_)
    for (std::uint64_t i = sender->ledger().base(); i < end; ++i)
      if (!sender->ledger().settled(i)) sender->ledger().failed(i, ring::Fail::Output);
}

}  // namespace videopush::sessions
