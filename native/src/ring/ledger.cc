#include "ring/ledger.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <numeric>
#include <utility>

namespace videopush::ring {
namespace {

using Values = Counters<std::uint64_t>;
constexpr std::uint64_t kWindow = kMaxSlots;
constexpr std::size_t kWords = std::size(Values{}.window);

bool has_outcome(const Values& values, std::uint64_t sequence) {
  if (sequence < values.base) return true;
  const std::uint64_t bit = sequence - values.base;
  return bit < kWindow && (values.window[bit / 64] >> (bit % 64) & 1) != 0;
}

/// Moves `base` over every sequence at its front that has an outcome.
void advance(Values& values) {
  while ((values.window[0] & 1) != 0) {
    const int run = std::countr_one(values.window[0]);
    values.base += static_cast<std::uint64_t>(run);
    for (std::size_t i = 0; i < kWords; ++i) {
      const std::uint64_t next = i + 1 < kWords ? values.window[i + 1] : 0;
      values.window[i] = run == 64 ? next : values.window[i] >> run | next << (64 - run);
    }
  }
}

void mark(Values& values, std::uint64_t sequence) {
  const std::uint64_t bit = sequence - values.base;
  values.window[bit / 64] |= 1ull << (bit % 64);
  advance(values);
}

/// Visits each counter of the live record with its counterpart in plain values.
template <typename Live, typename Plain, typename Visit>
void each(Live& live, Plain& plain, Visit visit) {
  visit(live.sent, plain.sent);
  visit(live.repeated, plain.repeated);
  for (std::size_t i = 0; i < std::size(live.dropped); ++i)
    visit(live.dropped[i], plain.dropped[i]);
  for (std::size_t i = 0; i < std::size(live.failed); ++i) visit(live.failed[i], plain.failed[i]);
  visit(live.bytes, plain.bytes);
  visit(live.base, plain.base);
  for (std::size_t i = 0; i < kWords; ++i) visit(live.window[i], plain.window[i]);
}

Values load(const OutputRecord& record) {
  Values values{};
  each(record.counters, values, [](const auto& live, std::uint64_t& plain) {
    plain = live.load(std::memory_order_relaxed);
  });
  return values;
}

}  // namespace

std::uint64_t Ledger::Totals::settled() const {
  return std::accumulate(std::begin(failed), std::end(failed),
                         std::accumulate(std::begin(dropped), std::end(dropped), sent));
}

Ledger::Ledger(OutputRecord& record) : record_(record) {
  if (record_.redo_valid.load(std::memory_order_acquire) != 0) apply();
  uncertain_end_ = record_.begun.load(std::memory_order_relaxed);
}

void Ledger::begin(std::uint64_t sequence) {
  // Units of reordered frames begin out of order.
  const std::uint64_t begun = record_.begun.load(std::memory_order_relaxed);
  record_.begun.store(std::max(begun, sequence + 1), std::memory_order_release);
}

void Ledger::none_under_way() { record_.begun.store(0, std::memory_order_release); }

void Ledger::sent(std::uint64_t sequence, std::uint64_t bytes) {
  settle({sequence, 1, Outcome::Sent, 0, bytes});
}

void Ledger::dropped(std::uint64_t sequence, Drop reason) { dropped(sequence, 1, reason); }

void Ledger::dropped(std::uint64_t first, std::uint64_t count, Drop reason) {
  settle({first, count, Outcome::Dropped, static_cast<std::size_t>(reason), 0});
}

void Ledger::skipped(std::uint64_t first, std::uint64_t count, Drop reason) {
  settle({first, count, Outcome::Skipped, static_cast<std::size_t>(reason), 0});
}

void Ledger::failed(std::uint64_t sequence, Fail reason) {
  settle({sequence, 1, Outcome::Failed, static_cast<std::size_t>(reason), 0});
}

bool Ledger::settled(std::uint64_t sequence) const {
  return has_outcome(values(), sequence) ||
         std::any_of(early_.begin(), early_.end(), [sequence](const Entry& entry) {
           return sequence - entry.first < entry.count;
         });
}

std::uint64_t Ledger::base() const { return record_.counters.base.load(std::memory_order_acquire); }

void Ledger::settle(const Entry& entry) {
  bool base_moved = settle_once(entry);
  while (base_moved && !early_.empty()) {
    const std::vector<Entry> waiting = std::exchange(early_, {});
    base_moved = false;
    for (const Entry& early : waiting) base_moved |= settle_once(early);
  }
}

std::uint64_t& Ledger::counter_of(Values& values, const Entry& entry, bool in_doubt) {
  switch (entry.outcome) {
    case Outcome::Sent:
      return values.sent;
    case Outcome::Failed:
      return values.failed[entry.reason];
    case Outcome::Skipped:
      if (in_doubt) return values.sent;
      break;
    case Outcome::Dropped:
      break;
  }
  return values.dropped[entry.reason];
}

/// Returns whether `base` moved, which may make room for what came too early.
bool Ledger::settle_once(const Entry& entry) {
  Values next = values();
  const std::uint64_t base = next.base;
  const std::uint64_t end = entry.first + entry.count;
  for (std::uint64_t sequence = entry.first; sequence < end; ++sequence) {
    const bool had_outcome = has_outcome(next, sequence);
    if (!had_outcome && sequence - next.base >= kWindow) {
      early_.push_back({sequence, end - sequence, entry.outcome, entry.reason, entry.bytes});
      break;
    }
    const bool in_doubt = sequence < uncertain_end_;
    const bool sent = entry.outcome == Outcome::Sent;
    if (sent) next.bytes += entry.bytes;
    if (sent && (had_outcome || in_doubt)) ++next.repeated;
    if (had_outcome) continue;
    ++counter_of(next, entry, in_doubt);
    mark(next, sequence);
  }
  commit(next);
  return next.base != base;
}

Values Ledger::values() const { return load(record_); }

Ledger::Totals Ledger::read(const OutputRecord& record) {
  const Values values = load(record);
  Totals totals{values.sent, values.repeated, values.bytes};
  std::copy(std::begin(values.dropped), std::end(values.dropped), totals.dropped);
  std::copy(std::begin(values.failed), std::end(values.failed), totals.failed);
  return totals;
}

void Ledger::commit(const Values& values) {
  record_.redo = values;
  record_.redo_valid.store(1, std::memory_order_release);
  apply();
}

void Ledger::apply() {
  // Release stores keep their order behind the mark that makes the record valid; the exchange also
  // keeps the next update's record behind the mark's end.
  each(record_.counters, record_.redo,
       [](std::atomic<std::uint64_t>& live, const std::uint64_t& plain) {
         live.store(plain, std::memory_order_release);
       });
  record_.redo_valid.exchange(0, std::memory_order_acq_rel);
}

void Ledger::adopt(const OutputRecord& from) {
  commit(load(from));
  record_.begun.store(from.begun.load());
  std::copy(std::begin(from.schedule), std::end(from.schedule), record_.schedule);
  record_.rtp_timestamp_base = from.rtp_timestamp_base;
  record_.rtp_ssrc = from.rtp_ssrc;
  for (std::size_t i = 0; i < std::size(record_.parts); ++i)
    record_.parts[i] = from.parts[i].load();
  record_.connects.store(from.connects.load());
}

std::vector<int> Ledger::parts() const {
  std::vector<int> out;
  for (int i = 0; i < limits::kMaxFileParts; ++i) {
    if (record_.parts[i / 64].load() >> (i % 64) & 1) out.push_back(i + 1);
  }
  return out;
}

void add_part(OutputRecord& record, int part) {
  const auto bit = static_cast<std::uint32_t>(part) - 1;
  record.parts[bit / 64].fetch_or(std::uint64_t{1} << (bit % 64));
}

}  // namespace videopush::ring
