#include "sessions/encode/encode_session.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/abort.h"
#include "core/redact.h"
#include "sessions/encode/encode_pipeline.h"
#include "sinks/muxed_address.h"
#include "sinks/target.h"

namespace videopush::sessions {
namespace {

constexpr Nanoseconds kOpenSlice = kSecond;

void describe_schedule(const Sender& sender, OutputSnapshot& out) {
  const auto schedule = sender.schedule();
  if (!schedule) return;
  const pacing::ScheduleState& state = schedule->state();
  const auto of = [&state](pacing::RebaseReason reason) {
    return static_cast<std::uint64_t>(state.rebases[static_cast<std::size_t>(reason)]);
  };
  out.rebases = static_cast<std::uint64_t>(state.total_rebases());
  out.rebases_stall = of(pacing::RebaseReason::Stall);
  out.rebases_resume = of(pacing::RebaseReason::Resume);
  out.rebases_discontinuity = of(pacing::RebaseReason::Discontinuity);
  out.rebases_source_clock = of(pacing::RebaseReason::SourceClock);
  out.rebase_seconds = to_seconds(state.total_rebased());
}

}  // namespace

struct EncodeSession::Impl {
  const EncodeOptions options;
  const EncodeHooks hooks;
  const std::unique_ptr<FrameInput> input;
  Clock& clock;
  const EventSink events;

  AbortSignal abort;
  std::atomic<bool> stopping{false};
  EncodeStats stats;
  std::vector<std::unique_ptr<SenderStatus>> statuses;
  std::thread thread;

  mutable std::mutex mutex;
  std::condition_variable done_changed;
  bool started = false, done = false, ended = false, input_open = false;
  std::optional<Error> error, waiting_for;  // permanent; what keeps the input from opening
  std::shared_ptr<EncodePipeline> pipeline;
  EncodeSnapshot before{};  // the part of the snapshot that a finished pipeline left behind

  Impl(EncodeOptions o, std::unique_ptr<FrameInput> i, Clock& c, EventSink e, EncodeHooks h)
      : options(std::move(o)),
        hooks(std::move(h)),
        input(std::move(i)),
        clock(c),
        events(std::move(e)) {
    for (const OutputOptions& output : options.outputs) {
      statuses.push_back(std::make_unique<SenderStatus>());
      OutputSnapshot& first = before.outputs.emplace_back();
      first.name = output.name;
      first.protocol = sinks::protocol_name(output.url);
      first.url = output.url_secret ? hide_url(output.url) : redact_url(output.url);
    }
  }

  void run() {
    try {
      while (run_one_format()) {
      }
    } catch (const Error& e) {
      if (e.code() != ErrorCode::Aborted) fail(e);
    } catch (const std::exception& e) {
      fail(Error(ErrorCode::Internal, e.what(), "please report this"));
    }
    input->close();
    const std::lock_guard lock(mutex);
    // Not only when the caller lets go of this session: the next one goes on with the queue.
    if (input->persistent()) {
      keep_totals();
      input->leave();
    }
    done = true;
    done_changed.notify_all();
  }

  void fail(const Error& e) {
    if (events) events("session.failed", e.message());
    const std::lock_guard lock(mutex);
    error = e;
  }

  /// true: the input goes on in another format.
  bool run_one_format() {
    const bool first = stats.dequeued == 0;
    if (!open_input()) return false;
    if (first && input->resumed()) stats.resumes = 1;
    if (input->finished()) {
      const std::lock_guard lock(mutex);
      ended = true;
      return false;
    }
    auto current = std::make_shared<EncodePipeline>(
        PipelineContext{options, hooks, *input, clock, events, abort, stopping, stats, statuses});
    {
      const std::lock_guard lock(mutex);
      pipeline = current;
      if (stopping) current->stop_requested();
    }
    const auto outcome = current->run();
    const std::lock_guard lock(mutex);
    ended = outcome == EncodeOutcome::Ended;
    if (outcome != EncodeOutcome::FormatChanged) return false;
    keep_totals();  // they move to the queue's next generation
    return true;
  }

  /// mutex is held. As they are now: nothing looks at the input's own any more.
  void keep_totals() {
    before = describe();
    pipeline.reset();
    input_open = false;
  }

  /// false: stopped before there was anything to encode.
  bool open_input() {
    while (!stopping) {
      abort.throw_if_aborted();
      try {
        if (input->open(abort, kOpenSlice)) {
          const std::lock_guard lock(mutex);
          input_open = true;
          waiting_for.reset();
          return true;
        }
      } catch (const Error& e) {
        if (e.code() != ErrorCode::RingBusy) throw;
        // The process that this one replaces is still ending.
        const std::lock_guard lock(mutex);
        waiting_for = e;
      }
      clock.wait_until(clock.now() + kOpenSlice / 10, {.abort_fd = abort.fd()});
    }
    return false;
  }

  /// mutex is held.
  EncodeSnapshot describe() const {
    EncodeSnapshot out = before;
    const Nanoseconds now = clock.now();
    out.running = started && !done;
    out.ended = ended;
    out.failed = error.has_value();
    out.error = error ? error : waiting_for;
    if (input_open) {
      out.source_frames = input->source_frames();
      out.format = input->format();
    }
    out.dequeued = stats.dequeued;
    out.encoded = stats.encoded;
    out.resumes = stats.resumes;
    out.encode_duration = stats.encode_duration.snapshot();
    out.residence = stats.residence.snapshot();
    out.latency = stats.latency.snapshot();
    if (pipeline) out.encoder = pipeline->encoder().effective();
    for (std::size_t i = 0; i < out.outputs.size(); ++i) {
      statuses[i]->describe(out.outputs[i], now);
      if (!pipeline) continue;
      const Sender& sender = pipeline->sender(i);
      out.outputs[i].ledger = sender.ledger().totals();
      if (!options.outputs[i].url_secret) {
        out.outputs[i].files =
            sinks::files_written(options.outputs[i].url, sender.ledger().parts());
      }
      out.outputs[i].lead = to_seconds(pipeline->lead().lead(now));
      describe_schedule(sender, out.outputs[i]);
    }
    return out;
  }
};

EncodeSession::EncodeSession(EncodeOptions options, std::unique_ptr<FrameInput> input, Clock& clock,
                             EventSink events, EncodeHooks hooks) {
  if (options.outputs.empty() || options.outputs.size() > ring::kMaxOutputs)
    throw Error(ErrorCode::InvalidArgument,
                "an encode session with " + std::to_string(options.outputs.size()) + " outputs",
                "give 1 to " + std::to_string(ring::kMaxOutputs));
  if (!hooks.make_sink) hooks.make_sink = sinks::make_sink;
  impl_ = std::make_unique<Impl>(std::move(options), std::move(input), clock, std::move(events),
                                 std::move(hooks));
}

EncodeSession::~EncodeSession() {
  abort();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void EncodeSession::start() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->started)
    throw Error(ErrorCode::InvalidState, "the session was started before", "make a new one");
  impl_->started = true;
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void EncodeSession::request_stop() {
  std::shared_ptr<EncodePipeline> pipeline;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    pipeline = impl_->pipeline;
  }
  impl_->input->close();
  if (pipeline) pipeline->stop_requested();
}

void EncodeSession::abort() {
  std::shared_ptr<EncodePipeline> pipeline;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->abort.abort();
    pipeline = impl_->pipeline;
  }
  impl_->input->close();
  if (pipeline) pipeline->abort_senders();
}

bool EncodeSession::wait(Nanoseconds limit) {
  std::unique_lock lock(impl_->mutex);
  const auto done = [this] { return impl_->done; };
  if (limit == kForever) {
    impl_->done_changed.wait(lock, done);
    return true;
  }
  return impl_->done_changed.wait_for(lock, std::chrono::nanoseconds(limit), done);
}

EncodeSnapshot EncodeSession::snapshot() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->describe();
}

double EncodeSession::lead_seconds() const {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->pipeline) return 0;
  return to_seconds(impl_->pipeline->lead().lead(impl_->clock.now()));
}

double EncodeSession::wait_reference() const {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->pipeline) return 0;
  return std::max(to_seconds(impl_->pipeline->lead().sendable_lead(impl_->clock.now())), 0.0) / 2;
}

}  // namespace videopush::sessions
