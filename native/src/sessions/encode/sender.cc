#include "sessions/encode/sender.h"

#include <utility>

#include "sessions/encode/sender_loop.h"

namespace videopush::sessions {
namespace {

/// An output this far behind the leading one lets go, lest the frames it holds back stop the
/// others.
constexpr Nanoseconds kFarBehind = 250'000'000;

}  // namespace

Sender::Sender(const SenderOptions& options, ring::OutputRecord& record, SenderStatus& status,
               SenderHost& host, Clock& clock)
    : options_(options),
      record_(record),
      status_(status),
      host_(host),
      clock_(clock),
      ledger_(record),
      queue_(options.on_loss, ledger_),
      link_(options.link, record, status, clock, abort_, wake_) {}

Sender::~Sender() {
  abort();
  join();
}

void Sender::start(std::shared_ptr<const Track> track) {
  track_ = std::move(track);
  loop_ = std::make_unique<SenderLoop>(SenderContext{.options = options_,
                                                     .track = *track_,
                                                     .record = record_,
                                                     .status = status_,
                                                     .host = host_,
                                                     .clock = clock_,
                                                     .abort = abort_,
                                                     .wake = wake_,
                                                     .ledger = ledger_,
                                                     .queue = queue_,
                                                     .link = link_,
                                                     .sender = *this});
  thread_ = std::thread([this] { loop_->run(); });
}

bool Sender::wants_global_header() const {
  return link_.has_sink() && link_.sink().wants_global_header();
}

void Sender::push(QueuedUnit unit) {
  if (queue_.push(std::move(unit))) wake_.signal();
}

void Sender::drop_if_behind(std::int64_t leader_dts) {
  if (queue_.drop_if_behind(leader_dts, kFarBehind, track_->time_base)) host_.on_progress();
}

void Sender::finish() {
  queue_.finish();
  wake_.signal();
}

bool Sender::undecided() const {
  return queue_.connecting() && status_.phase() != OutputPhase::Failed;
}

bool Sender::away() const { return record_.connects.load() > 0 && !queue_.ready(); }

bool Sender::overdue() const {
  const Nanoseconds due = status_.due;
  return due != 0 && clock_.now() - due > kFarBehind;
}

void Sender::request_stop() {
  if (queue_.request_stop()) abort_.abort();
}

void Sender::abort() { abort_.abort(); }

void Sender::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace videopush::sessions
