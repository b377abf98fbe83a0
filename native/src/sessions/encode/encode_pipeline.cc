#include "sessions/encode/encode_pipeline.h"

#include <sys/resource.h>

#include <exception>
#include <future>
#include <random>
#include <string>
#include <thread>

#include "core/error.h"

namespace videopush::sessions {
namespace {

/// Punctual senders beside busy encoders; more than this starves the encoder on a full machine.
constexpr int kEncodeNice = 5;

std::uint64_t random_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

/// RFC 3550 section 5.1: both start at random; here once per output and ring.
void give_rtp_identity(ring::OutputRecord& record, std::uint64_t seed) {
  if (record.rtp_ssrc != 0) return;
  std::mt19937_64 random(seed);
  record.rtp_timestamp_base = static_cast<std::uint32_t>(random());
  record.rtp_ssrc = static_cast<std::uint32_t>(random() | 1);
}

}  // namespace

EncodePipeline::EncodePipeline(const PipelineContext& context)
    : context_(context),
      format_(context.input.format()),
      lead_(context.input, format_, context.options.max_lead,
            [this] { return senders_.schedule(); }),
      encoder_(context_, format_, senders_, lead_),
      loop_({.context = context_,
             .format = format_,
             .host = *this,
             .senders = senders_,
             .encoder = encoder_,
             .in_flight = in_flight_,
             .lead = lead_,
             .wake = wake_}) {
  for (std::size_t i = 0; i < context.options.outputs.size(); ++i) add_sender(i);
  context_.input.set_lead_gate(&lead_);
}

EncodePipeline::~EncodePipeline() { context_.input.set_lead_gate(nullptr); }

void EncodePipeline::add_sender(std::size_t index) {
  const OutputOptions& output = context_.options.outputs[index];
  ring::OutputRecord& record = context_.input.output_record(static_cast<std::uint32_t>(index));
  if (record.name[0] != '\0' && output.name != record.name)
    throw Error(ErrorCode::RingInvalid,
                "the frame queue keeps the ledger of an output called '" +
                    std::string(record.name) + "' where this encoder has '" + output.name + "'",
                "give decoder and encoder the same list of outputs");
  const std::uint64_t seed = context_.hooks.seed != 0 ? context_.hooks.seed + index : random_seed();
  give_rtp_identity(record, seed);
  const bool alone = context_.options.outputs.size() == 1;
  SenderOptions options;
  options.link = {.output = output,
                  .hooks = context_.hooks,
                  .seed = seed,
                  .report = [this, name = output.name](const Error& error) {
                    on_event("output.failed", name, error.message());
                  }};
  options.schedule = {.latency_budget = context_.options.latency_budget,
                      .catch_up = context_.options.catch_up,
                      .frame_interval = format_.frame_interval_ns()};
  // To rewind for one of several outputs would send frames twice to the others.
  options.on_loss = alone && context_.input.persistent() ? OnLoss::Rewind : OnLoss::Drop;
  options.alone = alone;
  senders_.add(
      std::make_unique<Sender>(options, record, *context_.statuses[index], *this, context_.clock));
}

EncodeOutcome EncodePipeline::run() {
  EncodeOutcome outcome = EncodeOutcome::Stopped;
  Nanoseconds started_at = 0;
  std::exception_ptr failure;
  std::promise<void> opened, started;
  std::thread encode([&] {
    // Before the encoder makes its threads: they inherit it (per thread on Linux, setpriority(2)).
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kEncodeNice);
    try {
      encoder_.open();
      opened.set_value();
      started.get_future().wait();
      outcome = loop_.run(started_at);
    } catch (...) {
      failure = std::current_exception();
      if (!encoder_.is_open()) opened.set_value();
    }
  });
  opened.get_future().wait();
  if (!failure) {
    started_at = context_.clock.now();
    senders_.start(encoder_.track());
  }
  started.set_value();
  encode.join();
  failure ? senders_.abort() : senders_.finish();
  senders_.join();
  const bool lost = !context_.input.persistent();
  if (lost && (outcome != EncodeOutcome::FormatChanged || failure))
    senders_.give_up_unsettled(context_.input.source_frames());
  if (failure) std::rethrow_exception(failure);
  return outcome;
}

void EncodePipeline::stop_requested() {
  senders_.request_stop();
  wake_.signal();
}

void EncodePipeline::abort_senders() { senders_.abort(); }

void EncodePipeline::on_progress() {
  if (const auto needed = senders_.needed_from())
    in_flight_.settle_before(*needed,
                             [this](std::uint64_t position) { context_.input.ack(position); });
  wake_.signal();
  context_.input.lead_changed();
}

void EncodePipeline::on_sent(const QueuedUnit& unit, Nanoseconds accepted) {
  if (unit.produced_at != 0) context_.stats.latency.observe(accepted - unit.produced_at);
}

void EncodePipeline::on_event(std::string_view kind, std::string_view output,
                              std::string_view detail) {
  context_.report(kind, output, detail);
}

std::optional<pacing::ScheduleState> EncodePipeline::schedule_of_others(const Sender& self) const {
  const auto schedule = senders_.schedule_of_ready(&self);
  return schedule ? std::optional(schedule->state()) : std::nullopt;
}

}  // namespace videopush::sessions
