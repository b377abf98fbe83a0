// The eight ways in which a picture can lie, judged by its corners.
#include "media/picture/orientation.h"

#include <doctest/doctest.h>

#include <cstring>

extern "C" {
#include <libavutil/display.h>
}

#include "media/picture/convert.h"
#include "media/picture/format_of.h"
#include "media/source/clips.h"

using namespace videopush;
using media::Converter;
using media::ConvertOptions;

namespace {

constexpr int kWidth = 64, kHeight = 32, kPatch = 8;

/// Luma of the corner that lies at (x, y), each -1 or 1, y downwards.
int corner_level(int x, int y) { return y < 0 ? (x < 0 ? 230 : 170) : (x < 0 ? 110 : 50); }

VideoFormat format_of(AVPixelFormat pixels) {
  VideoFormat format = test::format_of(kWidth, kHeight, pixels);
  format.color_matrix = AVCOL_SPC_SMPTE170M;
  format.color_range = AVCOL_RANGE_MPEG;
  return format;
}

/// Four patches of different grey.
FramePtr corners(AVPixelFormat pixels) {
  FramePtr frame = make_frame();
  frame->width = kWidth;
  frame->height = kHeight;
  frame->format = AV_PIX_FMT_YUV420P;
  tag_picture(*frame, format_of(AV_PIX_FMT_YUV420P));
  REQUIRE(av_frame_get_buffer(frame.get(), 0) == 0);
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x)
      frame->data[0][y * frame->linesize[0] + x] = static_cast<std::uint8_t>(
          corner_level(x < kWidth / 2 ? -1 : 1, y < kHeight / 2 ? -1 : 1));
  for (const int plane : {1, 2})
    std::memset(frame->data[plane], 128,
                static_cast<std::size_t>(frame->linesize[plane]) * (kHeight / 2));
  ConvertOptions options;
  options.pixel_format = pixels;
  return Converter(format_of(AV_PIX_FMT_YUV420P), options).convert(std::move(frame));
}

std::int32_t* numbers_of(const clips::Matrix& matrix, std::int32_t (&out)[9]) {
  const std::int32_t numbers[9] = {
      matrix.a * 65536, matrix.b * 65536, 0, matrix.c * 65536, matrix.d * 65536, 0, 0, 0, 1 << 30};
  std::memcpy(out, numbers, sizeof numbers);
  return out;
}

media::Orientation orientation_of(const clips::Matrix& matrix) {
  std::int32_t numbers[9];
  return media::orientation_of(numbers_of(matrix, numbers));
}

void check_corners(const AVFrame& shown, const clips::Matrix& matrix) {
  for (const int x : {-1, 1}) {
    for (const int y : {-1, 1}) {
      const int shown_x = matrix.a * x + matrix.c * y, shown_y = matrix.b * x + matrix.d * y;
      const int column = shown_x < 0 ? kPatch / 2 : shown.width - kPatch / 2;
      const int row = shown_y < 0 ? kPatch / 2 : shown.height - kPatch / 2;
      CHECK(shown.data[0][row * shown.linesize[0] + column] ==
            doctest::Approx(corner_level(x, y)).epsilon(0.03));
    }
  }
}

}  // namespace

TEST_CASE("each of the eight display matrices brings every corner to where it belongs") {
  for (const AVPixelFormat pixels :
       {AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_NV12, AV_PIX_FMT_RGB24}) {
    CAPTURE(av_get_pix_fmt_name(pixels));
    for (const clips::Matrix& matrix : clips::kMatrices) {
      CAPTURE(matrix.a);
      CAPTURE(matrix.b);
      CAPTURE(matrix.c);
      CAPTURE(matrix.d);
      ConvertOptions options;
      options.orientation = orientation_of(matrix);
      options.pixel_format = AV_PIX_FMT_YUV420P;
      Converter converter(format_of(pixels), options);
      const FramePtr shown = converter.convert(corners(pixels));
      REQUIRE(shown->width == (matrix.a != 0 ? kWidth : kHeight));
      REQUIRE(shown->height == (matrix.a != 0 ? kHeight : kWidth));
      check_corners(*shown, matrix);
    }
  }
}

TEST_CASE("a picture that says itself how it lies is shown so, whatever the container says") {
  for (const clips::Matrix& matrix : clips::kMatrices) {
    if (matrix.a == 0) continue;
    ConvertOptions options;
    options.orientation = {.rotation = 180};
    Converter converter(format_of(AV_PIX_FMT_YUV420P), options);
    FramePtr frame = corners(AV_PIX_FMT_YUV420P);
    AVFrameSideData* side =
        av_frame_new_side_data(frame.get(), AV_FRAME_DATA_DISPLAYMATRIX, 9 * sizeof(std::int32_t));
    REQUIRE(side != nullptr);
    std::int32_t numbers[9];
    std::memcpy(side->data, numbers_of(matrix, numbers), sizeof numbers);
    check_corners(*converter.convert(std::move(frame)), matrix);
  }
}

TEST_CASE("an angle between two quarter turns is the nearer one, and a matrix of zeros is none") {
  std::int32_t matrix[9];
  av_display_rotation_set(matrix, 80);
  CHECK(media::orientation_of(matrix) == media::Orientation{.rotation = 90});
  av_display_rotation_set(matrix, 10);
  CHECK(media::orientation_of(matrix).upright());
  std::memset(matrix, 0, sizeof matrix);
  CHECK(media::orientation_of(matrix).upright());
}
