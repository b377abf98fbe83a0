// One output: a thread that keeps it connected, waits for each unit's deadline and sends it.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/abort.h"
#include "pacing/schedule.h"
#include "sessions/encode/sender_ledger.h"
#include "sessions/encode/sender_link.h"
#include "sessions/encode/sender_status.h"
#include "sessions/encode/wake.h"

namespace videopush::sessions {

/// What a connection announces. Made by the encode thread, shared with the senders, never changed.
struct Track {
  CodecParametersPtr parameters;
  AVRational time_base{1, 1}, frame_rate{0, 1};
};

struct QueuedUnit {
  PacketPtr packet;
  std::uint64_t sequence = 0;
  bool key = false;
  bool discontinuity = false;
  Nanoseconds produced_at = 0;
  Nanoseconds queued_at = 0;  // the same instant for every output
};

/// What becomes of the units under way when a connection is lost.
enum class OnLoss {
  Rewind,  // none has a fate: the encode thread begins again with the oldest un-acked frame
  Drop,    // dropped(network), and so is all that follows until a key frame finds the output
           // connected
};

class Sender;

/// The encode side, as the senders see it. Called by sender threads, none of their locks held.
class SenderHost {
 public:
  virtual ~SenderHost() = default;
  /// A frame got its fate, or the output's state changed.
  virtual void on_progress() = 0;
  virtual void on_sent(const QueuedUnit& unit, Nanoseconds accepted) = 0;
  virtual void on_event(std::string_view kind, std::string_view output,
                        std::string_view detail) = 0;
  /// The schedule that another connected output keeps, for one that joins it.
  virtual std::optional<pacing::ScheduleState> schedule_of_others(const Sender& self) const = 0;
};

struct SenderOptions {
  LinkOptions link;
  pacing::ScheduleOptions schedule;
  OnLoss on_loss = OnLoss::Rewind;
  bool alone = true;  // the only output of the session
};

class Sender {
 public:
  Sender(const SenderOptions& options, ring::OutputRecord& record, SenderStatus& status,
         SenderHost& host, Clock& clock);
  ~Sender();  // aborts and joins

  /// Starts the thread, once the encoder is open. The thread's nice level is the caller's.
  void start(std::shared_ptr<const Track> track);
  bool wants_global_header() const;

  // For the encode thread.
  void push(QueuedUnit unit);
  /// After a rewind: what is pushed from now on belongs to the new beginning.
  void begin_again();
  bool needs_rewind() const;
  bool take_key_request();  // true once for each
  /// Drop and several outputs: lets go of units that the leading output sent more than 250 ms of
  /// media ago.
  void drop_if_behind(std::int64_t leader_dts);
  /// No unit follows: pace out what is queued, wait for the end of the last one, close.
  void finish();

  // For anybody.
  bool ready() const;      // connected, and units are welcome
  bool undecided() const;  // not connected yet, but may be soon
  bool over() const;       // its thread has ended, or will without sending more
  /// False while it is so far behind that the others don't wait for it.
  bool required() const;
  std::size_t pending() const;  // units queued or being sent
  std::optional<std::int64_t> last_sent_dts() const;
  std::optional<pacing::Schedule> schedule() const;  // once started
  SenderLedger& ledger() { return ledger_; }
  const SenderLedger& ledger() const { return ledger_; }

  /// Connected: what is queued is sent on time, then it closes; nothing reconnects. Else it ends at
  /// once.
  void request_stop();
  void abort();
  void join();

 private:
  void run();
  bool wanted() const;
  void attach();
  void lose(const Error& error);
  void serve();
  bool fetch();
  bool finished() const;
  void send_current();
  pacing::Schedule::Plan plan_current();
  void join_schedule();
  void skip_tail();
  void settle_sent(const pacing::Schedule::Plan& plan, const sinks::SendResult& result);
  bool wait(Nanoseconds deadline, bool wakeable);
  void wait_out();
  void keep_schedule();
  std::vector<std::uint64_t> cut_queue(bool up_to_next_key);
  void await_key(ring::Drop reason);
  void drop(const std::vector<std::uint64_t>& sequences, ring::Drop reason);
  Nanoseconds media_ns(std::int64_t ticks) const;

  const SenderOptions options_;
  ring::OutputRecord& record_;
  SenderStatus& status_;
  SenderHost& host_;
  Clock& clock_;
  AbortSignal abort_;
  Wake wake_;
  SenderLedger ledger_;
  SenderLink link_;
  std::shared_ptr<const Track> track_;
  std::thread thread_;

  // Shared, under mutex_.
  mutable std::mutex mutex_;
  std::deque<QueuedUnit> queue_;
  bool attached_ = false;  // connected
  bool accepting_ = true;  // Rewind: false from a loss until begin_again()
  std::optional<ring::Drop>
      key_missing_;  // all up to the next key frame is dropped, for this reason
  bool key_request_ = false;
  bool lagging_ = false;
  bool idle_ = false;  // the thread waits for a unit
  bool finishing_ = false, stopping_ = false, over_ = false;
  std::optional<std::int64_t> current_dts_;  // of the unit that the thread holds
  std::optional<std::int64_t> last_sent_dts_;
  std::optional<pacing::Schedule> schedule_seen_;

  // The thread's own.
  std::optional<QueuedUnit> current_;
  std::optional<pacing::Schedule> schedule_;
  bool first_of_process_ = true, first_of_connection_ = true;
  bool interval_known_ = false;    // the unit before was sent by the same schedule and connection
  std::int64_t shift_ = 0;         // ticks taken off where a connection's time starts at zero
  std::int64_t previous_dts_ = 0;  // of the unit before, on this connection
  std::int64_t end_dts_ = 0;       // of the last unit, its duration included
};

}  // namespace videopush::sessions
