// The sender's thread: connect, wait for each deadline, send, settle.
#pragma once

#include <cstdint>
#include <optional>

#include "pacing/schedule.h"
#include "sessions/encode/sender.h"

namespace videopush::sessions {

/// The schedule that an output's record holds, whichever process wrote it; one that has not started
/// where there is none.
pacing::ScheduleState kept_schedule(const ring::OutputRecord& record);

/// What the loop works with; all of it outlives the loop.
struct SenderContext {
  const SenderOptions& options;
  const Track& track;
  ring::OutputRecord& record;
  SenderStatus& status;
  SenderHost& host;
  Clock& clock;
  const AbortSignal& abort;
  Wake& wake;
  SenderLedger& ledger;
  SenderQueue& queue;
  SenderLink& link;
  const Sender& sender;  // whose thread this is
};

/// Its state is the thread's own: nothing in it is locked, and only run() touches it.
class SenderLoop {
 public:
  /// Goes on with the schedule that the output's record holds.
  explicit SenderLoop(const SenderContext& context);
  /// Runs until everything is sent, or the end was asked for. Throws nothing: status and ledger
  /// show what failed.
  void run();

 private:
  void begin_connection();
  void forget_connection();
  void lose(const Error& error);
  void serve();
  void send_current();
  bool must_renew();
  void renew();
  void send_on_time(const pacing::Schedule::Plan& plan);
  pacing::Schedule::Plan plan_current();
  bool follow_source();
  void join_schedule();
  void note_offered(const pacing::Schedule::Plan& plan, const sinks::SendResult& result);
  void poll_acknowledgements();
  void await_acknowledgements();
  bool wait(Nanoseconds deadline, bool wakeable);
  void wait_out();
  void keep_schedule();

  const SenderContext context_;
  pacing::Schedule schedule_;
  std::optional<QueuedUnit> current_;
  bool first_of_process_ = true, first_of_connection_ = true;
  bool interval_known_ = false;    // the unit before was sent by the same schedule and connection
  Nanoseconds stall_ = 0;          // by how much the current unit, being late, moved the schedule
  std::int64_t begin_dts_ = 0;     // of the connection's first unit
  bool key_requested_ = false;     // to begin another connection with
  std::int64_t previous_dts_ = 0;  // of the unit before, on this connection
  std::int64_t end_dts_ = 0;       // of the last unit, its duration included
  bool useful_ = false;            // the server has taken a unit of this connection
  Nanoseconds last_step_ = 0;      // when a unit was offered or acknowledged last
  Nanoseconds poll_after_ = 0;     // the next pause before acknowledgements are polled for
};

}  // namespace videopush::sessions
