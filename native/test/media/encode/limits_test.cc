// Numbers that are asked for, and their bounds.
#include "core/limits.h"

#include <doctest/doctest.h>

#include <string>

#include "core/error.h"
#include "media/encode/encoder_settings.h"
#include "media/source/source.h"

using namespace videopush;
using media::EncoderOptions;

namespace {

VideoFormat frames_of(int width, int height, int rate) {
  VideoFormat format;
  format.width = width;
  format.height = height;
  format.pixel_format = AV_PIX_FMT_YUV420P;
  format.time_base_num = 1;
  format.time_base_den = format.frame_rate_num = rate;
  return format;
}

std::string refusal(const EncoderOptions& options, VideoFormat input = frames_of(640, 360, 25)) {
  try {
    media::encoder_settings(options, input, false);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::InvalidArgument);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("an encoder's settings out of bounds are refused with the bounds") {
  CHECK(refusal({.width = 8194}) ==
        "the picture's width must be a whole number from 16 to 8192, not 8194");
  CHECK(refusal({}, frames_of(640, 8194, 25)).starts_with("the picture's height must be"));
  CHECK(refusal({.bit_rate = 9'999}) ==
        "the bit rate must be a whole number from 10000 to 800000000, not 9999");
  CHECK(refusal({.bit_rate = 800'000'001}).starts_with("the bit rate must be"));
  CHECK(refusal({.gop_frames = 100'001}).starts_with("the GOP length must be"));
  CHECK(refusal({.gop_seconds = 601}).starts_with("the GOP length in seconds must be"));
  CHECK(refusal({.max_b_frames = 17}).ends_with("must be a whole number from 0 to 16, not 17"));
  CHECK(refusal({.threads = 65}).ends_with("must be a whole number from 0 to 64, not 65"));
}

TEST_CASE("an encoder's settings at their bounds are taken") {
  CHECK(refusal({.width = 8192, .height = 16, .bit_rate = 10'000}) == "");
  CHECK(refusal({.bit_rate = 800'000'000, .gop_frames = 100'000, .max_b_frames = 16}) == "");
  CHECK(refusal({.gop_seconds = 600, .threads = 64}) == "");
}

TEST_CASE("a bit rate by size or from the source is one that could have been asked for") {
  VideoFormat huge = frames_of(8192, 4352, 300);
  CHECK(media::encoder_settings({}, huge, false).bit_rate == limits::kBitRate.most);
  huge.bit_rate = 5'000'000'000;
  CHECK(media::encoder_settings({}, huge, false).bit_rate == limits::kBitRate.most);
}

TEST_CASE("a test pattern out of bounds is refused") {
  AbortSignal never;
  media::SourceOptions source;
  source.test_pattern.emplace().rate = {1001, 1};
  CHECK_THROWS_WITH_AS(media::open_source(source, {}, never), doctest::Contains("at most 1000"),
                       Error);
  source.test_pattern.emplace().width = 8194;
  CHECK_THROWS_WITH_AS(media::open_source(source, {}, never), doctest::Contains("at most 8192"),
                       Error);
}
