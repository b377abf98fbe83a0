#include "sessions/encode/frame_encoder.h"

#include <new>
#include <string>

#include "core/error.h"

namespace videopush::sessions {
namespace {

constexpr int kMaxFailures = 3;  // in a row

}  // namespace

FrameEncoder::FrameEncoder(const PipelineContext& context, const VideoFormat& format,
                           SenderGroup& senders, LeadMeter& lead)
    : context_(context), format_(format), senders_(senders), lead_(lead) {}

void FrameEncoder::open() {
  encoder_ = std::make_unique<media::Encoder>(context_.options.encoder, format_,
                                              senders_.wants_global_header());
  lead_.encoder_opened();
  side_data_.clear();
  const std::lock_guard lock(mutex_);
  effective_ = encoder_->effective();
}

std::shared_ptr<const Track> FrameEncoder::track() const {
  auto track = std::make_shared<Track>();
  track->parameters.reset(avcodec_parameters_alloc());
  if (!track->parameters ||
      avcodec_parameters_copy(track->parameters.get(), &encoder_->parameters()) < 0)
    throw std::bad_alloc();
  track->time_base = encoder_->time_base();
  track->frame_rate = encoder_->frame_rate();
  return track;
}

void FrameEncoder::encode(const InputFrame& taken) {
  if (senders_.take_key_request()) force_key_ = true;
  side_data_[taken.sequence] = {taken.produced_at, taken.discontinuity, taken.pace};
  std::vector<media::EncodedPacket> packets;
  const Nanoseconds began = context_.clock.now();
  try {
    encoder_->encode(*taken.frame, taken.sequence, force_key_, packets);
  } catch (const Error& error) {
    fail(taken, error);
    return;
  }
  context_.stats.encode_duration.observe(context_.clock.now() - began);
  lead_.encoder_took(taken.frame->pts);
  force_key_ = false;
  failures_ = 0;
  fan_out(packets);
}

void FrameEncoder::flush() {
  std::vector<media::EncodedPacket> packets;
  encoder_->flush(packets);
  fan_out(packets);
}

void FrameEncoder::begin_again() {
  open();
  force_key_ = false;
}

std::optional<media::Encoder::Effective> FrameEncoder::effective() const {
  const std::lock_guard lock(mutex_);
  return effective_;
}

void FrameEncoder::fail(const InputFrame& taken, const Error& error) {
  senders_.failed(taken.sequence, ring::Fail::Encode);
  side_data_.erase(taken.sequence);
  if (error.code() == ErrorCode::InvalidArgument) return;  // the frame never got into the encoder
  context_.report("encoder.failed", "frame " + std::to_string(taken.sequence), error.message());
  if (++failures_ > kMaxFailures) throw error;
  for (const auto& [sequence, side] : side_data_) senders_.failed(sequence, ring::Fail::Encode);
  open();
}

void FrameEncoder::fan_out(std::vector<media::EncodedPacket>& packets) {
  const Nanoseconds now = context_.clock.now();
  for (media::EncodedPacket& encoded : packets) {
    lead_.encoder_gave(encoded.packet->pts, encoded.packet->dts);
    context_.stats.encoded.fetch_add(1, std::memory_order_relaxed);
    const auto node = side_data_.extract(encoded.sequence);
    const SideData side = node ? node.mapped() : SideData{};
    senders_.push({.packet = std::move(encoded.packet),
                   .sequence = encoded.sequence,
                   .key = encoded.key,
                   .discontinuity = side.discontinuity,
                   .pace = side.pace,
                   .produced_at = side.produced_at,
                   .queued_at = now});
  }
}

}  // namespace videopush::sessions
