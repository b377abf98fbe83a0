#include "sinks/rtp_packetizer.h"

extern "C" {
#include <libavcodec/bsf.h>
#include <libavutil/dict.h>
#include <libavutil/mathematics.h>
}

#include <new>
#include <string_view>

#include "core/error.h"

namespace videopush::sinks {
namespace {

constexpr std::size_t kRtpHeaderBytes = 12;
constexpr AVRational kRtpTimeBase{1, RtpPacketizer::kClockRate};

// The written buffer became const with libavformat 61.
#if LIBAVFORMAT_VERSION_MAJOR < 61
using WrittenByte = std::uint8_t;
#else
using WrittenByte = const std::uint8_t;
#endif

void check(int result, const char* what) {
  if (result < 0) throw Error::from_averror(ErrorCode::CodecUnsupportedByTarget, result, what);
}

void put32(std::uint8_t* at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

}  // namespace

void RtpPacketizer::FormatDelete::operator()(AVFormatContext* context) const {
  if (context->pb != nullptr) av_freep(&context->pb->buffer);
  avio_context_free(&context->pb);
  avformat_free_context(context);
}

void RtpPacketizer::FilterDelete::operator()(AVBSFContext* filter) const { av_bsf_free(&filter); }

RtpPacketizer::RtpPacketizer(const TrackInfo& track, std::uint32_t timestamp_base,
                             std::uint32_t ssrc)
    : time_base_(track.time_base),
      timestamp_base_(timestamp_base),
      ssrc_(ssrc),
      scratch_(make_packet()) {
  if (track.parameters == nullptr || track.time_base.num <= 0 || track.time_base.den <= 0) {
    throw Error(ErrorCode::InvalidArgument, "the track has no parameters or no time base");
  }
  AVFormatContext* context = nullptr;
  check(avformat_alloc_output_context2(&context, nullptr, "rtp", nullptr), "RTP muxer");
  muxer_.reset(context);
  AVStream* stream = avformat_new_stream(context, nullptr);
  if (stream == nullptr) throw std::bad_alloc();
  check(avcodec_parameters_copy(stream->codecpar, track.parameters), "codec parameters");
  stream->codecpar->codec_tag = 0;
  stream->avg_frame_rate = track.frame_rate;
  open_filter();
  open_muxer();
}

RtpPacketizer::~RtpPacketizer() { av_write_trailer(muxer_.get()); }

void RtpPacketizer::open_muxer() {
  const auto write = [](void* self, WrittenByte* data, int size) {
    static_cast<RtpPacketizer*>(self)->on_rtp_packet(data, size);
    return size;
  };
  auto* buffer = static_cast<unsigned char*>(av_malloc(kPacketBytes));
  if (buffer == nullptr) throw std::bad_alloc();
  muxer_->pb = avio_alloc_context(buffer, kPacketBytes, 1, this, nullptr, write, nullptr);
  if (muxer_->pb == nullptr) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  muxer_->pb->max_packet_size = kPacketBytes;  // one flush of the muxer is one RTP packet
  muxer_->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;  // VP9's packetizer asks for it
  AVDictionary* options = nullptr;
  av_dict_set(&options, "rtpflags", "skip_rtcp", 0);
  const int result = avformat_write_header(muxer_.get(), &options);
  av_dict_free(&options);
  check(result, "RTP muxer");
}

void RtpPacketizer::open_filter() {
  const AVStream& stream = *muxer_->streams[0];
  if (stream.codecpar->extradata_size == 0) return;
  const AVBitStreamFilter* dump = av_bsf_get_by_name("dump_extra");
  if (dump == nullptr) {
    throw Error(ErrorCode::CodecUnsupportedByTarget,
                "this FFmpeg build lacks the dump_extra filter",
                "install a complete build of libavcodec");
  }
  AVBSFContext* filter = nullptr;
  check(av_bsf_alloc(dump, &filter), "dump_extra");
  repeat_headers_.reset(filter);
  check(avcodec_parameters_copy(filter->par_in, stream.codecpar), "dump_extra");
  filter->time_base_in = time_base_;
  check(av_bsf_init(filter), "dump_extra");
}

std::string RtpPacketizer::sdp() const {
  std::string raw(kSdpBytes, '\0');
  AVFormatContext* contexts[] = {muxer_.get()};
  check(av_sdp_create(contexts, 1, raw.data(), static_cast<int>(raw.size())),
        "session description");
  raw.resize(std::string_view(raw.c_str()).size());
  if (raw.size() + 1 >= kSdpBytes) {
    throw Error(ErrorCode::InvalidArgument, "the session description exceeds 16 kB",
                "use an encoder with smaller parameter sets");
  }
  // libavformat's session part lacks the c= line that RFC 4566 section 5.7 wants, and says more of
  // us than it needs to.
  std::string out =
      "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=VideoPush\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n";
  const std::size_t media = raw.find("m=");
  if (media == std::string::npos) {
    throw Error(ErrorCode::CodecUnsupportedByTarget,
                "libavformat describes no media for this codec");
  }
  return out + raw.substr(media);
}

void RtpPacketizer::packetize(const Unit& unit, std::uint8_t channel,
                              std::vector<std::uint8_t>& out) {
  if (unit.packet->pts == AV_NOPTS_VALUE || unit.packet->dts == AV_NOPTS_VALUE) {
    throw Error(ErrorCode::InvalidArgument, "the unit has no pts or no dts");
  }
  out_ = &out;
  channel_ = channel;
  unit_time_ = rtp_time(unit.packet->pts);
  if (av_packet_ref(scratch_.get(), unit.packet) < 0) throw std::bad_alloc();
  if (unit.key) scratch_->flags |= AV_PKT_FLAG_KEY;
  int result = 0;
  if (repeat_headers_) {
    result = av_bsf_send_packet(repeat_headers_.get(), scratch_.get());
    if (result >= 0) result = av_bsf_receive_packet(repeat_headers_.get(), scratch_.get());
  }
  if (result >= 0) {
    scratch_->stream_index = 0;
    av_packet_rescale_ts(scratch_.get(), time_base_, kRtpTimeBase);
    result = av_write_frame(muxer_.get(), scratch_.get());
  }
  av_packet_unref(scratch_.get());
  out_ = nullptr;
  if (result < 0) throw Error::from_averror(ErrorCode::InvalidArgument, result, "RTP packetizer");
}

std::uint32_t RtpPacketizer::rtp_time(std::int64_t timestamp) const {
  return timestamp_base_ +
         static_cast<std::uint32_t>(av_rescale_q(timestamp, time_base_, kRtpTimeBase));
}

void RtpPacketizer::on_rtp_packet(const std::uint8_t* data, int size) {
  const auto length = static_cast<std::size_t>(size);
  if (out_ == nullptr || length < kRtpHeaderBytes) return;  // nothing but RTP leaves this muxer
  const std::uint8_t frame[] = {'$', channel_, static_cast<std::uint8_t>(length >> 8),
                                static_cast<std::uint8_t>(length)};
  out_->insert(out_->end(), std::begin(frame), std::end(frame));
  const std::size_t at = out_->size();
  out_->insert(out_->end(), data, data + length);
  put32(&(*out_)[at + 4], unit_time_);
  put32(&(*out_)[at + 8], ssrc_);
  packets_ += 1;
  octets_ += static_cast<std::uint32_t>(length - kRtpHeaderBytes);
}

}  // namespace videopush::sinks
