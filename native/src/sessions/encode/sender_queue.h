// What the sender's thread of one output shares with the encode thread: the units that wait for
// their deadlines, and where the output stands.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "core/av.h"
#include "core/clock.h"
#include "pacing/schedule.h"
#include "sessions/encode/delivery_window.h"
#include "sessions/encode/queued_unit.h"
#include "sessions/encode/sender_ledger.h"

namespace videopush::sessions {

/// What becomes of the units under way when a connection is lost.
enum class OnLoss {
  Rewind,  // none is settled: the encode thread begins again with the oldest un-acked frame, or the
           // units are offered again (delivery_window.h)
  Drop,    // dropped(network), and so is all that follows until a key frame finds the output
           // connected
};

/// All of it is guarded by one mutex, and the ledger's is the only one that is taken while that is
/// held. Units that leave the queue unsent are settled in the ledger here.
class SenderQueue {
 public:
  SenderQueue(OnLoss on_loss, SenderLedger& ledger)
      : on_loss_(on_loss), ledger_(ledger), window_(on_loss == OnLoss::Rewind, ledger) {}

  // The encode thread.
  /// True when the sender's thread waits for a unit and has to be woken.
  bool push(QueuedUnit unit);
  /// Called after a rewind: what is pushed from now on belongs to the new beginning.
  void begin_again();
  bool needs_rewind() const;
  bool take_key_request();  // true once for each
  /// Lets go of everything when its oldest unit lies more than `limit` of media behind
  /// `leader_dts`. True when it did.
  bool drop_if_behind(std::int64_t leader_dts, Nanoseconds limit, AVRational time_base);
  /// No unit follows.
  void finish();

  // Any thread.
  bool ready() const;       // connected, and units are welcome
  bool connecting() const;  // not connected, but not over either
  bool over() const;        // the thread has ended, or will without sending more
  bool required() const;    // false while it lags so far behind that the others don't wait for it
  std::size_t pending() const;      // units queued or being sent
  std::size_t unconfirmed() const;  // units offered to the server, but not sent yet
  /// The first sequence whose picture may have to be encoded again.
  std::uint64_t needed_from() const;
  std::optional<std::int64_t> last_sent_dts() const;
  std::optional<pacing::Schedule> schedule() const;  // once started
  /// What is queued is still sent, if there is a connection. True when there is none.
  bool request_stop();

  // The sender's thread.
  bool wanted() const;  // there is something to connect for
  void connected();
  /// The connection is lost, and `current` was not offered whole.
  void disconnected(std::optional<QueuedUnit> current);
  void closed();
  /// The next picture that is encoded becomes a key frame.
  void request_key();
  /// The next unit, which counts as pending until it is settled. Without one, the next push reports
  /// that the thread is waiting.
  std::optional<QueuedUnit> fetch();
  bool drained() const;  // finished, and nothing is left to send
  void offered(QueuedUnit unit, const sinks::SendResult& result);
  /// The server has what the connection carried up to `position`. True when that settled a unit.
  bool acknowledged(std::uint64_t position);
  /// Catch-up by Skip: `current` is late, and all up to the next key frame are useless without it.
  void skip_to_key(const QueuedUnit& current);
  void show(const pacing::Schedule& schedule);

 private:
  enum class Connection { Down, Up, Over };
  using Units = DeliveryWindow::Units;

  bool up() const { return connection_ == Connection::Up; }
  void offer_again(std::optional<QueuedUnit> current);
  void drop(const QueuedUnit& unit, ring::Drop reason);
  void drop_before(Units::iterator end, ring::Drop reason);

  const OnLoss on_loss_;
  SenderLedger& ledger_;

  mutable std::mutex mutex_;
  Units units_;
  DeliveryWindow window_;
  std::optional<std::int64_t> current_dts_;  // of the unit that the thread holds
  Connection connection_ = Connection::Down;
  bool rewind_pending_ = false;  // from a loss until begin_again()
  /// Set while all up to the next key frame is dropped: for which reason.
  std::optional<ring::Drop> key_missing_;
  bool key_request_ = false;
  bool lagging_ = false;
  bool idle_ = false;  // the thread waits for a unit
  bool finishing_ = false, stopping_ = false;
  std::optional<std::int64_t> last_sent_dts_;
  std::optional<pacing::Schedule> schedule_;
};

}  // namespace videopush::sessions
