#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "media/source/clips.h"
#include "media/source/index.h"
#include "media/source/source.h"

using namespace videopush;
using media::SourceOptions;
using media::TestPattern;

namespace {

const AbortSignal never;

SourceOptions pattern(double seconds, AVRational rate = {25, 1}) {
  SourceOptions options;
  TestPattern test;
  test.width = 64;
  test.height = 48;
  test.rate = rate;
  test.duration_seconds = seconds;
  options.test_pattern = test;
  return options;
}

std::string luma(const AVFrame& frame) {
  std::string out;
  for (int y = 0; y < frame.height; ++y) {
    out.append(reinterpret_cast<char*>(frame.data[0] + y * frame.linesize[0]),
               static_cast<std::size_t>(frame.width));
  }
  return out;
}

}  // namespace

TEST_CASE("the test pattern gives the frames of its duration, numbered from 0") {
  const auto source = media::open_source(pattern(2, {30000, 1001}), {}, never);
  CHECK(source->descriptor().frame_count == 60);
  CHECK(source->descriptor().seekable);
  CHECK(source->descriptor().finite);
  CHECK_FALSE(source->descriptor().live);
  CHECK(source->descriptor().format.time_base_num == 1001);
  CHECK(source->descriptor().format.time_base_den == 30000);
  CHECK(source->descriptor().format.pixel_format == AV_PIX_FMT_YUV420P);
  const FramePtr frame = make_frame();
  for (int n = 0; n < 60; ++n) {
    REQUIRE(source->next(*frame));
    CHECK(frame->pts == n);
    CHECK(frame_duration(*frame) == 1);
  }
  CHECK_FALSE(source->next(*frame));
}

TEST_CASE("seeking in the test pattern gives the same pictures as reading, across its minute too") {
  const auto source = media::open_source(pattern(0, {5, 1}), {}, never);
  CHECK_FALSE(source->descriptor().finite);
  const FramePtr frame = make_frame();
  std::vector<std::string> pictures;
  for (int n = 0; n < 320; ++n) {
    REQUIRE(source->next(*frame));
    pictures.push_back(luma(*frame));
  }
  CHECK(pictures[0] != pictures[1]);
  for (const int target : {310, 5, 6, 299, 300, 0}) {
    CAPTURE(target);
    source->seek({.pts = target});
    REQUIRE(source->next(*frame));
    CHECK(frame->pts == target);
    CHECK(luma(*frame) == pictures[static_cast<std::size_t>(target)]);
  }
  source->seek({.pts = 1'000'000'000'000});
  REQUIRE(source->next(*frame));
  CHECK(frame->pts == 1'000'000'000'000);
}

TEST_CASE("every offered pattern can be drawn, any other is refused by name") {
  for (const std::string name : {"testsrc2", "smptehdbars", "testsrc"}) {
    SourceOptions options = pattern(1);
    options.test_pattern->pattern = name;
    const FramePtr frame = make_frame();
    CHECK(media::open_source(options, {}, never)->next(*frame));
  }
  SourceOptions options = pattern(1);
  options.test_pattern->pattern = "movie=/etc/passwd";
  CHECK_THROWS_WITH_AS(media::open_source(options, {}, never), doctest::Contains("testsrc2"),
                       Error);
  options = pattern(1);
  options.test_pattern->width = 63;
  CHECK_THROWS_AS(media::open_source(options, {}, never), Error);
  options = pattern(1, {0, 1});
  CHECK_THROWS_AS(media::open_source(options, {}, never), Error);
  options = pattern(-1);
  CHECK_THROWS_AS(media::open_source(options, {}, never), Error);
}

TEST_CASE("the index of a test pattern is its frame numbers") {
  const media::FrameIndex index = media::FrameIndex::build(pattern(4), never);
  CHECK(index.size() == 100);
  CHECK(index.pts(99) == 99);
  CHECK(index.index_at(2.0) == 50);
  CHECK(index.gop_of(7).count == 1);
  CHECK_THROWS_AS(index.pts(100), Error);
  CHECK_THROWS_AS(index.index_at(4.0), Error);
}
