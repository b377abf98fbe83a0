// The units of one connection that were offered to the server, until it is known what became of
// them (sinks/delivery.h).
//
// Their pictures can't wait for that in the frame queue: its slots are sized for the way to the
// socket, and a network that stands still for a second would stop the decoder. So the queue gets a
// picture back once kHeldPictures units behind it are unconfirmed, and from then on the encoded
// unit, which is kept here, is the only copy. After a loss:
//
//   no picture was given back    the encode thread begins again with the oldest unconfirmed
//                                picture, as a key frame: nothing is sent twice
//   else                         the units are offered again, from the last key frame in front of
//                                the first unconfirmed one: what the server had of them already is
//                                counted as repeated
#pragma once

#include <cstdint>
#include <deque>
#include <set>

#include "sessions/encode/queued_unit.h"
#include "sessions/encode/sender_ledger.h"
#include "sinks/sink.h"

namespace videopush::sessions {

/// Not locked; the sender's queue does that.
class DeliveryWindow {
 public:
  using Units = std::deque<QueuedUnit>;

  /// `keeps_units`: they may be offered again; else only their outcome is of interest.
  DeliveryWindow(bool keeps_units, SenderLedger& ledger)
      : keeps_units_(keeps_units), ledger_(ledger) {}

  void offered(QueuedUnit unit, const sinks::SendResult& result);
  /// The connection's stream has arrived up to `position`. True when that settled a unit.
  bool acknowledged(std::uint64_t position);
  std::size_t unconfirmed() const { return unconfirmed_; }

  /// The first sequence whose picture may have to be encoded again.
  std::uint64_t needed_from() const;
  /// A picture was given back to the queue whose unit is not sent: what was offered can't all be
  /// encoded again.
  bool gave_back() const { return !given_back_.empty(); }
  /// `sequence` has an outcome.
  void settled(std::uint64_t sequence) { given_back_.erase(sequence); }

  /// The connection is lost, and all that was unconfirmed with it. Returns the units to offer
  /// again: the first is a key frame, if any is.
  Units take_back();
  /// The same when nothing is offered again: unconfirmed ones are dropped(network), or without an
  /// outcome when their pictures will be encoded again.
  void clear(bool drop);
  /// Nobody offers anything again: what has no picture in the queue fails.
  void give_up();

 private:
  struct Offered {
    QueuedUnit unit;
    std::uint64_t end;
    std::size_t bytes;
    bool acknowledged = false;
  };
  std::size_t packet_bytes(const Offered& offered) const;
  void give_back_oldest();
  void forget_front();
  void trim();

  const bool keeps_units_;
  SenderLedger& ledger_;
  std::deque<Offered> units_;  // from a key frame on, where units are kept
  std::size_t unconfirmed_ = 0, kept_bytes_ = 0;
  std::set<std::uint64_t> given_back_;  // sequences without an outcome, also of units queued again
};

}  // namespace videopush::sessions
