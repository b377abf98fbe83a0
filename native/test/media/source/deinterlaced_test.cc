// Interlaced pictures come out whole, each once, at their times.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "media/source/clips.h"
#include "media/source/deinterlaced_source.h"

using namespace videopush;
using media::Deinterlace;
using media::DeinterlacedSource;

namespace {

const AbortSignal never;
constexpr int kWidth = 128, kHeight = 64, kStep = 40;

/// A bright bar that moves by 8 pixels from field to field.
FramePtr moving_bar(int index, bool interlaced, int width = kWidth) {
  FramePtr frame = make_frame();
  frame->width = width;
  frame->height = kHeight;
  frame->format = AV_PIX_FMT_YUV420P;
  REQUIRE(av_frame_get_buffer(frame.get(), 0) == 0);
  for (int y = 0; y < kHeight; ++y) {
    std::uint8_t* row = frame->data[0] + y * frame->linesize[0];
    std::memset(row, 40, static_cast<std::size_t>(frame->linesize[0]));
    const int field = interlaced ? 2 * index + y % 2 : 2 * index;
    std::memset(row + field * 8 % (kWidth - 16), 220, 16);
  }
  for (const int plane : {1, 2})
    std::memset(frame->data[plane], 128,
                static_cast<std::size_t>(frame->linesize[plane]) * (kHeight / 2));
  frame->pts = std::int64_t{index} * kStep;
  set_frame_duration(*frame, kStep);
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  if (interlaced) frame->flags |= AV_FRAME_FLAG_INTERLACED | AV_FRAME_FLAG_TOP_FIELD_FIRST;
#else
  frame->interlaced_frame = interlaced;
  frame->top_field_first = 1;
#endif
  return frame;
}

struct Pictures {
  int count = 12;
  int interlaced_from = 0, wider_from = 1'000;
  std::optional<Error> end = std::nullopt;
};

/// Byte of the key frame that a picture depends on: every fourth picture is one.
constexpr std::int64_t key_of(int index) { return index / 4 * 1'000; }

class BarSource final : public media::FrameSource {
 public:
  explicit BarSource(Pictures pictures) : pictures_(std::move(pictures)) {
    descriptor_.interlaced = pictures_.interlaced_from < pictures_.count;
    VideoFormat& format = descriptor_.format;
    format.width = kWidth;
    format.height = kHeight;
    format.pixel_format = AV_PIX_FMT_YUV420P;
    format.time_base_num = 1;
    format.time_base_den = 1000;
    format.frame_rate_num = 25;
  }
  const media::SourceDescriptor& descriptor() const override { return descriptor_; }
  bool next(AVFrame& out) override {
    if (at_ >= pictures_.count) {
      if (pictures_.end) throw *pictures_.end;
      return false;
    }
    const FramePtr made = moving_bar(at_, at_ >= pictures_.interlaced_from,
                                     at_ >= pictures_.wider_from ? 2 * kWidth : kWidth);
    ++at_;
    av_frame_move_ref(&out, made.get());
    return true;
  }
  media::Place place() const override {
    const int shown = at_ - 1;
    return {.pts = std::int64_t{shown} * kStep, .key_position = key_of(shown)};
  }
  void seek(const media::Place& place) override {
    at_ = place.pts <= 0 ? 0 : static_cast<int>((place.pts + kStep - 1) / kStep);
  }
  media::Discontinuities discontinuities() const override { return {.forward = 1}; }
  std::uint64_t decode_errors() const override { return 0; }
  std::uint64_t packets_read() const override { return 0; }

 private:
  const Pictures pictures_;
  media::SourceDescriptor descriptor_;
  int at_ = 0;
};

DeinterlacedSource bars(const Pictures& pictures, Deinterlace mode = Deinterlace::Auto,
                        bool fields = false) {
  return DeinterlacedSource(std::make_unique<BarSource>(pictures), mode, fields);
}

/// How much rows differ from the mean of their neighbours: what combs are made of.
double combing(const AVFrame& frame) {
  std::int64_t sum = 0;
  for (int y = 9; y < frame.height - 9; ++y)
    for (int x = 0; x < frame.width; ++x) {
      const std::uint8_t* row = frame.data[0] + y * frame.linesize[0] + x;
      sum += std::abs(2 * row[0] - row[-frame.linesize[0]] - row[frame.linesize[0]]);
    }
  return static_cast<double>(sum) / (frame.width * (frame.height - 18));
}

std::vector<std::int64_t> times(media::FrameSource& source, double most_combing) {
  std::vector<std::int64_t> seen;
  const FramePtr frame = make_frame();
  while (source.next(*frame)) {
    CAPTURE(frame->pts);
    CHECK(combing(*frame) < most_combing);
    CHECK_FALSE(media::is_interlaced(*frame));
    seen.push_back(frame->pts);
  }
  return seen;
}

std::vector<std::int64_t> steps(int first, int count, int step) {
  std::vector<std::int64_t> all;
  for (int i = first; i < first + count; ++i) all.push_back(std::int64_t{i} * step);
  return all;
}

}  // namespace

TEST_CASE("an interlaced source gives every frame once, at its time and without combs") {
  CHECK(combing(*moving_bar(3, true)) > 20);
  DeinterlacedSource source = bars({});
  CHECK(times(source, 8) == steps(0, 12, kStep));
  CHECK(source.active());
  const FramePtr frame = make_frame();
  CHECK_FALSE(source.next(*frame));
}

TEST_CASE("each field of an interlaced source is a picture where that is asked for") {
  DeinterlacedSource source = bars({}, Deinterlace::Auto, true);
  CHECK(av_cmp_q(source.descriptor().format.time_base(), {1, 2000}) == 0);
  CHECK(times(source, 8) == steps(0, 24, kStep));
}

TEST_CASE("progressive pictures pass at once and untouched, until the first interlaced one") {
  DeinterlacedSource source = bars({.count = 6, .interlaced_from = 6});
  const FramePtr frame = make_frame();
  for (int i = 0; i < 6; ++i) {
    REQUIRE(source.next(*frame));
    CHECK(frame->pts == i * kStep);
    CHECK(frame->data[0][2 * i * 8] == 220);
  }
  CHECK_FALSE(source.next(*frame));
  CHECK_FALSE(source.active());
  DeinterlacedSource later = bars({.count = 12, .interlaced_from = 5});
  CHECK(times(later, 8) == steps(0, 12, kStep));
  CHECK(later.active());
}

TEST_CASE("the mode Always deinterlaces pictures that are not marked as interlaced") {
  DeinterlacedSource source = bars({.interlaced_from = 12}, Deinterlace::Always);
  CHECK(times(source, 8) == steps(0, 12, kStep));
  CHECK(source.active());
}

TEST_CASE("an interlaced source loses no frame when its size changes or its end is damaged") {
  DeinterlacedSource wider = bars({.count = 12, .wider_from = 5});
  CHECK(times(wider, 8) == steps(0, 12, kStep));
  DeinterlacedSource broken =
      bars({.count = 4, .end = Error(ErrorCode::SourceTruncated, "cut short")});
  std::vector<std::int64_t> seen;
  const FramePtr frame = make_frame();
  CHECK_THROWS_AS(
      [&] {
        while (broken.next(*frame)) seen.push_back(frame->pts);
      }(),
      Error);
  CHECK(seen == steps(0, 4, kStep));
}

TEST_CASE("progressive pictures keep their times and durations where fields are asked for") {
  DeinterlacedSource source = bars({.count = 3, .interlaced_from = 3}, Deinterlace::Auto, true);
  const FramePtr frame = make_frame();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(source.next(*frame));
    CHECK(frame->pts == 2 * i * kStep);
    CHECK(frame_duration(*frame) == 2 * kStep);
  }
}

TEST_CASE("a seek in an interlaced source lands on the very frame or field") {
  DeinterlacedSource source = bars({});
  DeinterlacedSource fields = bars({}, Deinterlace::Auto, true);
  const FramePtr frame = make_frame();
  REQUIRE(source.next(*frame));
  for (const int index : {7, 0, 3, 11}) {
    CAPTURE(index);
    source.seek({.pts = index * kStep});
    REQUIRE(source.next(*frame));
    CHECK(frame->pts == index * kStep);
    CHECK(combing(*frame) < 8);
    fields.seek({.pts = (2 * index + 1) * kStep});
    REQUIRE(fields.next(*frame));
    CHECK(frame->pts == (2 * index + 1) * kStep);
  }
  source.seek({.pts = 100 * kStep});
  CHECK_FALSE(source.next(*frame));
}

TEST_CASE("the place of a deinterlaced picture is that of the key frame of the picture before it") {
  for (const bool as_fields : {false, true}) {
    CAPTURE(as_fields);
    DeinterlacedSource source = bars({}, Deinterlace::Auto, as_fields);
    CHECK(source.discontinuities().forward == 1);
    const FramePtr frame = make_frame();
    for (int i = 0; source.next(*frame); ++i) {
      const int index = as_fields ? i / 2 : i;
      CAPTURE(index);
      CHECK(source.place().pts == frame->pts);
      CHECK(source.place().key_position == key_of(std::max(index - 1, 0)));
    }
  }
}

TEST_CASE("the descriptor says which sources are interlaced") {
  const auto interlaced = [](const std::string& encode, const std::string& extension) {
    media::SourceOptions options;
    options.uri = clips::make(30, "25", encode, extension);
    return media::open_source(options, {}, never)->descriptor().interlaced;
  };
  CHECK_FALSE(interlaced(clips::x264(0, 10), "mp4"));
  CHECK_FALSE(interlaced("-map 0:v -c:v mpeg2video -b:v 2M", "ts"));
  CHECK(interlaced("-map 0:v -c:v mpeg2video -flags +ilme+ildct -top 1 -b:v 2M", "ts"));
  for (const char* extension : {"mp4", "mkv", "ts"})
    CHECK(interlaced("-map 0:v -c:v libx264 -preset ultrafast -flags +ilme+ildct", extension));
}
