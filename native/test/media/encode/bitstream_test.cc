#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "media/encode/encoder.h"
#include "media/encode/packets.h"
#include "media/encode/pictures.h"

using namespace videopush;
using media::EncodedPacket;
using media::Encoder;
using media::EncoderOptions;
using test::bytes;
using test::encode_all;
using test::picture;
using test::video_format;

namespace {

constexpr std::size_t kSlot = 64 * 1024;

/// Then x264's slices look at each other's sizes to stay within the bit rate while they are coded
/// (encoder/ratecontrol.c), and not even x264 alone gives the same stream each time; a constant
/// quantizer leaves that out.
bool slices_at_once(int threads, int b_frames) { return threads > 1 && b_frames == 0; }

/// What anybody would write against libavcodec with the same settings, and nothing of ours.
std::string bare_loop(const VideoFormat& format, int threads, int b_frames, int count) {
  const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
  CodecContextPtr context(avcodec_alloc_context3(codec));
  context->width = format.width;
  context->height = format.height;
  context->pix_fmt = AV_PIX_FMT_YUV420P;
  context->time_base = format.time_base();
  context->framerate = format.frame_rate();
  context->bit_rate = 1'000'000;
  if (b_frames == 0) context->rc_max_rate = context->rc_buffer_size = 1'000'000;
  context->gop_size = context->keyint_min = 50;
  context->max_b_frames = b_frames;
  context->thread_count = threads;
  context->flags |= AV_CODEC_FLAG_CLOSED_GOP | AV_CODEC_FLAG_GLOBAL_HEADER;
  context->color_range = AVCOL_RANGE_MPEG;
  context->color_primaries = AVCOL_PRI_BT709;
  context->color_trc = AVCOL_TRC_BT709;
  context->colorspace = AVCOL_SPC_BT709;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "preset", "veryfast", 0);
  if (b_frames == 0) av_dict_set(&options, "tune", "zerolatency", 0);
  if (slices_at_once(threads, b_frames)) av_dict_set(&options, "qp", "24", 0);
  av_dict_set(&options, "sc_threshold", "0", 0);
  av_dict_set(&options, "forced-idr", "1", 0);
  av_dict_set(&options, "x264-params", "repeat-headers=1", 0);
  REQUIRE(avcodec_open2(context.get(), codec, &options) == 0);
  av_dict_free(&options);
  std::string all;
  PacketPtr packet = make_packet();
  const auto receive = [&] {
    while (avcodec_receive_packet(context.get(), packet.get()) == 0) {
      all.append(reinterpret_cast<const char*>(packet->data),
                 static_cast<std::size_t>(packet->size));
      av_packet_unref(packet.get());
    }
  };
  for (int i = 0; i < count; ++i) {
    FramePtr frame = picture(format, i);
    REQUIRE(avcodec_send_frame(context.get(), frame.get()) == 0);
    receive();
  }
  avcodec_send_frame(context.get(), nullptr);
  receive();
  return all;
}

VideoFormat tagged(VideoFormat format) {
  format.color_range = AVCOL_RANGE_MPEG;
  format.color_primaries = AVCOL_PRI_BT709;
  format.color_transfer = AVCOL_TRC_BT709;
  format.color_matrix = AVCOL_SPC_BT709;
  return format;
}

/// A picture in memory that will be overwritten, as a slot of the ring is.
FramePtr in_slot(const AVFrame& source, std::vector<std::uint8_t>& memory) {
  memory.resize(4 * kSlot);
  FramePtr frame = make_frame();
  frame->format = source.format;
  frame->width = source.width;
  frame->height = source.height;
  frame->buf[0] = av_buffer_create(
      memory.data(), memory.size(), [](void*, std::uint8_t*) {}, nullptr, AV_BUFFER_FLAG_READONLY);
  for (int plane = 0; plane < 3; ++plane) {
    frame->linesize[plane] = source.linesize[plane];
    frame->data[plane] = memory.data() + static_cast<std::size_t>(plane) * kSlot;
    const int rows = plane == 0 ? source.height : source.height / 2;
    std::memcpy(frame->data[plane], source.data[plane],
                static_cast<std::size_t>(rows) * static_cast<std::size_t>(source.linesize[plane]));
  }
  frame->pts = source.pts;
  return frame;
}

}  // namespace

TEST_CASE(
    "the bitstream is the one a bare libavcodec loop makes, for 1 and 4 threads, without and with "
    "lookahead") {
  // x264's frame threads need some height to be reproducible at all.
  const VideoFormat format = tagged(video_format({.width = 640, .height = 360}));
  for (const int threads : {1, 4})
    for (const int b_frames : {0, 3}) {
      CAPTURE(threads);
      CAPTURE(b_frames);
      EncoderOptions options;
      options.threads = threads;
      options.bit_rate = 1'000'000;
      options.gop_frames = 50;
      options.max_b_frames = b_frames;
      if (b_frames > 0) options.tune = "";
      if (slices_at_once(threads, b_frames)) options.extra["qp"] = "24";
      Encoder encoder(options, format, true);
      const std::string ours = bytes(encode_all(encoder, format, 120));
      CHECK(ours.size() > 100'000);
      CHECK((ours == bare_loop(format, threads, b_frames, 120)));
    }
}

TEST_CASE(
    "a picture in memory that is overwritten after encode() gives the same stream, also when the "
    "encoder looks back") {
  const VideoFormat format = video_format();
  for (const char* name : {"libx264", "mpeg4"}) {
    CAPTURE(name);
    EncoderOptions options;
    options.encoder = name;
    options.max_b_frames = 2;
    options.threads = 1;
    Encoder owned(options, format, false), slots(options, format, false);
    std::vector<EncodedPacket> from_slots;
    std::vector<std::uint8_t> memory;
    for (int i = 0; i < 30; ++i) {
      const FramePtr frame = in_slot(*picture(format, i), memory);
      slots.encode(*frame, static_cast<std::uint64_t>(i), false, from_slots);
      std::ranges::fill(memory, std::uint8_t{0xAA});
    }
    slots.flush(from_slots);
    CHECK((bytes(from_slots) == bytes(encode_all(owned, format, 30))));
  }
}
