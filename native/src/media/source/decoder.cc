#include "media/source/decoder.h"

#include <new>
#include <string>

#include "core/error.h"
#include "core/limits.h"
#include "core/processors.h"
#include "media/source/demuxer.h"

namespace videopush::media {
namespace {

constexpr int kMaxErrorsInARow = 10'000;  // a decoder that can't find its end must not hold us

}  // namespace

Decoder::Decoder(const AVStream& stream, AVRational frame_rate, const DecodeOptions& options,
                 bool live) {
  const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
  if (!codec) {
    throw Error(ErrorCode::SourceUnsupported,
                std::string("a decoder for ") + avcodec_get_name(stream.codecpar->codec_id) +
                    " video was not found",
                "convert it to H.264 first");
  }
  if (!limits::kThreads.holds(options.threads)) {
    throw Error(ErrorCode::InvalidArgument, "the number of decoder threads " +
                                                whole_number_from(limits::kThreads) + ", not " +
                                                std::to_string(options.threads));
  }
  context_.reset(avcodec_alloc_context3(codec));
  if (!context_) throw std::bad_alloc();
  int result = avcodec_parameters_to_context(context_.get(), stream.codecpar);
  context_->pkt_timebase = stream.time_base;
  context_->framerate = frame_rate;
  context_->thread_count = options.threads > 0 ? options.threads : automatic_threads();
  if (live) context_->thread_type = FF_THREAD_SLICE;
  // Else the columns that a codec crops on the left would be rounded down, and some of them shown.
  context_->flags |= AV_CODEC_FLAG_UNALIGNED;
  context_->max_pixels = limits::kSide.most * limits::kSide.most;
  if (result >= 0) result = avcodec_open2(context_.get(), codec, nullptr);
  if (result < 0) {
    throw Error::from_averror(ErrorCode::SourceUnsupported, result,
                              std::string("the ") + codec->name + " decoder refused this video",
                              "check the file in a player");
  }
}

Decoder::Result Decoder::receive(AVFrame& out) {
  for (int tries = 0; tries < kMaxErrorsInARow; ++tries) {
    const int result = avcodec_receive_frame(context_.get(), &out);
    if (result >= 0) return Result::Frame;
    if (result == AVERROR(EAGAIN)) return Result::NeedsPacket;
    if (result == AVERROR_EOF) return Result::End;
    ++errors_;
  }
  return Result::End;
}

void Decoder::send(const AVPacket* packet) {
  const int result = avcodec_send_packet(context_.get(), packet);
  if (result < 0 && result != AVERROR_EOF) ++errors_;
}

void Decoder::flush() { avcodec_flush_buffers(context_.get()); }

std::int64_t FrameClock::place(std::int64_t timestamp, std::int64_t duration) {
  const bool first = last_ == AV_NOPTS_VALUE;
  std::int64_t pts = timestamp;
  if (pts == AV_NOPTS_VALUE) {
    ++guessed_;
    pts = first ? 0 : last_ + last_duration_;
  } else if (!first) {
    pts = std::max(pts, last_ + 1);
  }
  last_ = pts;
  last_duration_ = std::max<std::int64_t>(1, duration > 0 ? duration : step_);
  return pts;
}

void FrameClock::reset() {
  last_ = AV_NOPTS_VALUE;
  last_duration_ = 0;
  guessed_ = 0;
}

}  // namespace videopush::media
