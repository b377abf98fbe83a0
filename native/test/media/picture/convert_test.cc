#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

extern "C" {
#include <libavutil/imgutils.h>
}

#include "core/error.h"
#include "media/picture/color.h"
#include "media/picture/convert.h"
#include "media/picture/format_of.h"
#include "media/picture/rate.h"
#include "media/source/clips.h"
#include "media/source/source.h"

using namespace videopush;
using media::Converter;
using media::ConvertOptions;
using media::RateConverter;
using test::format_of;

namespace {

const AbortSignal never;

/// A frame of one colour, given as Y, U, V (8 bits).
FramePtr plain(const VideoFormat& format, int y, int u, int v) {
  FramePtr frame = make_frame();
  frame->width = format.width;
  frame->height = format.height;
  frame->format = format.pixel_format;
  frame->colorspace = static_cast<AVColorSpace>(format.color_matrix);
  frame->color_range = static_cast<AVColorRange>(format.color_range);
  REQUIRE(av_frame_get_buffer(frame.get(), 0) == 0);
  const int levels[] = {y, u, v};
  for (int plane = 0; plane < 3; ++plane) {
    const int rows = plane ? -(-format.height >> 1) : format.height;
    std::memset(frame->data[plane], levels[plane],
                static_cast<std::size_t>(frame->linesize[plane]) * static_cast<std::size_t>(rows));
  }
  frame->pts = 7;
  return frame;
}

struct Rgb {
  int red, green, blue;
};

Rgb rgb_of(const VideoFormat& format, int y, int u, int v) {
  ConvertOptions options;
  options.pixel_format = AV_PIX_FMT_RGB24;
  Converter converter(format, options);
  const FramePtr out = converter.convert(plain(format, y, u, v));
  const std::uint8_t* pixel = out->data[0] + out->linesize[0] * (format.height / 2) + 3 * 9;
  return {pixel[0], pixel[1], pixel[2]};
}

ConvertOptions size(int width, int height) {
  ConvertOptions options;
  options.width = width;
  options.height = height;
  return options;
}

}  // namespace

TEST_CASE("a frame with nothing to do passes with the same buffers") {
  const VideoFormat format = format_of(64, 48, AV_PIX_FMT_YUV420P);
  Converter converter(format, {});
  FramePtr frame = plain(format, 100, 110, 120);
  const std::uint8_t* pixels = frame->data[0];
  CHECK(converter.passthrough(*frame));
  const FramePtr out = converter.convert(std::move(frame));
  CHECK(out->data[0] == pixels);
  CHECK(converter.output() == format);
}

TEST_CASE("RGB24 is packed, height by width by 3, for any width") {
  for (const int width : {64, 62, 66, 130, 1022}) {
    CAPTURE(width);
    VideoFormat format = format_of(width, 16, AV_PIX_FMT_YUV420P);
    ConvertOptions options;
    options.pixel_format = AV_PIX_FMT_RGB24;
    Converter converter(format, options);
    const FramePtr out = converter.convert(plain(format, 235, 128, 128));
    CHECK(out->linesize[0] == width * 3);
    CHECK(out->pts == 7);
    bool white = true;
    for (int i = 0; i < width * 16 * 3; ++i) white = white && out->data[0][i] >= 254;
    CHECK(white);
  }
}

TEST_CASE("RGB24 is byte for byte what the reference conversion gives") {
  const std::string clip = clips::make(
      5, "25", clips::x264(0, 5) + ":colormatrix=smpte170m:range=tv -vf noise=alls=40:allf=t",
      "mp4");
  const std::string raw = clips::temporary("reference.rgb");
  REQUIRE(std::system(("ffmpeg -nostdin -y -loglevel error -i " + clip +
                       " -f rawvideo -pix_fmt rgb24 -sws_flags bicubic " + raw)
                          .c_str()) == 0);
  const std::string expected = clips::read_file(raw);
  media::SourceOptions source_options;
  source_options.uri = clip;
  const auto source = media::open_source(source_options, {}, never);
  ConvertOptions options;
  options.pixel_format = AV_PIX_FMT_RGB24;
  Converter converter(source->descriptor().format, options);
  std::string got;
  FramePtr frame = make_frame();
  while (source->next(*frame)) {
    const FramePtr out = converter.convert(std::move(frame));
    got.append(reinterpret_cast<char*>(out->data[0]),
               static_cast<std::size_t>(clips::kWidth) * clips::kHeight * 3);
    frame = make_frame();
  }
  CHECK(got.size() == expected.size());
  CHECK(got == expected);
}

TEST_CASE("the colour matrix comes from the tag: BT.709 green is green and not BT.601's") {
  VideoFormat format = format_of(64, 48, AV_PIX_FMT_YUV420P);
  format.color_matrix = AVCOL_SPC_BT709;
  const Rgb tagged = rgb_of(format, 173, 42, 26);  // pure green in limited-range BT.709
  CHECK(tagged.red <= 2);
  CHECK(tagged.green >= 253);
  CHECK(tagged.blue <= 2);
  format.color_matrix = AVCOL_SPC_SMPTE170M;
  const Rgb other = rgb_of(format, 145, 54, 34);  // the same in BT.601
  CHECK(other.red <= 2);
  CHECK(other.green >= 253);
  CHECK(other.blue <= 2);
}

TEST_CASE("untagged pictures are BT.709 in HD sizes and BT.601 below") {
  CHECK(media::default_matrix(1280, 720) == AVCOL_SPC_BT709);
  CHECK(media::default_matrix(720, 1280) == AVCOL_SPC_BT709);
  CHECK(media::default_matrix(960, 720) == AVCOL_SPC_BT709);
  CHECK(media::default_matrix(720, 576) == AVCOL_SPC_SMPTE170M);
  CHECK(rgb_of(format_of(1280, 720, AV_PIX_FMT_YUV420P), 173, 42, 26).red <= 2);
  CHECK(rgb_of(format_of(720, 480, AV_PIX_FMT_YUV420P), 145, 54, 34).red <= 2);
}

TEST_CASE("pictures of full range are converted with 255 as white and 16 not as black") {
  VideoFormat format = format_of(64, 48, AV_PIX_FMT_YUV420P);
  format.color_range = AVCOL_RANGE_JPEG;
  CHECK(rgb_of(format, 16, 128, 128).green == doctest::Approx(16).epsilon(0.1));
  CHECK(rgb_of(format, 250, 128, 128).green == doctest::Approx(250).epsilon(0.01));
  format.color_range = AVCOL_RANGE_MPEG;
  CHECK(rgb_of(format, 16, 128, 128).green <= 1);
}

TEST_CASE("an untagged HD picture that is scaled to SD is tagged with the matrix that it has") {
  Converter converter(format_of(1280, 720, AV_PIX_FMT_YUV420P), size(640, 360));
  CHECK(converter.output().color_matrix == AVCOL_SPC_BT709);
  Converter same(format_of(1920, 1080, AV_PIX_FMT_YUV420P), size(1280, 720));
  CHECK(same.output().color_matrix == AVCOL_SPC_UNSPECIFIED);
}

TEST_CASE("YUV made from RGB is limited range with the matrix of its size") {
  ConvertOptions options;
  options.pixel_format = AV_PIX_FMT_YUV420P;
  Converter converter(format_of(1280, 720, AV_PIX_FMT_RGB24), options);
  CHECK(converter.output().color_matrix == AVCOL_SPC_BT709);
  CHECK(converter.output().color_range == AVCOL_RANGE_MPEG);
  FramePtr frame = make_frame();
  frame->width = 1280;
  frame->height = 720;
  frame->format = AV_PIX_FMT_RGB24;
  REQUIRE(av_frame_get_buffer(frame.get(), 0) == 0);
  for (int y = 0; y < 720; ++y) {
    for (int x = 0; x < 1280; ++x) {
      std::uint8_t* pixel = frame->data[0] + y * frame->linesize[0] + 3 * x;
      pixel[0] = pixel[2] = 0;
      pixel[1] = 255;
    }
  }
  const FramePtr out = converter.convert(std::move(frame));
  CHECK(std::abs(out->data[0][100] - 173) <= 1);
  CHECK(std::abs(out->data[1][100] - 42) <= 1);
  CHECK(std::abs(out->data[2][100] - 26) <= 1);
  CHECK(out->colorspace == AVCOL_SPC_BT709);
}

TEST_CASE(
    "a picture scaled to one side keeps its shape, one scaled to two sides its display shape by "
    "the aspect ratio") {
  VideoFormat format = format_of(1920, 1080, AV_PIX_FMT_YUV420P);
  format.sar_num = format.sar_den = 1;
  CHECK(Converter(format, size(1280, 0)).output().height == 720);
  CHECK(Converter(format, size(0, 480)).output().width == 854);
  CHECK(Converter(format, size(0, 480)).output().sar_num == 1);
  const Converter squeezed(format, size(720, 576));
  CHECK(squeezed.output().width == 720);
  CHECK(squeezed.output().sar_num * 45 == squeezed.output().sar_den * 64);
}

TEST_CASE("a picture is scaled with its content, also into the caller's own planes") {
  const VideoFormat format = format_of(128, 96, AV_PIX_FMT_YUV420P);
  Converter converter(format, size(64, 48));
  const FramePtr frame = plain(format, 77, 99, 140);
  std::vector<std::uint8_t> buffer(64 * 48 + 2 * 64 * 24);
  std::uint8_t* data[4] = {buffer.data(), buffer.data() + 64 * 48, buffer.data() + 64 * 72,
                           nullptr};
  const int stride[4] = {64, 64, 64, 0};
  converter.convert_into(*frame, data, stride);
  CHECK(data[0][64 * 47 + 63] == 77);
  CHECK(data[1][64 * 23 + 31] == 99);
  CHECK(data[2][0] == 140);
}

TEST_CASE("a picture size or format that changes mid-stream is followed") {
  const VideoFormat format = format_of(64, 48, AV_PIX_FMT_YUV420P);
  Converter converter(format, {});
  const FramePtr larger =
      converter.convert(plain(format_of(128, 96, AV_PIX_FMT_YUV420P), 50, 60, 70));
  CHECK(larger->width == 64);
  CHECK(larger->height == 48);
  CHECK(larger->data[0][0] == 50);
  const FramePtr finer =
      converter.convert(plain(format_of(64, 48, AV_PIX_FMT_YUVJ420P), 255, 128, 128));
  CHECK(finer->format == AV_PIX_FMT_YUV420P);
  CHECK(finer->data[0][0] == 235);
}

TEST_CASE("a conversion that is not possible is refused") {
  const VideoFormat format = format_of(64, 48, AV_PIX_FMT_YUV420P);
  CHECK_THROWS_AS(Converter(format, size(1, 48)), Error);
  CHECK_THROWS_AS(Converter(format, size(-2, 0)), Error);
  CHECK_THROWS_AS(Converter(format, size(9000, 48)), Error);
}

TEST_CASE("an hour at 30000/1001 converted to the same rate neither repeats nor drops a frame") {
  RateConverter rate({1001, 30000}, {30000, 1001}, 0);
  for (std::int64_t pts = 0; pts < 107'892; ++pts) REQUIRE(rate.copies(pts, pts + 1) == 1);
  CHECK(rate.next_tick() == 107'892);
  CHECK(rate.repeats() + rate.drops() == 0);
}

TEST_CASE(
    "a source of rounded timestamps converted to its own rate neither repeats nor drops a frame") {
  RateConverter rate({1, 1000}, {30000, 1001}, 100);
  const auto pts = [](std::int64_t n) { return 100 + av_rescale(n, 1001, 30); };
  for (std::int64_t n = 0; n < 20'000; ++n) REQUIRE(rate.copies(pts(n), pts(n + 1)) == 1);
}

TEST_CASE(
    "a slower source has frames repeated, a faster one has frames dropped, evenly and counted") {
  RateConverter up({1, 25}, {50, 1}, 0);
  for (int n = 0; n < 100; ++n) CHECK(up.copies(n, n + 1) == 2);
  CHECK(up.repeats() == 100);
  RateConverter down({1, 60}, {30, 1}, 0);
  std::int64_t shown = 0;
  for (int n = 0; n < 600; ++n) shown += down.copies(n, n + 1);
  CHECK(shown == 300);
  CHECK(down.drops() == 300);
}

TEST_CASE("a gap is filled with the frame before it, and ticks go on after a resume") {
  RateConverter rate({1, 25}, {25, 1}, 0);
  CHECK(rate.copies(0, 10) == 10);
  CHECK(rate.next_tick() == 10);
  RateConverter later({1, 25}, {25, 1}, 0);
  later.resume(10);
  CHECK(later.copies(8, 9) == 0);
  CHECK(later.copies(10, 11) == 1);
  CHECK(later.next_tick() == 11);
  CHECK_THROWS_AS(RateConverter({1, 25}, {0, 1}, 0), Error);
}
