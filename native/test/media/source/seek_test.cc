#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>

#include "core/error.h"
#include "media/source/clips.h"
#include "media/source/index.h"
#include "media/source/source.h"

using namespace videopush;
using media::FrameIndex;
using media::SourceOptions;

namespace {

const AbortSignal never;

SourceOptions source_at(const std::string& path) {
  SourceOptions options;
  options.uri = path;
  return options;
}

std::string open_gop(int gop) { return clips::x264(3, gop) + ":open-gop=1"; }

const std::pair<std::string, std::string> kClips[] = {
    {clips::x264(0, 20), "mp4"},
    {clips::x264(3, 20), "mp4"},
    {clips::x264(3, 20), "mkv"},
    {clips::x264(3, 20), "ts"},
    {clips::x264(3, 20), "flv"},
    {clips::x264(2, 20) + " -output_ts_offset 100", "ts"},
    {clips::x264(2, 20) + " -movflags frag_keyframe+empty_moov", "mp4"},
    {"-map 1:a -c:a aac " + clips::x264(2, 20), "mp4"},
    {open_gop(20), "mp4"},
    {open_gop(20), "mkv"},
    {open_gop(20), "ts"},
    {"-map 0:v -c:v mpeg2video -bf 2 -g 12 -b:v 2M", "mpg"},
    {"-map 0:v -c:v mpeg2video -bf 2 -g 12 -b:v 2M", "ts"},
    {"-map 0:v -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=20:bframes=3",
     "mp4"},
    {"-map 0:v -c:v libvpx -b:v 2M -g 20 -auto-alt-ref 1 -lag-in-frames 10", "webm"},
    {"-map 0:v -c:v libx264 -preset veryfast -crf 12 -bf 2 -g 20", "h264"},
    {"-map 0:v -c:v mjpeg -q:v 3", "avi"},
};

}  // namespace

TEST_CASE("seeking to any frame gives exactly it and then all that follow") {
  const unsigned seed = 20240611;
  CAPTURE(seed);
  for (const auto& [encode, extension] : kClips) {
    CAPTURE(encode);
    CAPTURE(extension);
    const std::string clip = clips::make(90, "25", encode, extension);
    const auto source = media::open_source(source_at(clip), {2}, never);
    REQUIRE(source->descriptor().seekable);
    const auto all = clips::read_all(*source);
    REQUIRE(clips::indices(all) == clips::count_from(0, 90));

    std::vector<int> targets(90);
    std::iota(targets.begin(), targets.end(), 0);
    std::shuffle(targets.begin(), targets.end(), std::mt19937(seed));
    const FramePtr frame = make_frame();
    std::vector<clips::Seen> got, expected;
    for (const int target : targets) {
      source->seek({.pts = all[target].pts});
      for (int i = target; i < std::min(target + 3, 90); ++i) {
        expected.push_back(all[i]);
        if (source->next(*frame)) got.push_back({clips::index_of(*frame), frame->pts});
      }
    }
    CHECK(got == expected);
    source->seek({.pts = all[70].pts});
    CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(70, 20));
    source->seek({.pts = all[0].pts});
    CHECK(clips::read_all(*source) == all);
  }
}

TEST_CASE("a fresh source starts at the given timestamp, as a restarted decoder does") {
  for (const auto& [encode, extension] : kClips) {
    CAPTURE(encode);
    CAPTURE(extension);
    const std::string clip = clips::make(90, "25", encode, extension);
    const auto all = clips::read_all(*media::open_source(source_at(clip), {1}, never));
    for (const int target : {0, 1, 19, 20, 21, 57, 89}) {
      const auto source = media::open_source(source_at(clip), {2}, never);
      source->seek({.pts = all[target].pts});
      CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(target, 90 - target));
    }
  }
}

TEST_CASE("a fresh source finds every place of a stream whose clock jumps") {
  for (const int b_frames : {0, 3}) {
    for (const double second : {1.0, 3601.0}) {
      CAPTURE(b_frames);
      CAPTURE(second);
      const std::string clip = clips::joined_stream(clips::x264(b_frames, 20), 1, second);
      std::vector<media::Place> places;
      std::vector<int> indices;
      {
        const auto source = media::open_source(source_at(clip), {2}, never);
        const FramePtr frame = make_frame();
        while (source->next(*frame)) {
          places.push_back(source->place());
          indices.push_back(clips::index_of(*frame));
          CHECK(places.back().pts == frame->pts);
          CHECK(places.back().key_position >= 0);
        }
      }
      REQUIRE(places.size() == 80);
      // The jump was read ahead before the first frame was decoded.
      CHECK(places.front().shift == 0);
      CHECK(places.back().shift != 0);
      for (const std::size_t target : {0u, 5u, 20u, 39u, 40u, 41u, 59u, 60u, 79u}) {
        CAPTURE(target);
        const auto source = media::open_source(source_at(clip), {2}, never);
        source->seek(places[target]);
        CHECK(
            clips::indices(clips::read_all(*source)) ==
            std::vector<int>(indices.begin() + static_cast<std::ptrdiff_t>(target), indices.end()));
        // Decoding begins no further back than one GOP before.
        CHECK(source->packets_read() <= 80 - target + 41);
      }
      // A place without a position is found by reading from the beginning.
      const auto source = media::open_source(source_at(clip), {2}, never);
      source->seek({.pts = places[50].pts});
      CHECK(clips::indices(clips::read_all(*source)) ==
            std::vector<int>(indices.begin() + 50, indices.end()));
    }
  }
}

TEST_CASE("every place of a file whose clock jumps is found, by whoever looks for it") {
  for (const std::string extension : {"ts", "mkv", "flv"}) {
    for (const auto& [first, second] : {std::pair(1.0, 1.0), std::pair(9.0, 2.0), {1.0, 9000.0}}) {
      CAPTURE(extension);
      CAPTURE(second);
      const std::string clip = clips::joined_file(clips::x264(2, 20), first, second, extension);
      std::vector<media::Place> places;
      std::vector<int> indices;
      const auto whole = media::open_source(source_at(clip), {2}, never);
      const FramePtr frame = make_frame();
      while (whole->next(*frame)) {
        places.push_back(whole->place());
        indices.push_back(clips::index_of(*frame));
      }
      REQUIRE(places.size() == 80);
      // A packet at the joint may have a DTS that libavformat counted on from the first part.
      const media::Discontinuities jumps = whole->discontinuities();
      CHECK(jumps.forward + jumps.backward == 1);
      const auto rest = [&](std::size_t from) {
        return std::vector<int>(indices.begin() + static_cast<std::ptrdiff_t>(from), indices.end());
      };
      for (const std::size_t target : {0u, 5u, 20u, 39u, 40u, 41u, 59u, 60u, 79u}) {
        CAPTURE(target);
        // A decoder that was restarted, and a reader that has been everywhere.
        const auto fresh = media::open_source(source_at(clip), {2}, never);
        fresh->seek(places[target]);
        CHECK(clips::indices(clips::read_all(*fresh)) == rest(target));
        whole->seek(places[target]);
        CHECK(clips::indices(clips::read_all(*whole)) == rest(target));
      }
      // The next pass of a repeated source.
      whole->seek({.pts = places[0].pts});
      CHECK(clips::indices(clips::read_all(*whole)) == indices);

      const FrameIndex index = FrameIndex::build(source_at(clip), never);
      REQUIRE(index.size() == 80);
      const auto reader = media::open_source(source_at(clip), {2}, never);
      for (const std::size_t target : {70u, 3u, 41u, 40u, 39u, 0u, 79u}) {
        CAPTURE(target);
        reader->seek(index.place(static_cast<std::int64_t>(target)));
        REQUIRE(reader->next(*frame));
        CHECK(clips::index_of(*frame) == indices[target]);
        CHECK(frame->pts == index.pts(static_cast<std::int64_t>(target)));
      }
    }
  }
}

TEST_CASE("the index of a stream whose clock begins again leads to every frame") {
  const std::string clip = clips::joined_stream(clips::x264(3, 20), 100, 1);
  const FrameIndex index = FrameIndex::build(source_at(clip), never);
  REQUIRE(index.size() == 80);
  const auto source = media::open_source(source_at(clip), {2}, never);
  const FramePtr frame = make_frame();
  for (const int target : {70, 3, 41, 40, 39, 0, 79}) {
    CAPTURE(target);
    source->seek(index.place(target));
    REQUIRE(source->next(*frame));
    CHECK(clips::index_of(*frame) == target % 40);
    CHECK(frame->pts == index.pts(target));
  }
}

TEST_CASE("a timestamp between two frames gives the later one, one past the end gives the end") {
  const std::string clip = clips::make(90, "25", clips::x264(3, 20), "mp4");
  const auto source = media::open_source(source_at(clip), {2}, never);
  const auto all = clips::read_all(*source);
  const FramePtr frame = make_frame();
  source->seek({.pts = all[41].pts - 1});
  REQUIRE(source->next(*frame));
  CHECK(clips::index_of(*frame) == 41);
  source->seek({.pts = all[41].pts + 1});
  REQUIRE(source->next(*frame));
  CHECK(clips::index_of(*frame) == 42);
  source->seek({.pts = all[89].pts + 1});
  CHECK_FALSE(source->next(*frame));
  source->seek({.pts = INT64_MIN / 4});
  REQUIRE(source->next(*frame));
  CHECK(clips::index_of(*frame) == 0);
}

TEST_CASE("the index knows every frame's timestamp and GOP") {
  for (const auto& [encode, extension] : kClips) {
    CAPTURE(encode);
    CAPTURE(extension);
    const std::string clip = clips::make(90, "25", encode, extension);
    const auto all = clips::read_all(*media::open_source(source_at(clip), {2}, never));
    const FrameIndex index = FrameIndex::build(source_at(clip), never);
    REQUIRE(index.size() == 90);
    for (int i = 0; i < 90; ++i) {
      REQUIRE(index.pts(i) == all[i].pts);
      REQUIRE(index.index_at(static_cast<double>(all[i].pts) * av_q2d(index.time_base())) == i);
      REQUIRE(index.index_of(all[i].pts) == i);
      const media::Gop gop = index.gop_of(i);
      REQUIRE(gop.first <= i);
      REQUIRE(i < gop.first + gop.count);
    }
  }
}

TEST_CASE("the index measures GOPs of 20, and the last one as what is left") {
  const std::string clip = clips::make(90, "25", clips::x264(3, 20), "mp4");
  const FrameIndex index = FrameIndex::build(source_at(clip), never);
  CHECK(index.gop_of(0).first == 0);
  CHECK(index.gop_of(19).count == 20);
  CHECK(index.gop_of(20).first == 20);
  CHECK(index.gop_of(59).first == 40);
  CHECK(index.gop_of(89).first == 80);
  CHECK(index.gop_of(89).count == 10);
}

TEST_CASE("an index refuses frames and times outside of its source") {
  const FrameIndex index({10, 20, 30}, {0, 2}, {1, 10});
  CHECK_THROWS_AS(index.pts(-1), Error);
  CHECK_THROWS_AS(index.pts(3), Error);
  CHECK_THROWS_AS(index.gop_of(3), Error);
  CHECK_THROWS_AS(index.index_at(0.9), Error);
  CHECK_THROWS_AS(index.index_at(4.0), Error);
  CHECK_THROWS_AS(index.index_at(1e300), Error);
  CHECK(index.index_at(3.9) == 2);
  CHECK(index.index_at(1.0) == 0);
  CHECK(index.index_of(11) == 1);
}
