#include "media/encode/encoder.h"

#include <doctest/doctest.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "core/error.h"
#include "core/processors.h"
#include "media/encode/encoder_names.h"
#include "media/encode/packets.h"
#include "media/encode/pictures.h"

extern "C" {
#include <libavutil/mathematics.h>
}

using namespace videopush;
using media::EncodedPacket;
using media::Encoder;
using media::EncoderOptions;
using test::bytes;
using test::encode_all;
using test::picture;
using test::video_format;

namespace {

std::vector<std::uint64_t> keys(const std::vector<EncodedPacket>& packets) {
  std::vector<std::uint64_t> sequences;
  for (const EncodedPacket& p : packets)
    if (p.key) sequences.push_back(p.sequence);
  return sequences;
}

/// The code and message of what `action` throws.
template <typename Action>
std::pair<ErrorCode, std::string> thrown(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.code(), error.message() + " | " + error.action()};
  }
  return {ErrorCode::Internal, "nothing was thrown"};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("key frames come only at each start of a GOP and where one is forced") {
  const VideoFormat format = video_format();
  EncoderOptions options;
  options.gop_frames = 12;
  Encoder fixed(options, format, false);
  CHECK(keys(encode_all(fixed, format, 40)) == std::vector<std::uint64_t>{0, 12, 24, 36});
  Encoder forced(options, format, false);
  CHECK(keys(encode_all(forced, format, 40, {5, 30})) ==
        std::vector<std::uint64_t>{0, 5, 17, 29, 30});
}

TEST_CASE("every key frame carries its parameter sets, with and without a global header") {
  const VideoFormat format = video_format();
  for (const bool global_header : {false, true}) {
    EncoderOptions options;
    options.gop_frames = 10;
    Encoder encoder(options, format, global_header);
    CHECK((encoder.parameters().extradata_size > 0) == global_header);
    for (const EncodedPacket& p : encode_all(encoder, format, 25)) {
      const std::string data(reinterpret_cast<const char*>(p.packet->data),
                             static_cast<std::size_t>(p.packet->size));
      const std::string sps("\0\0\0\1\x67", 5), pps("\0\0\0\1\x68", 5);
      CHECK(contains(data, sps) == p.key);
      CHECK(contains(data, pps) == p.key);
    }
  }
}

TEST_CASE("0 to 16 B-frames keep each frame once, DTS strictly rising and never after PTS") {
  const VideoFormat format = video_format();
  for (const int b_frames : {0, 1, 3, 16}) {
    CAPTURE(b_frames);
    EncoderOptions options;
    options.max_b_frames = b_frames;
    if (b_frames > 0) {
      options.preset = "medium";
      options.tune = "";
    }
    Encoder encoder(options, format, false);
    CHECK(encoder.effective().max_b_frames == b_frames);
    const auto packets = encode_all(encoder, format, 100);
    CHECK(encoder.held() == 0);
    std::set<std::uint64_t> sequences;
    bool reordered = false;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      const AVPacket& p = *packets[i].packet;
      CHECK(p.dts <= p.pts);
      if (i > 0) {
        CHECK(p.dts > packets[i - 1].packet->dts);
        reordered = reordered || p.pts < packets[i - 1].packet->pts;
      }
      CHECK(p.pts == static_cast<std::int64_t>(packets[i].sequence) * 3600);
      CHECK(p.duration == 3600);
      sequences.insert(packets[i].sequence);
    }
    CHECK(sequences.size() == 100);
    CHECK(reordered == (b_frames > 0));
  }
}

TEST_CASE("the timestamps of a variable frame rate come out as they went in") {
  const VideoFormat format = video_format();
  for (const char* name : {"libx264", "mpeg4", "mpeg2video"}) {
    CAPTURE(name);
    EncoderOptions options;
    options.encoder = name;
    Encoder encoder(options, format, false);
    std::vector<EncodedPacket> packets;
    std::vector<std::int64_t> stamps;
    std::int64_t pts = 777;  // 50 frames a second, then 10
    for (int i = 0; i < 60; ++i, pts += i < 30 ? 1800 : 9000) {
      FramePtr frame = picture(format, i);
      frame->pts = pts;
      stamps.push_back(pts);
      encoder.encode(*frame, static_cast<std::uint64_t>(i), false, packets);
    }
    encoder.flush(packets);
    REQUIRE(packets.size() == 60);
    for (std::size_t i = 0; i < packets.size(); ++i) CHECK(packets[i].packet->pts == stamps[i]);
  }
}

TEST_CASE(
    "after a simulated hour at 30000/1001 and 24000/1001 the timestamps are exact to the "
    "tick") {
  for (const AVRational rate : {AVRational{30'000, 1001}, AVRational{24'000, 1001}}) {
    const VideoFormat format =
        video_format({.width = 64, .height = 48, .time_base = {1, rate.num}, .frame_rate = rate});
    Encoder encoder({.preset = "ultrafast"}, format, false);
    std::vector<EncodedPacket> packets;
    const FramePtr frame = picture(format, 0);
    const std::int64_t count = av_rescale(3600, rate.num, rate.den);
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      frame->pts = i * rate.den;
      encoder.encode(*frame, static_cast<std::uint64_t>(i), false, packets);
      if (packets.size() != 1 || packets[0].packet->pts != i * 1001) ++wrong;
      packets.clear();
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("colour tags, picture shape and size survive the encoder") {
  VideoFormat format = video_format();
  format.color_range = AVCOL_RANGE_MPEG;
  format.color_primaries = AVCOL_PRI_BT2020;
  format.color_transfer = AVCOL_TRC_SMPTE2084;
  format.color_matrix = AVCOL_SPC_BT2020_NCL;
  format.sar_num = 4;
  format.sar_den = 3;
  Encoder encoder({}, format, true);
  std::vector<EncodedPacket> packets = encode_all(encoder, format, 1);
  CodecContextPtr decoder(avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264)));
  REQUIRE(avcodec_parameters_to_context(decoder.get(), &encoder.parameters()) >= 0);
  REQUIRE(avcodec_open2(decoder.get(), nullptr, nullptr) == 0);
  REQUIRE(avcodec_send_packet(decoder.get(), packets.at(0).packet.get()) == 0);
  avcodec_send_packet(decoder.get(), nullptr);
  FramePtr shown = make_frame();
  REQUIRE(avcodec_receive_frame(decoder.get(), shown.get()) == 0);
  CHECK(shown->width == 320);
  CHECK(shown->height == 192);
  CHECK(shown->color_range == AVCOL_RANGE_MPEG);
  CHECK(shown->color_primaries == AVCOL_PRI_BT2020);
  CHECK(shown->color_trc == AVCOL_TRC_SMPTE2084);
  CHECK(shown->colorspace == AVCOL_SPC_BT2020_NCL);
  CHECK(av_cmp_q(shown->sample_aspect_ratio, {4, 3}) == 0);
}

TEST_CASE("each setting comes from the caller, else from the source, else from the defaults") {
  VideoFormat bare = video_format();
  bare.frame_rate_num = 0;
  const auto defaults = Encoder({}, bare, false).effective();
  CHECK(defaults.encoder == "libx264");
  CHECK(defaults.bit_rate == 300'000);
  CHECK(defaults.gop_seconds == 2);
  CHECK(defaults.max_b_frames == 0);
  CHECK(defaults.width == 320);
  CHECK(defaults.pixel_format == "yuv420p");

  VideoFormat known = video_format({.frame_rate = {30, 1}});
  known.bit_rate = 800'000;
  Encoder inherited({}, known, false);
  CHECK(inherited.effective().bit_rate == 800'000);
  CHECK(av_cmp_q(inherited.frame_rate(), {30, 1}) == 0);

  Encoder asked({.frame_rate = {15, 1}, .bit_rate = 500'000, .gop_frames = 7, .max_b_frames = 2},
                known, false);
  CHECK(asked.effective().bit_rate == 500'000);
  CHECK(asked.effective().gop_frames == 7);
  CHECK(asked.effective().max_b_frames == 2);
  CHECK(av_cmp_q(asked.frame_rate(), {15, 1}) == 0);
}

TEST_CASE("an intermediate codec's bit rate is inherited within bounds") {
  VideoFormat format = video_format();
  format.bit_rate = 400'000'000;
  CHECK(Encoder({}, format, false).effective().bit_rate == 1'200'000);
}

TEST_CASE("a source's bit rate is followed down to half of what the size asks for, 300 kb/s") {
  VideoFormat format = video_format({.width = 1280, .height = 720, .frame_rate = {30, 1}});
  format.bit_rate = 2'000'000;
  CHECK(Encoder({}, format, false).effective().bit_rate == 2'000'000);
  format.bit_rate = 29;
  CHECK(Encoder({}, format, false).effective().bit_rate == 1'382'000);
  CHECK(Encoder({.bit_rate = 50'000}, format, false).effective().bit_rate == 50'000);

  VideoFormat slides = video_format({.frame_rate = {1, 5}});
  slides.bit_rate = 781;
  CHECK(Encoder({}, slides, false).effective().bit_rate == 300'000);
  VideoFormat large = video_format({.width = 1920, .height = 1080, .frame_rate = {1, 5}});
  CHECK(Encoder({}, large, false).effective().bit_rate == 2'073'000);
}

TEST_CASE("an encoder without any bit rate gets a sane one, by size and rate") {
  const VideoFormat hd = video_format({.width = 1280, .height = 720, .frame_rate = {30, 1}});
  CHECK(Encoder({}, hd, false).effective().bit_rate == 2'764'000);
  CHECK(Encoder({.extra = {{"crf", "23"}}}, hd, false).effective().bit_rate == 0);
}

TEST_CASE("encoder threads stay automatic unless set, and a set number is the one in force") {
  const VideoFormat format = video_format();
  // An encoder doesn't see the limit of a control group.
  const int limited = processor_quota() > 0 ? available_processors() : 0;
  CHECK(Encoder({}, format, false).effective().threads == limited);
  CHECK(Encoder({.threads = 3}, format, false).effective().threads == 3);
}

TEST_CASE("an encoder of another size scales its pictures and keeps their shape on the display") {
  const VideoFormat format = video_format({.width = 640, .height = 480});
  Encoder encoder({.width = 320, .height = 180}, format, true);
  const auto packets = encode_all(encoder, format, 3);
  CHECK(packets.size() == 3);
  CHECK(encoder.parameters().width == 320);
  CHECK(encoder.parameters().height == 180);
}

TEST_CASE("RGB pictures are encoded as 4:2:0 with the colour tags of the conversion") {
  const VideoFormat format = video_format({.pixel_format = AV_PIX_FMT_RGB24});
  Encoder encoder({}, format, true);
  CHECK(encoder.effective().pixel_format == "yuv420p");
  CHECK(encoder.parameters().color_space == AVCOL_SPC_SMPTE170M);
  CHECK(encode_all(encoder, format, 5).size() == 5);
}

TEST_CASE(
    "pictures of every pixel format are encoded as 4:2:0 of 8 bits unless another is asked for") {
  for (const AVPixelFormat pixels :
       {AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV411P,
        AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV422P10LE, AV_PIX_FMT_YUV444P12LE, AV_PIX_FMT_GRAY8,
        AV_PIX_FMT_NV12, AV_PIX_FMT_GBRP, AV_PIX_FMT_RGBA, AV_PIX_FMT_YUYV422}) {
    CAPTURE(av_get_pix_fmt_name(pixels));
    const VideoFormat format = video_format({.pixel_format = pixels});
    for (const char* encoder : {"libx264", "libx265", "mpeg4", "mjpeg"}) {
      CAPTURE(encoder);
      CHECK(Encoder({.encoder = encoder}, format, false).effective().pixel_format == "yuv420p");
    }
  }
  const VideoFormat deep = video_format({.pixel_format = AV_PIX_FMT_YUV422P10LE});
  const auto chosen = [&](const char* encoder, const char* pixel_format) {
    return Encoder({.encoder = encoder, .pixel_format = pixel_format}, deep, false)
        .effective()
        .pixel_format;
  };
  CHECK(chosen("libx265", "yuv420p10le") == "yuv420p10le");
  CHECK(chosen("libx264", "yuv422p10le") == "yuv422p10le");
  CHECK(chosen("libx264", "yuv444p") == "yuv444p");
  const auto [code, text] = thrown([&] { chosen("mpeg4", "yuv444p"); });
  CHECK(code == ErrorCode::EncoderRejected);
  CHECK(contains(text, "mpeg4 does not take the pixel format yuv444p"));
}

TEST_CASE("an encoder that takes no 4:2:0 gets what is nearest to it") {
  const VideoFormat format = video_format();
  CHECK(Encoder({.encoder = "prores_ks"}, format, false).effective().pixel_format == "yuv422p10le");
}

TEST_CASE(
    "codecs and encoders are found by name, and an unknown one is refused with its "
    "neighbours") {
  CHECK(media::resolve_encoder("H264", "") == "libx264");
  CHECK(media::resolve_encoder("hevc", "") == "libx265");
  CHECK(media::resolve_encoder("VP8", "") == "libvpx");
  CHECK(media::resolve_encoder("H264", "mpeg4") == "mpeg4");
  CHECK(media::resolve_encoder("H264", "h264") == "libx264");
  const auto [code, text] = thrown([] { media::resolve_encoder("H264", "libx246"); });
  CHECK(code == ErrorCode::EncoderUnknown);
  CHECK(contains(text, "'libx246'"));
  CHECK(contains(text, "libx264"));
}

TEST_CASE("a hardware encoder is refused by name, and the software encoder to take is named") {
  const std::pair<const char*, const char*> names[] = {
      {"h264_vaapi", "libx264"}, {"hevc_nvenc", "libx265"},     {"nvenc_h264", "libx264"},
      {"h264_qsv", "libx264"},   {"av1_amf", "libsvtav1"},      {"h264_v4l2m2m", "libx264"},
      {"h264_omx", "libx264"},   {"hevc_vulkan", "libx265"},    {"vp9_vaapi", "libvpx-vp9"},
      {"mjpeg_qsv", "mjpeg"},    {"H264_MF", "libx264"},        {"hevc_videotoolbox", "libx265"},
      {"hevc_rkmpp", "libx265"}, {"mpeg2_vaapi", "mpeg2video"}, {"vp8_v4l2m2m", "libvpx"}};
  for (const auto& [name, instead] : names) {
    CAPTURE(name);
    const auto [code, text] = thrown([name = name] { media::resolve_encoder("", name); });
    CHECK(code == ErrorCode::EncoderRejected);
    CHECK(contains(text, "needs a graphics processor or another device"));
    CHECK(text.ends_with(std::string("such as ") + instead));
  }
  CHECK(thrown([] { media::resolve_encoder("h264_vaapi", ""); }).first ==
        ErrorCode::EncoderRejected);
  CHECK_FALSE(contains(thrown([] { media::resolve_encoder("", "h264x"); }).second, "vaapi"));
}

TEST_CASE("a refused setting is named, with what would do") {
  const VideoFormat format = video_format();
  const auto preset = thrown([&] { Encoder({.preset = "veryfats"}, format, false); });
  CHECK(preset.first == ErrorCode::EncoderRejected);
  CHECK(contains(preset.second, "preset=veryfats"));
  CHECK(contains(preset.second, "veryfast"));
  const auto lacking =
      thrown([&] { Encoder({.encoder = "mpeg4", .preset = "veryfast"}, format, false); });
  CHECK(lacking.first == ErrorCode::EncoderRejected);
  CHECK(contains(lacking.second, "mpeg4 has no option 'preset'"));
  const auto extra = thrown([&] { Encoder({.extra = {{"crfx", "20"}}}, format, false); });
  CHECK(contains(extra.second, "no option 'crfx'"));
  const auto pixels =
      thrown([&] { Encoder({.extra = {{"pixel_format", "yuv444p"}}}, format, false); });
  CHECK(pixels.first == ErrorCode::EncoderRejected);
  CHECK(contains(pixels.second, "pixelFormat"));
  CHECK_NOTHROW(Encoder({.encoder = "mpeg4"}, format, false));
}

TEST_CASE("an odd size loses a line for 4:2:0, and is refused where it was asked for") {
  const VideoFormat format = video_format({.width = 321, .height = 193});
  Encoder encoder({}, format, false);
  CHECK(encoder.effective().width == 320);
  CHECK(encoder.effective().height == 192);
  CHECK(encode_all(encoder, format, 3).size() == 3);
  CHECK(Encoder({.pixel_format = "yuv444p"}, format, false).effective().width == 321);
  const auto [code, text] = thrown([&] { Encoder({.width = 321, .height = 193}, format, false); });
  CHECK(code == ErrorCode::InvalidArgument);
  CHECK(contains(text, "321x193"));
  CHECK(contains(text, "320x192"));
}

TEST_CASE("a frame of another size, or not after the last, is refused and the encoder goes on") {
  const VideoFormat format = video_format();
  Encoder encoder({}, format, false);
  std::vector<EncodedPacket> packets;
  encoder.encode(*picture(format, 3), 0, false, packets);
  CHECK(thrown([&] { encoder.encode(*picture(format, 3), 1, false, packets); }).first ==
        ErrorCode::InvalidArgument);
  const VideoFormat other = video_format({.width = 640});
  CHECK(thrown([&] { encoder.encode(*picture(other, 4), 1, false, packets); }).first ==
        ErrorCode::InvalidArgument);
  encoder.encode(*picture(format, 4), 1, false, packets);
  CHECK(packets.size() == 2);
}

TEST_CASE("encoders of other codecs open with live settings and keep every frame") {
  const VideoFormat format = video_format();
  for (const char* codec : {"H265", "VP8", "VP9", "MPEG4", "MPEG2", "AV1"}) {
    CAPTURE(codec);
    EncoderOptions options;
    options.codec = codec;
    options.gop_frames = 10;
    Encoder encoder(options, format, true);
    const auto packets = encode_all(encoder, format, 24);
    CHECK(packets.size() == 24);
    CHECK(keys(packets) == std::vector<std::uint64_t>{0, 10, 20});
  }
}

TEST_CASE("an MJPEG encoder takes pictures of limited range and says so") {
  VideoFormat format = video_format();
  format.color_range = AVCOL_RANGE_MPEG;
  EncoderOptions options;
  options.encoder = "mjpeg";
  Encoder encoder(options, format, false);
  CHECK(encode_all(encoder, format, 5).size() == 5);
  CHECK(encoder.parameters().color_range == AVCOL_RANGE_MPEG);
}

TEST_CASE("no encoder makes a thread more urgent than the senders") {
  for (const char* codec : {"H265", "AV1"}) {
    CAPTURE(codec);
    EncoderOptions options;
    options.codec = codec;
    Encoder encoder(options, video_format(), true);
    CHECK(encode_all(encoder, video_format(), 3).size() == 3);
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
      CHECK(sched_getscheduler(std::stoi(task.path().filename())) == SCHED_OTHER);
  }
}

TEST_CASE("an encoder can be closed whether it was given nothing, little or much") {
  for (const char* codec : {"H264", "H265", "AV1"}) {
    CAPTURE(codec);
    for (const int count : {0, 1, 20}) {
      EncoderOptions options;
      options.codec = codec;
      Encoder encoder(options, video_format(), true);
      std::vector<EncodedPacket> packets;
      for (int i = 0; i < count; ++i)
        encoder.encode(*picture(video_format(), i), static_cast<std::uint64_t>(i), false, packets);
      if (count == 0) encoder.flush(packets);
      CHECK(packets.size() <= static_cast<std::size_t>(count));
    }
  }
}
