// The ledger of one output: each source frame ends exactly once as sent, dropped(reason) or
// failed(reason).
//
// An update writes the new absolute values of all counters to the redo record, marks it valid,
// copies them to the counters and clears the mark. A process killed anywhere in between leaves
// either nothing or a valid record, which the next one applies again: no frame is ever half
// counted.
#pragma once

#include <cstdint>
#include <vector>

#include "ring/layout.h"

namespace videopush::ring {

/// One writer; `totals`, `base` and `read` from any thread.
class Ledger {
 public:
  struct Totals {
    std::uint64_t sent = 0, repeated = 0, bytes = 0;
    std::uint64_t dropped[static_cast<std::size_t>(Drop::kCount)] = {};
    std::uint64_t failed[static_cast<std::size_t>(Fail::kCount)] = {};
    std::uint64_t settled() const;  // sent + dropped + failed
  };

  /// Works on a record in shared memory (ring) or in the process's own (in-memory queue). Applies a
  /// pending redo.
  explicit Ledger(OutputRecord& record);

  /// Before the first byte of the frame's unit is offered.
  void begin(std::uint64_t sequence);
  /// What was begun and has no outcome yet did not arrive: the connection is lost.
  void none_under_way();
  /// The frame's unit has arrived. A frame that already had an outcome counts as repeated instead;
  /// one that is `uncertain` counts as sent and as repeated.
  void sent(std::uint64_t sequence, std::uint64_t bytes);
  /// Nothing happens when the frame already has an outcome.
  void dropped(std::uint64_t sequence, Drop reason);
  void failed(std::uint64_t sequence, Fail reason);
  /// The same for each of [first, first + count) that has no outcome yet.
  void dropped(std::uint64_t first, std::uint64_t count, Drop reason);
  /// The same for frames that will not come (again): those that are `uncertain` were given back to
  /// the queue since a socket had taken them, and count as sent.
  void skipped(std::uint64_t first, std::uint64_t count, Drop reason);

  /// The send of `sequence`, or of one behind it, had begun in an earlier process run, and it has
  /// no outcome yet.
  bool uncertain(std::uint64_t sequence) const {
    return sequence < uncertain_end_ && !settled(sequence);
  }
  bool settled(std::uint64_t sequence) const;
  std::uint64_t base() const;  // all sequences below have an outcome
  Totals totals() const { return read(record_); }
  /// The parts that this push has written of an output that is a file, in order, from 1.
  std::vector<int> parts() const;

  /// Gives observers the counters as they are, without touching them (a redo that is pending is not
  /// applied).
  static Totals read(const OutputRecord& record);
  /// Takes over the whole account of `from` (the same output in an earlier generation of the
  /// queue).
  void adopt(const OutputRecord& from);

 private:
  using Values = Counters<std::uint64_t>;
  enum class Outcome { Sent, Dropped, Skipped, Failed };
  struct Entry {
    std::uint64_t first, count;
    Outcome outcome;
    std::size_t reason;  // Drop or Fail; 0 when sent
    std::uint64_t bytes;
  };

  Values values() const;
  static std::uint64_t& counter_of(Values& values, const Entry& entry, bool in_doubt);
  void commit(const Values& values);
  void apply();
  void settle(const Entry& entry);
  bool settle_once(const Entry& entry);

  OutputRecord& record_;
  std::uint64_t uncertain_end_ = 0;
  /// Outcomes too far ahead of `base` for the window. Kept in the process only: none of these
  /// frames can be acked before the ones in front of it, so after a kill they are delivered, and
  /// settled, again.
  std::vector<Entry> early_;
};

/// Notes that part `part`, from 1 to limits::kMaxFileParts, of a file was written. By the consumer
/// process only.
void add_part(OutputRecord& record, int part);

}  // namespace videopush::ring
