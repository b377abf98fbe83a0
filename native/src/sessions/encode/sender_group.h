// The senders of all outputs, served and asked as one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sessions/encode/sender.h"

namespace videopush::sessions {

/// The list is complete before any thread starts and never changes after that, so it needs no lock;
/// each sender has its own.
class SenderGroup {
 public:
  void add(std::unique_ptr<Sender> sender) { senders_.push_back(std::move(sender)); }
  const Sender& operator[](std::size_t index) const { return *senders_[index]; }

  // From start to end.
  bool wants_global_header() const;
  void start(const std::shared_ptr<const Track>& track);
  void request_stop();
  void finish();
  void abort();
  void join();

  // For any thread.
  bool any_ready() const;
  bool any_undecided() const;
  /// No output is connected, and one was.
  bool all_away() const;
  /// The connected output that is furthest ahead has less than `units` queued. One that has just
  /// come back has none, and would let in as many again before the first of them is due.
  bool leader_below(std::size_t units) const;
  bool all_drained() const;  // all is sent, or the output is over
  /// The schedule of the first output that has started one.
  std::optional<pacing::Schedule> schedule() const;
  /// The same of those that are connected now, without `self`.
  std::optional<pacing::Schedule> schedule_of_ready(const Sender* self = nullptr) const;
  /// The first sequence whose picture a required output may have to get again; none: no output is
  /// required.
  std::optional<std::uint64_t> needed_from() const;
  bool settled(std::uint64_t sequence) const;  // by every output

  // For the encode thread.
  /// Every output gets the same packet, by reference.
  void push(const QueuedUnit& unit);
  void dropped(std::uint64_t sequence, ring::Drop reason);
  /// Frames that the input will not give (again).
  void skipped(std::uint64_t first, std::uint64_t count, ring::Drop reason);
  void failed(std::uint64_t sequence, ring::Fail reason);
  bool take_key_request();  // true once for all that have asked
  void let_go_of_stragglers();
  /// A connection is gone, and what was under way with it is to be encoded again.
  bool needs_rewind() const;
  void begin_again();
  /// Frames that a full queue dropped behind the last one that was taken, up to `end`. `next`: the
  /// sequence after that one; none: nothing was taken.
  void settle_tail(std::optional<std::uint64_t> next, std::uint64_t end);
  /// What is not settled before `end` fails: nobody will deliver it later.
  void give_up_unsettled(std::uint64_t end);

 private:
  std::vector<std::unique_ptr<Sender>> senders_;
};

}  // namespace videopush::sessions
