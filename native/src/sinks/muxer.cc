#include "sinks/muxer.h"

#include <new>

#include "core/error.h"

namespace videopush::sinks {

Muxer::Muxer(const AVOutputFormat* format, const TrackInfo& track)
    : scratch_(make_packet()), time_base_(track.time_base) {
  if (track.parameters == nullptr || track.time_base.num <= 0 || track.time_base.den <= 0) {
    throw Error(ErrorCode::InvalidArgument, "the track has no parameters or no time base");
  }
  AVFormatContext* context = nullptr;
  if (avformat_alloc_output_context2(&context, format, nullptr, nullptr) < 0)
    throw std::bad_alloc();
  context_.reset(context);
  context->flags |= AVFMT_FLAG_FLUSH_PACKETS;  // what was sent is out of this process
  AVStream* stream = avformat_new_stream(context, nullptr);
  if (stream == nullptr || avcodec_parameters_copy(stream->codecpar, track.parameters) < 0) {
    throw std::bad_alloc();
  }
  stream->codecpar->codec_tag = 0;  // the encoder's tag need not be this container's
  stream->time_base = track.time_base;
  stream->avg_frame_rate = track.frame_rate;
}

int Muxer::write(const Unit& unit, bool from_zero) {
  if (av_packet_ref(scratch_.get(), unit.packet) < 0) throw std::bad_alloc();
  if (unit.key) scratch_->flags |= AV_PKT_FLAG_KEY;
  scratch_->stream_index = 0;
  if (from_zero) {
    if (!origin_) origin_ = scratch_->dts;
    scratch_->pts -= *origin_;
    scratch_->dts -= *origin_;
  }
  av_packet_rescale_ts(scratch_.get(), time_base_, context_->streams[0]->time_base);
  const int written = av_write_frame(context_.get(), scratch_.get());
  av_packet_unref(scratch_.get());
  if (written >= 0 && context_->pb->error < 0) return context_->pb->error;  // muxers ignore it
  return written;
}

}  // namespace videopush::sinks
