// HDR for SDR screens, and what shows through transparent pixels: judged by patches of one colour.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "media/picture/convert.h"
#include "media/picture/format_of.h"

using namespace videopush;
using media::Converter;
using media::ConvertOptions;

namespace {

constexpr int kWidth = 64, kHeight = 32;

VideoFormat format_of(AVPixelFormat pixels) { return test::format_of(kWidth, kHeight, pixels); }

VideoFormat hdr_format(AVColorTransferCharacteristic transfer) {
  VideoFormat format = format_of(AV_PIX_FMT_YUV420P10LE);
  format.color_primaries = AVCOL_PRI_BT2020;
  format.color_transfer = transfer;
  format.color_matrix = AVCOL_SPC_BT2020_NCL;
  format.color_range = AVCOL_RANGE_MPEG;
  return format;
}

/// One colour of 10 bits everywhere.
FramePtr plain(const VideoFormat& format, int y, int u, int v) {
  FramePtr frame = make_frame();
  frame->width = kWidth;
  frame->height = kHeight;
  frame->format = AV_PIX_FMT_YUV420P10LE;
  tag_picture(*frame, format);
  REQUIRE(av_frame_get_buffer(frame.get(), 0) == 0);
  const int levels[] = {y, u, v};
  for (int plane = 0; plane < 3; ++plane)
    for (int row = 0; row < kHeight >> (plane > 0); ++row)
      for (int x = 0; x < kWidth >> (plane > 0); ++x) {
        const auto level = static_cast<std::uint16_t>(levels[plane]);
        std::memcpy(frame->data[plane] + row * frame->linesize[plane] + 2 * x, &level, 2);
      }
  return frame;
}

/// SMPTE ST 2084, limited range of 10 bits.
int pq_code(double nits) {
  const double m1 = 0.1593017578125, m2 = 78.84375, c1 = 0.8359375, c2 = 18.8515625, c3 = 18.6875;
  const double power = std::pow(nits / 10'000, m1);
  return 64 +
         static_cast<int>(std::lround(876 * std::pow((c1 + c2 * power) / (1 + c3 * power), m2)));
}

ConvertOptions for_viewers() {
  ConvertOptions options;
  options.pixel_format = AV_PIX_FMT_YUV420P;
  options.background = 0x000000;
  return options;
}

int grey_of(const VideoFormat& format, int code) {
  Converter converter(format, for_viewers());
  const FramePtr shown = converter.convert(plain(format, code, 512, 512));
  REQUIRE(shown->format == AV_PIX_FMT_YUV420P);
  CHECK(shown->colorspace == AVCOL_SPC_BT709);
  CHECK(shown->color_primaries == AVCOL_PRI_BT709);
  CHECK(shown->color_trc == AVCOL_TRC_BT709);
  CHECK(std::abs(shown->data[1][10] - 128) <= 1);
  CHECK(std::abs(shown->data[2][10] - 128) <= 1);
  return shown->data[0][10 * shown->linesize[0] + 20];
}

/// Four pixels wide patches of one RGBA colour.
FramePtr rgba(int red, int green, int blue, int alpha) {
  FramePtr frame = make_frame();
  frame->width = kWidth;
  frame->height = kHeight;
  frame->format = AV_PIX_FMT_RGBA;
  REQUIRE(av_frame_get_buffer(frame.get(), 0) == 0);
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) {
      std::uint8_t* pixel = frame->data[0] + y * frame->linesize[0] + 4 * x;
      pixel[0] = static_cast<std::uint8_t>(red);
      pixel[1] = static_cast<std::uint8_t>(green);
      pixel[2] = static_cast<std::uint8_t>(blue);
      pixel[3] = static_cast<std::uint8_t>(alpha);
    }
  return frame;
}

}  // namespace

TEST_CASE("PQ is shown on SDR screens: paper white bright, highlights above it, black black") {
  const VideoFormat format = hdr_format(AVCOL_TRC_SMPTE2084);
  const int black = grey_of(format, 64), grey = grey_of(format, pq_code(26));
  const int paper = grey_of(format, pq_code(203)), highlight = grey_of(format, pq_code(1000));
  CHECK(black <= 17);
  // An eighteenth of paper white is a middle grey, as in SDR.
  CHECK(grey > 70);
  CHECK(grey < 130);
  CHECK(paper > 170);
  CHECK(paper < 215);
  CHECK(highlight >= 230);
  CHECK(highlight <= 236);
  CHECK(grey_of(format, pq_code(500)) > paper);
}

TEST_CASE("HLG is shown on SDR screens as bright as PQ") {
  const VideoFormat format = hdr_format(AVCOL_TRC_ARIB_STD_B67);
  CHECK(grey_of(format, 64) <= 17);
  // Paper white is 75 % of the signal (ITU-R BT.2408 section 2.2).
  const int paper = grey_of(format, 64 + 657);
  CHECK(paper > 165);
  CHECK(paper < 215);
  CHECK(grey_of(format, 940) >= 228);
}

TEST_CASE("the colours of BT.2020 are converted to those of BT.709") {
  VideoFormat format = hdr_format(AVCOL_TRC_BT2020_10);
  Converter converter(format, for_viewers());
  // A green of BT.709, linear 0.1 0.6 0.1, in the coordinates of BT.2020 (ITU-R BT.2087), with the
  // curve of a reference display, which is what zimg keeps (ITU-R BT.1886).
  const auto gamma = [](double linear) { return std::pow(linear, 1 / 2.4); };
  const double r = gamma(0.26465), g = gamma(0.55975), b = gamma(0.144);
  const double y = 0.2627 * r + 0.678 * g + 0.0593 * b;
  const auto level = [](double value) { return static_cast<int>(std::lround(value)); };
  const FramePtr shown =
      converter.convert(plain(format, level(64 + 876 * y), level(512 + 896 * (b - y) / 1.8814),
                              level(512 + 896 * (r - y) / 1.4746)));
  // The same green by BT.709 in limited range.
  CHECK(std::abs(shown->data[0][10] - 167) <= 2);
  CHECK(std::abs(shown->data[1][10] - 91) <= 2);
  CHECK(std::abs(shown->data[2][10] - 85) <= 2);
}

TEST_CASE("HDR that is kept keeps its numbers and its tags") {
  const VideoFormat format = hdr_format(AVCOL_TRC_SMPTE2084);
  ConvertOptions options;
  options.hdr = media::Hdr::Keep;
  options.pixel_format = AV_PIX_FMT_YUV420P10LE;
  Converter converter(format, options);
  CHECK(converter.passthrough(*plain(format, 500, 512, 512)));
  CHECK(converter.output().color_transfer == AVCOL_TRC_SMPTE2084);
}

TEST_CASE("HDR that begins in mid-stream is shown in the colours of the stream") {
  VideoFormat sdr = format_of(AV_PIX_FMT_YUV420P);
  sdr.color_matrix = AVCOL_SPC_BT709;
  Converter converter(sdr, for_viewers());
  const VideoFormat pq = hdr_format(AVCOL_TRC_SMPTE2084);
  const FramePtr paper = converter.convert(plain(pq, pq_code(203), 512, 512));
  CHECK(paper->data[0][100] > 170);
  const VideoFormat hlg = hdr_format(AVCOL_TRC_ARIB_STD_B67);
  CHECK(converter.convert(plain(hlg, 64 + 657, 512, 512))->data[0][100] > 165);
}

TEST_CASE("HDR is turned, cropped and scaled on the way like any picture") {
  ConvertOptions options = for_viewers();
  options.width = 16;
  options.orientation = {.rotation = 90};
  options.crop = {.left = 4, .right = 4};
  Converter converter(hdr_format(AVCOL_TRC_SMPTE2084), options);
  const FramePtr shown =
      converter.convert(plain(hdr_format(AVCOL_TRC_SMPTE2084), pq_code(203), 512, 512));
  CHECK(shown->width == 16);
  CHECK(shown->height == 42);
  CHECK(shown->data[0][shown->linesize[0] * 41 + 15] > 170);
}

TEST_CASE("transparent pixels show black, or the colour that was asked for") {
  const auto shown = [](int alpha, std::uint32_t background) {
    ConvertOptions options = for_viewers();
    options.pixel_format = AV_PIX_FMT_RGB24;
    options.background = background;
    Converter converter(format_of(AV_PIX_FMT_RGBA), options);
    FramePtr out;
    for (int i = 0; i < 3; ++i) {
      FramePtr in = rgba(200, 100, 50, alpha);
      in->pts = i;
      out = converter.convert(std::move(in));
    }
    const std::uint8_t* pixel = out->data[0] + 8 * out->linesize[0] + 30;
    return std::vector<int>{pixel[0], pixel[1], pixel[2]};
  };
  const auto near = [](const std::vector<int>& seen, int red, int green, int blue) {
    return std::abs(seen[0] - red) <= 2 && std::abs(seen[1] - green) <= 2 &&
           std::abs(seen[2] - blue) <= 2;
  };
  CHECK(near(shown(255, 0), 200, 100, 50));
  CHECK(near(shown(0, 0), 0, 0, 0));
  CHECK(near(shown(0, 0x00ff80), 0, 255, 128));
  CHECK(near(shown(128, 0), 100, 50, 25));
}

TEST_CASE("alpha is ignored where nobody asks for a background, and kept where the output has it") {
  ConvertOptions options;
  options.pixel_format = AV_PIX_FMT_RGB24;
  Converter ignoring(format_of(AV_PIX_FMT_RGBA), options);
  CHECK(ignoring.convert(rgba(200, 100, 50, 0))->data[0][0] == 200);
  options.pixel_format = AV_PIX_FMT_RGBA;
  options.background = 0;
  CHECK(Converter(format_of(AV_PIX_FMT_RGBA), options).passthrough(*rgba(1, 2, 3, 4)));
}

TEST_CASE("the colours of a palette are converted as RGB") {
  VideoFormat format = format_of(AV_PIX_FMT_PAL8);
  Converter converter(format, for_viewers());
  FramePtr frame = make_frame();
  frame->width = kWidth;
  frame->height = kHeight;
  frame->format = AV_PIX_FMT_PAL8;
  REQUIRE(av_frame_get_buffer(frame.get(), 0) == 0);
  std::memset(frame->data[0], 1, static_cast<std::size_t>(frame->linesize[0]) * kHeight);
  const std::uint32_t palette[] = {0xff000000, 0xff00ff00};
  std::memcpy(frame->data[1], palette, sizeof palette);
  const FramePtr shown = converter.convert(std::move(frame));
  // Pure green of BT.601 in limited range.
  CHECK(std::abs(shown->data[0][10] - 145) <= 2);
  CHECK(std::abs(shown->data[1][10] - 54) <= 2);
  CHECK(std::abs(shown->data[2][10] - 34) <= 2);
}
