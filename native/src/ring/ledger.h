// The ledger of one output: each source frame ends exactly once as sent, dropped(reason) or failed(reason).
#pragma once

#include <cstdint>
#include <memory>

#include "ring/layout.h"

namespace videopush::ring {

class Ledger {
 public:
  /// On a record in shared memory (ring) or in the process's own (in-memory queue). Applies a pending redo.
  explicit Ledger(OutputRecord& record);

  /// Before the first byte of the frame's unit is offered.
  void begin(std::uint64_t sequence);
  /// The frame's unit was accepted whole. A frame that already had a fate counts as repeated instead.
  void sent(std::uint64_t sequence, std::uint64_t bytes);
  void dropped(std::uint64_t sequence, Drop reason);
  void failed(std::uint64_t sequence, Fail reason);
  /// The send of `sequence` had begun in an earlier life and its end is unknown: counts as repeated when it is sent again.
  /// (Checked by the constructor: begun - 1 >= base and no fate.)
  bool uncertain(std::uint64_t sequence) const;
  bool settled(std::uint64_t sequence) const;
  std::uint64_t base() const;  // all sequences below have a fate

  struct Totals {
    std::uint64_t sent, repeated, bytes;
    std::uint64_t dropped[static_cast<std::size_t>(Drop::kCount)];
    std::uint64_t failed[static_cast<std::size_t>(Fail::kCount)];
    std::uint64_t settled() const;  // sent + dropped + failed
  };
  Totals totals() const;
};

}  // namespace videopush::ring
