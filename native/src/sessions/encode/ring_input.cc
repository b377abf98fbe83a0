#include "sessions/encode/ring_input.h"

#include <utility>

#include "core/error.h"

namespace videopush::sessions {
namespace {

/// The slot's pixels behind a buffer of libav's that owns nothing and can't be written.
FramePtr wrap(const ring::TakenFrame& taken, const VideoFormat& format) {
  FramePtr frame = make_frame();
  frame->width = format.width;
  frame->height = format.height;
  frame->format = format.pixel_format;
  tag_picture(*frame, format);
  frame->pts = taken.header->pts;
  set_frame_duration(*frame, taken.header->duration);
  for (std::uint32_t i = 0; i < ring::kMaxPlanes; ++i) {
    frame->data[i] = const_cast<std::uint8_t*>(taken.data[i]);
    frame->linesize[i] = taken.stride[i];
  }
  frame->buf[0] = av_buffer_create(
      frame->data[0], format.frame_bytes(), [](void*, std::uint8_t*) {}, nullptr,
      AV_BUFFER_FLAG_READONLY);
  if (frame->buf[0] == nullptr) throw std::bad_alloc();
  return frame;
}

SourcePace pace_of(std::uint32_t flags) {
  if (flags & ring::kLive) return SourcePace::Live;
  return flags & ring::kDelayed ? SourcePace::Delayed : SourcePace::Any;
}

}  // namespace

RingInput::RingInput(std::string path) : path_(std::move(path)) {}
RingInput::~RingInput() = default;

bool RingInput::open(const AbortSignal& abort, Nanoseconds limit) {
  try {
    consumer_ =
        consumer_ ? consumer_->next(abort, limit) : ring::Consumer::open(path_, abort, limit);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::SourceTimeout) return false;
    throw;
  }
  return true;
}

bool RingInput::finished() const {
  const ring::Header& header = consumer_->header();
  if (header.ended.load() == 0) return false;
  for (std::uint32_t i = 0; i < header.output_count; ++i)
    if (header.outputs[i].counters.base.load() < header.source_frames.load()) return false;
  return true;
}

const VideoFormat& RingInput::format() const { return consumer_->format(); }

TakeResult RingInput::take(InputFrame& out, const AbortSignal& abort, Nanoseconds limit) {
  ring::TakenFrame taken;
  switch (consumer_->take(taken, abort, limit)) {
    case ring::Take::Frame:
      out = {.frame = wrap(taken, consumer_->format()),
             .position = taken.position,
             .sequence = taken.header->sequence,
             .skipped = taken.skipped,
             .skipped_reason = taken.skipped_reason,
             .discontinuity = taken.discontinuity,
             .pace = pace_of(taken.header->flags),
             .produced_at = taken.header->produced_at};
      return TakeResult::Frame;
    case ring::Take::End:
      return TakeResult::End;
    case ring::Take::Timeout:
      return TakeResult::Timeout;
    case ring::Take::Aborted:
      return TakeResult::Aborted;
    case ring::Take::Replaced:
      break;
  }
  return TakeResult::FormatChanged;
}

void RingInput::release(std::uint64_t position) { consumer_->release(position); }
void RingInput::ack(std::uint64_t through) { consumer_->ack(through); }

bool RingInput::rewind() {
  consumer_->rewind();
  return true;
}

bool RingInput::resumed() const { return consumer_->resumed(); }
std::uint64_t RingInput::source_frames() const { return consumer_->header().source_frames.load(); }

std::uint64_t RingInput::waiting() const {
  const ring::Header& header = consumer_->header();
  return header.published.load() - header.cursors().taken;
}

ring::OutputRecord& RingInput::output_record(std::uint32_t index) {
  ring::Header& header = consumer_->header();
  if (index >= header.output_count)
    throw Error(ErrorCode::RingInvalid,
                "the frame queue keeps ledgers for " + std::to_string(header.output_count) +
                    " outputs, this encoder has more",
                "give decoder and encoder the same list of outputs");
  return header.outputs[index];
}

void RingInput::relax_gate() {
  const ring::Header& header = consumer_->header();
  const ring::Cursors cursors = header.cursors();
  const std::uint64_t published = header.published.load();
  if (cursors.taken == published && published - cursors.acked >= header.slot_count)
    consumer_->relax_gate();
}

void RingInput::heartbeat(Nanoseconds now) { consumer_->heartbeat(now); }
void RingInput::leave() { consumer_.reset(); }

}  // namespace videopush::sessions
