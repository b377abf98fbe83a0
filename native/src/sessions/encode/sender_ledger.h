// One output's ledger, shared by its sender thread (what was sent) and the encode thread (what
// never got that far).
#pragma once

#include <mutex>
#include <vector>

#include "ring/ledger.h"

namespace videopush::sessions {

class SenderLedger {
 public:
  explicit SenderLedger(ring::OutputRecord& record) : ledger_(record) {}

  void begin(std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    ledger_.begin(sequence);
  }
  void sent(std::uint64_t sequence, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    ledger_.sent(sequence, bytes);
  }
  void dropped(std::uint64_t first, std::uint64_t count, ring::Drop reason) {
    const std::lock_guard lock(mutex_);
    ledger_.dropped(first, count, reason);
  }
  void skipped(std::uint64_t first, std::uint64_t count, ring::Drop reason) {
    const std::lock_guard lock(mutex_);
    ledger_.skipped(first, count, reason);
  }
  void none_under_way() {
    const std::lock_guard lock(mutex_);
    ledger_.none_under_way();
  }
  void failed(std::uint64_t sequence, ring::Fail reason) {
    const std::lock_guard lock(mutex_);
    ledger_.failed(sequence, reason);
  }
  bool settled(std::uint64_t sequence) const {
    const std::lock_guard lock(mutex_);
    return ledger_.settled(sequence);
  }
  std::uint64_t base() const { return ledger_.base(); }
  ring::Ledger::Totals totals() const { return ledger_.totals(); }
  std::vector<int> parts() const { return ledger_.parts(); }

 private:
  mutable std::mutex mutex_;
  ring::Ledger ledger_;
};

}  // namespace videopush::sessions
