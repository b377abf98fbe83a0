// One output: a thread that keeps it connected, waits for each unit's deadline and sends it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <thread>

#include "core/abort.h"
#include "pacing/schedule.h"
#include "sessions/encode/sender_ledger.h"
#include "sessions/encode/sender_link.h"
#include "sessions/encode/sender_queue.h"
#include "sessions/encode/sender_status.h"
#include "sessions/encode/wake.h"

namespace videopush::sessions {

class Sender;
class SenderLoop;

/// What a connection announces. Made by the encode thread, shared with the senders, never changed.
struct Track {
  CodecParametersPtr parameters;
  AVRational time_base{1, 1}, frame_rate{0, 1};
};

/// The encode side, as the senders see it. Called by sender threads, none of their locks held.
class SenderHost {
 public:
  virtual ~SenderHost() = default;
  /// A frame was settled, or the output's state changed.
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

/// Joins three parts, each with its own kind of state: the queue (shared, under its lock), the link
/// (the connection and its retries) and the loop (the schedule and the unit at hand). Link and loop
/// belong to the sender's thread.
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
  /// Called after a rewind: what is pushed from now on belongs to the new beginning.
  void begin_again() { queue_.begin_again(); }
  bool needs_rewind() const { return queue_.needs_rewind(); }
  bool take_key_request() { return queue_.take_key_request(); }  // true once for each
  /// Drop and several outputs: lets go of units that the leading output sent more than 250 ms of
  /// media ago.
  void drop_if_behind(std::int64_t leader_dts);
  /// No unit follows: pace out what is queued, wait for the end of the last one, close.
  void finish();

  // For any thread.
  bool ready() const { return queue_.ready(); }  // connected, and units are welcome
  bool undecided() const;                        // not connected yet, but may be soon
  bool away() const;                             // was connected, and is not now
  bool overdue() const;                          // far too long at work on a unit that was due
  bool over() const { return queue_.over(); }    // ended, or about to without sending more
  /// False while it is so far behind that the others don't wait for it.
  bool required() const { return queue_.required(); }
  std::size_t pending() const { return queue_.pending(); }  // units queued or being sent
  std::size_t unconfirmed() const { return queue_.unconfirmed(); }
  std::uint64_t needed_from() const { return queue_.needed_from(); }
  std::optional<std::int64_t> last_sent_dts() const { return queue_.last_sent_dts(); }
  std::optional<pacing::Schedule> schedule() const { return queue_.schedule(); }  // once started
  SenderLedger& ledger() { return ledger_; }
  const SenderLedger& ledger() const { return ledger_; }

  /// Connected: what is queued is sent on time, then it closes; nothing reconnects. Else it ends at
  /// once.
  void request_stop();
  void abort();
  void join();

 private:
  const SenderOptions options_;
  ring::OutputRecord& record_;
  SenderStatus& status_;
  SenderHost& host_;
  Clock& clock_;
  AbortSignal abort_;
  Wake wake_;
  SenderLedger ledger_;
  SenderQueue queue_;
  SenderLink link_;
  std::shared_ptr<const Track> track_;
  std::unique_ptr<SenderLoop> loop_;
  std::thread thread_;
};

}  // namespace videopush::sessions
