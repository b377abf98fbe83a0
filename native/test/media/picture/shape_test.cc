// Sizes that the output can't have, pictures of another shape, pixels that are no squares, crops.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "media/picture/changes.h"
#include "media/picture/convert.h"
#include "media/picture/format_of.h"

using namespace videopush;
using media::Converter;
using media::ConvertOptions;

namespace {

VideoFormat format_of(int width, int height, AVPixelFormat pixels = AV_PIX_FMT_YUV420P,
                      AVRational sar = {1, 1}) {
  VideoFormat format = test::format_of(width, height, pixels);
  format.sar_num = sar.num;
  format.sar_den = sar.den;
  return format;
}

/// Grey, with a luma of its own for each column of 8 pixels.
FramePtr columns(const VideoFormat& format) {
  FramePtr frame = make_frame();
  frame->width = format.width;
  frame->height = format.height;
  frame->format = AV_PIX_FMT_YUV420P;
  tag_picture(*frame, format);
  REQUIRE(av_frame_get_buffer(frame.get(), 0) == 0);
  for (int y = 0; y < format.height; ++y)
    for (int x = 0; x < format.width; ++x)
      frame->data[0][y * frame->linesize[0] + x] = static_cast<std::uint8_t>(60 + x / 8 * 4 % 160);
  for (const int plane : {1, 2})
    std::memset(frame->data[plane], 128,
                static_cast<std::size_t>(frame->linesize[plane]) * ((format.height + 1) / 2));
  return frame;
}

int luma(const AVFrame& frame, int x, int y) { return frame.data[0][y * frame.linesize[0] + x]; }

ConvertOptions yuv420(ConvertOptions options = {}) {
  options.pixel_format = AV_PIX_FMT_YUV420P;
  return options;
}

}  // namespace

TEST_CASE("an odd size loses its last line, and every other pixel stays where it was") {
  for (const auto& [width, height] : {std::pair{321, 181}, {320, 181}, {321, 180}, {17, 17}}) {
    CAPTURE(width);
    CAPTURE(height);
    const VideoFormat format = format_of(width, height);
    Converter converter(format, yuv420());
    const FramePtr shown = converter.convert(columns(format));
    REQUIRE(shown->width == width / 2 * 2);
    REQUIRE(shown->height == height / 2 * 2);
    CHECK(converter.output().sar_num == converter.output().sar_den);
    CHECK_FALSE(converter.letterboxed());
    const FramePtr source = columns(format);
    for (int x = 0; x < shown->width; ++x)
      REQUIRE(luma(*shown, x, shown->height - 1) == luma(*source, x, shown->height - 1));
  }
  CHECK(media::converted_format(format_of(321, 181), {}).width == 321);
  CHECK(media::converted_format(format_of(323, 181, AV_PIX_FMT_RGB24),
                                {.pixel_format = AV_PIX_FMT_YUV411P})
            .width == 320);
  CHECK(media::converted_format(format_of(321, 181), {.pixel_format = AV_PIX_FMT_YUV444P}).width ==
        321);
}

TEST_CASE("a picture of another shape in mid-stream keeps it, between black bars") {
  Converter converter(format_of(64, 36), yuv420());
  const FramePtr shown = converter.convert(columns(format_of(36, 64)));
  REQUIRE(shown->width == 64);
  REQUIRE(shown->height == 36);
  CHECK(converter.letterboxed());
  // 36 / 64 of 36 rows is 20 columns, in the middle.
  CHECK(luma(*shown, 20, 18) == 16);
  CHECK(luma(*shown, 24, 18) >= 55);
  CHECK(luma(*shown, 39, 18) >= 55);
  CHECK(luma(*shown, 44, 18) == 16);
  CHECK(shown->data[1][9 * shown->linesize[1] + 2] == 128);
  const FramePtr again = converter.convert(columns(format_of(64, 36)));
  CHECK_FALSE(converter.letterboxed());
  CHECK(luma(*again, 0, 0) == 60);
}

TEST_CASE("a larger picture of the same shape fills the output") {
  Converter converter(format_of(64, 36), yuv420());
  for (const auto& [width, height] : {std::pair{128, 72}, {160, 90}, {1920, 1080}, {66, 37}}) {
    CAPTURE(width);
    const FramePtr shown = converter.convert(columns(format_of(width, height)));
    CHECK_FALSE(converter.letterboxed());
    CHECK(luma(*shown, 0, 0) >= 55);
    CHECK(luma(*shown, 63, 35) >= 55);
  }
}

TEST_CASE("pixels that change their shape in mid-stream, as between 4:3 and 16:9, make bars") {
  const VideoFormat narrow = format_of(72, 58, AV_PIX_FMT_YUV420P, {16, 15});
  const VideoFormat wide = format_of(72, 58, AV_PIX_FMT_YUV420P, {64, 45});
  Converter converter(narrow, yuv420());
  CHECK(converter.passthrough(*columns(narrow)));
  CHECK_FALSE(converter.passthrough(*columns(wide)));
  const FramePtr shown = converter.convert(columns(wide));
  CHECK(converter.letterboxed());
  CHECK(luma(*shown, 36, 2) == 16);
  CHECK(luma(*shown, 36, 56) == 16);
  CHECK(luma(*shown, 36, 29) >= 55);
}

TEST_CASE("a picture that does not name the shape of its pixels has that of the stream") {
  const VideoFormat wide = format_of(72, 58, AV_PIX_FMT_YUV420P, {64, 45});
  Converter converter(wide, yuv420());
  CHECK(converter.passthrough(*columns(format_of(72, 58, AV_PIX_FMT_YUV420P, {0, 1}))));
}

TEST_CASE(
    "square pixels widen or heighten the picture, and fit it into a size that was asked for") {
  const VideoFormat wide = format_of(720, 576, AV_PIX_FMT_YUV420P, {64, 45});
  const auto made = [&](const VideoFormat& format, int width, int height) {
    return media::converted_format(
        format, yuv420({.width = width, .height = height, .square_pixels = true}));
  };
  CHECK(made(wide, 0, 0).width == 1024);
  CHECK(made(wide, 0, 0).height == 576);
  CHECK(made(wide, 0, 0).sar_num == made(wide, 0, 0).sar_den);
  CHECK(made(wide, 0, 288).width == 512);
  CHECK(made(wide, 512, 0).height == 288);
  CHECK(made(format_of(1440, 1080, AV_PIX_FMT_YUV420P, {8, 9}), 0, 0).height == 1216);
  CHECK(media::converted_format(wide, yuv420()).width == 720);
  CHECK(media::converted_format(wide, yuv420()).sar_num == 64);
  Converter boxed(wide, yuv420({.width = 640, .height = 640, .square_pixels = true}));
  const FramePtr shown = boxed.convert(columns(wide));
  CHECK(boxed.letterboxed());
  CHECK(luma(*shown, 320, 100) == 16);
  CHECK(luma(*shown, 320, 320) >= 55);
}

TEST_CASE("two sides that change an untagged picture's proportions are made up for by its pixels") {
  const VideoFormat made = media::converted_format(format_of(640, 480, AV_PIX_FMT_YUV420P, {0, 1}),
                                                   yuv420({.width = 640, .height = 360}));
  CHECK(made.sar_num * 4 == made.sar_den * 3);
}

TEST_CASE("a crop is of the upright picture, whichever way that lay") {
  const VideoFormat format = format_of(64, 32);
  const media::Crop crop{.left = 8, .top = 2, .right = 16, .bottom = 4};
  Converter plain(format, yuv420({.crop = crop}));
  const FramePtr cut = plain.convert(columns(format));
  CHECK(cut->width == 40);
  CHECK(cut->height == 26);
  CHECK(luma(*cut, 0, 0) == luma(*columns(format), 8, 2));
  for (const int rotation : {0, 90, 180, 270}) {
    for (const bool mirrored : {false, true}) {
      CAPTURE(rotation);
      CAPTURE(mirrored);
      const media::Orientation way{.rotation = rotation, .mirrored = mirrored};
      const FramePtr whole =
          Converter(format, yuv420({.orientation = way})).convert(columns(format));
      const FramePtr part =
          Converter(format, yuv420({.orientation = way, .crop = crop})).convert(columns(format));
      REQUIRE(part->width == whole->width - 24);
      REQUIRE(part->height == whole->height - 6);
      for (int x = 0; x < part->width; ++x)
        REQUIRE(luma(*part, x, 3) == luma(*whole, x + crop.left, 3 + crop.top));
    }
  }
  CHECK_THROWS_AS(Converter(format, yuv420({.crop = {.left = 40, .right = 24}})), Error);
}

TEST_CASE("what becomes of a picture is said in words, and nothing of one that passes as it is") {
  const auto said = [](const VideoFormat& format, const ConvertOptions& options) {
    std::string all;
    for (const std::string& change : media::picture_changes(format, options, false))
      all += (all.empty() ? "" : "; ") + change;
    return all;
  };
  CHECK(said(format_of(640, 360), yuv420()).empty());
  CHECK(said(format_of(640, 360, AV_PIX_FMT_YUVJ420P), yuv420()).empty());
  CHECK(said(format_of(321, 181, AV_PIX_FMT_YUV422P), yuv420()) ==
        "cut from 321x181 to 320x180, as yuv420p needs even sizes; "
        "converted from yuv422p to yuv420p");
  CHECK(said(format_of(640, 360), yuv420({.width = 320,
                                          .orientation = {.rotation = 90, .mirrored = true},
                                          .crop = {.top = 8}})) ==
        "mirrored left to right; turned by 90 degrees clockwise; cropped to 360x632; "
        "scaled from 360x632 to 320x562");
  VideoFormat hdr = format_of(640, 360, AV_PIX_FMT_YUV420P10LE);
  hdr.color_transfer = AVCOL_TRC_SMPTE2084;
  CHECK(said(hdr, yuv420()) ==
        "tone-mapped from PQ to BT.709; converted from yuv420p10le to yuv420p");
  ConvertOptions keep = yuv420();
  keep.hdr = media::Hdr::Keep;
  CHECK(said(hdr, keep) == "converted from yuv420p10le to yuv420p");
  ConvertOptions black = yuv420();
  black.background = 0x10ff00;
  CHECK(said(format_of(640, 360, AV_PIX_FMT_YUVA420P), black) ==
        "laid over #10ff00; converted from yuva420p to yuv420p");
  CHECK(media::picture_changes(format_of(640, 360), yuv420(), true) ==
        std::vector<std::string>{"deinterlaced"});
}
