#include "sessions/encode/encode_pipeline.h"

#include <sys/resource.h>

#include <algorithm>
#include <exception>
#include <future>
#include <random>
#include <thread>

#include "core/error.h"
#include "core/redact.h"

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::sessions {
namespace {

constexpr AVRational kNanosecond{1, 1'000'000'000};
/// Punctual senders beside busy encoders; more than this starves the encoder on a full machine.
constexpr int kEncodeNice = 5;
constexpr Nanoseconds kUsualQueue = 20;  // units

/// What one output's schedule allows to be ahead, or no bound where the caller is held back by the
/// lead.
std::size_t most_pending(const EncodeOptions& options, const VideoFormat& format) {
  if (options.max_lead > 0) return SIZE_MAX;
  return static_cast<std::size_t>(kUsualQueue +
                                  options.latency_budget / format.frame_interval_ns() + 2);
}

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
      on_loss_(context.options.outputs.size() == 1 && context.input.persistent() ? OnLoss::Rewind
                                                                                 : OnLoss::Drop),
      most_pending_(most_pending(context.options, format_)) {
  for (std::size_t i = 0; i < context.options.outputs.size(); ++i) add_sender(i);
  context_.input.set_lead_gate(this);
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
  options.on_loss = on_loss_;
  options.alone = context_.options.outputs.size() == 1;
  senders_.push_back(
      std::make_unique<Sender>(options, record, *context_.statuses[index], *this, context_.clock));
}

void EncodePipeline::open_encoder() {
  const bool global_header = std::ranges::any_of(
      senders_, [](const auto& sender) { return sender->wants_global_header(); });
  encoder_ = std::make_unique<media::Encoder>(context_.options.encoder, format_, global_header);
  held_ = 0;
  side_data_.clear();
  const std::lock_guard lock(mutex_);
  effective_ = encoder_->effective();
}

EncodePipeline::Outcome EncodePipeline::run() {
  Outcome outcome = Outcome::Stopped;
  std::exception_ptr failure;
  std::promise<void> opened, started;
  std::thread encode([&] {
    // Before the encoder makes its threads: they inherit it (per thread on Linux, setpriority(2)).
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kEncodeNice);
    try {
      open_encoder();
      opened.set_value();
      started.get_future().wait();
      outcome = encode_loop();
    } catch (...) {
      failure = std::current_exception();
      if (!encoder_) opened.set_value();
    }
  });
  opened.get_future().wait();
  if (!failure) start_senders();
  started.set_value();
  encode.join();
  for (const auto& sender : senders_) failure ? sender->abort() : sender->finish();
  for (const auto& sender : senders_) sender->join();
  if (outcome != Outcome::FormatChanged || failure) give_up_unsettled();
  if (failure) std::rethrow_exception(failure);
  return outcome;
}

void EncodePipeline::start_senders() {
  auto track = std::make_shared<Track>();
  track->parameters.reset(avcodec_parameters_alloc());
  if (!track->parameters ||
      avcodec_parameters_copy(track->parameters.get(), &encoder_->parameters()) < 0)
    throw std::bad_alloc();
  track->time_base = encoder_->time_base();
  track->frame_rate = encoder_->frame_rate();
  started_at_ = context_.clock.now();
  for (const auto& sender : senders_) sender->start(track);
}

void EncodePipeline::stop_requested() {
  for (const auto& sender : senders_) sender->request_stop();
  wake_.signal();
}

void EncodePipeline::abort_senders() {
  for (const auto& sender : senders_) sender->abort();
}

void EncodePipeline::give_up_unsettled() {
  if (context_.input.persistent()) return;
  const std::uint64_t end = context_.input.source_frames();
  for (const auto& sender : senders_)
    for (std::uint64_t i = sender->ledger().base(); i < end; ++i)
      if (!sender->ledger().settled(i)) sender->ledger().failed(i, ring::Fail::Output);
}

std::optional<media::Encoder::Effective> EncodePipeline::effective() const {
  const std::lock_guard lock(mutex_);
  return effective_;
}

Nanoseconds EncodePipeline::lead(Nanoseconds now) const {
  AcceptedMedia media = context_.input.accepted();
  if (media.last_pts == AV_NOPTS_VALUE) {
    const std::lock_guard lock(mutex_);
    media = taken_;
  }
  return media.last_pts == AV_NOPTS_VALUE ? 0 : lead_of(media, now);
}

Nanoseconds EncodePipeline::sendable_lead(Nanoseconds now) const {
  return lead(now) - held_ * format_.frame_interval_ns();
}

Nanoseconds EncodePipeline::lead_of(const AcceptedMedia& media, Nanoseconds now) const {
  // With B-frames the schedule counts from the first DTS, which lies before the first picture.
  const std::int64_t as_dts = media.last_pts - reorder_ticks_;
  for (const auto& sender : senders_)
    if (const auto schedule = sender->schedule()) return schedule->lead(as_dts, now);
  return av_rescale_q(media.last_pts - media.first_pts, format_.time_base(), kNanosecond);
}

Nanoseconds EncodePipeline::accept_at(const AcceptedMedia& media, Nanoseconds now) const {
  const Nanoseconds most = context_.options.max_lead;
  if (most == 0) return now;
  // What the encoder holds back must be let in, or nothing would come out.
  const Nanoseconds allowed = std::max(most, held_ * format_.frame_interval_ns());
  const Nanoseconds excess = lead_of(media, now) - allowed;
  if (excess <= 0) return now;
  const bool running = std::ranges::any_of(
      senders_, [](const auto& sender) { return sender->schedule().has_value(); });
  return running ? now + excess : kForever;
}

void EncodePipeline::on_progress() {
  std::uint64_t base = UINT64_MAX;
  for (const auto& sender : senders_)
    if (sender->required()) base = std::min(base, sender->ledger().base());
  {
    const std::lock_guard lock(mutex_);
    std::optional<std::uint64_t> done;
    while (base != UINT64_MAX && !in_flight_.empty() && in_flight_.front().sequence < base) {
      done = in_flight_.front().position;
      in_flight_.pop_front();
    }
    if (done) context_.input.ack(*done + 1);
  }
  wake_.signal();
  context_.input.lead_changed();
}

void EncodePipeline::on_sent(const QueuedUnit& unit, Nanoseconds accepted) {
  if (unit.produced_at != 0) context_.stats.latency.observe(accepted - unit.produced_at);
}

void EncodePipeline::on_event(std::string_view kind, std::string_view output,
                              std::string_view detail) {
  if (!context_.events) return;
  std::string text(output);
  if (!detail.empty()) text += ": " + redact(detail);
  context_.events(kind, text);
}

std::optional<pacing::ScheduleState> EncodePipeline::schedule_of_others(const Sender& self) const {
  for (const auto& sender : senders_) {
    if (sender.get() == &self || !sender->ready()) continue;
    if (const auto schedule = sender->schedule()) return schedule->state();
  }
  return std::nullopt;
}

}  // namespace videopush::sessions
