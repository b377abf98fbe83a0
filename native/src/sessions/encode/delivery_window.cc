#include "sessions/encode/delivery_window.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace videopush::sessions {
namespace {

/// On a local network an acknowledgement comes before the next unit is sent. More would fill the
/// slots of a short queue.
constexpr std::size_t kHeldPictures = 2;

/// Two seconds between key frames at 100 Mb/s.
constexpr std::size_t kMaxKeptBytes = 32 << 20;

}  // namespace

std::size_t DeliveryWindow::packet_bytes(const Offered& offered) const {
  return offered.unit.packet ? static_cast<std::size_t>(offered.unit.packet->size) : 0;
}

void DeliveryWindow::offered(QueuedUnit unit, const sinks::SendResult& result) {
  if (result.end == 0) {  // written is sent: a file
    ledger_.sent(unit.sequence, result.bytes);
    settled(unit.sequence);
    return;
  }
  if (!keeps_units_) unit.packet.reset();
  units_.push_back({.unit = std::move(unit), .end = result.end, .bytes = result.bytes});
  kept_bytes_ += packet_bytes(units_.back());
  ++unconfirmed_;
  if (unconfirmed_ > kHeldPictures) give_back_oldest();
  while (kept_bytes_ > kMaxKeptBytes) forget_front();
}

/// One unit was added, so one more picture goes back.
void DeliveryWindow::give_back_oldest() {
  for (std::size_t i = units_.size() - unconfirmed_; i < units_.size(); ++i)
    if (given_back_.insert(units_[i].unit.sequence).second) return;
}

/// The oldest unit that is kept can't be offered again from now on.
void DeliveryWindow::forget_front() {
  const auto kept = std::ranges::find_if(
      units_, [](const Offered& offered) { return offered.unit.packet != nullptr; });
  kept_bytes_ -= packet_bytes(*kept);
  kept->unit.packet.reset();
}

bool DeliveryWindow::acknowledged(std::uint64_t position) {
  const std::size_t before = unconfirmed_;
  for (auto offered = units_.end() - static_cast<std::ptrdiff_t>(unconfirmed_);
       offered != units_.end() && offered->end <= position; ++offered) {
    offered->acknowledged = true;
    --unconfirmed_;
    ledger_.sent(offered->unit.sequence, offered->bytes);
    settled(offered->unit.sequence);
  }
  if (unconfirmed_ == before) return false;
  trim();
  return true;
}

/// Lets go of what no connection needs: all in front of the key frame from which the first
/// unconfirmed unit can be decoded.
void DeliveryWindow::trim() {
  auto end = units_.end() - static_cast<std::ptrdiff_t>(unconfirmed_);
  const bool begins_with_key = end != units_.end() && end->unit.key;
  if (keeps_units_ && !begins_with_key) {
    const auto key_behind = [](const Offered& offered) { return offered.unit.key; };
    const auto key = std::find_if(std::make_reverse_iterator(end), units_.rend(), key_behind);
    end = key == units_.rend() ? units_.begin() : key.base() - 1;
  }
  for (auto offered = units_.begin(); offered != end; ++offered)
    kept_bytes_ -= packet_bytes(*offered);
  units_.erase(units_.begin(), end);
}

std::uint64_t DeliveryWindow::needed_from() const {
  std::uint64_t sequence = ledger_.base();
  while (given_back_.contains(sequence) || (!given_back_.empty() && ledger_.settled(sequence)))
    ++sequence;
  return sequence;
}

DeliveryWindow::Units DeliveryWindow::take_back() {
  Units again;
  for (Offered& offered : units_) {
    if (offered.unit.packet) {
      again.push_back(std::move(offered.unit));
    } else if (!offered.acknowledged) {
      ledger_.dropped(offered.unit.sequence, 1, ring::Drop::Network);
      settled(offered.unit.sequence);
    }
  }
  units_.clear();
  unconfirmed_ = kept_bytes_ = 0;
  return again;
}

void DeliveryWindow::clear(bool drop) {
  for (const Offered& offered : units_) {
    if (!drop || offered.acknowledged) continue;
    ledger_.dropped(offered.unit.sequence, 1, ring::Drop::Network);
    settled(offered.unit.sequence);
  }
  units_.clear();
  unconfirmed_ = kept_bytes_ = 0;
}

void DeliveryWindow::give_up() {
  for (const std::uint64_t sequence : given_back_) ledger_.failed(sequence, ring::Fail::Output);
  given_back_.clear();
}

}  // namespace videopush::sessions
