#include <doctest/doctest.h>

#include <string>

#include "core/error.h"
#include "media/source/clips.h"
#include "media/source/source.h"

using namespace videopush;
using media::DecodeOptions;
using media::FrameSource;
using media::SourceOptions;

namespace {

const AbortSignal never;

std::unique_ptr<FrameSource> open(const std::string& path, int threads = 0) {
  SourceOptions options;
  options.uri = path;
  return media::open_source(options, DecodeOptions{threads}, never);
}

void check_steps(const std::vector<clips::Seen>& seen, std::int64_t step) {
  bool even = true;
  for (std::size_t i = 1; i < seen.size(); ++i)
    even = even && seen[i].pts - seen[i - 1].pts == step;
  CHECK(even);
}

}  // namespace

TEST_CASE("every frame comes exactly once, in order, for 0 to 3 B-frames and 1 to 8 threads") {
  for (const std::string extension : {"mp4", "mkv", "ts", "flv"}) {
    for (const int b_frames : {0, 1, 2, 3}) {
      const std::string clip = clips::make(101, "25", clips::x264(b_frames, 20), extension);
      for (const int threads : {1, 2, 8}) {
        CAPTURE(extension);
        CAPTURE(b_frames);
        CAPTURE(threads);
        const auto source = open(clip, threads);
        CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(0, 101));
        CHECK(source->decode_errors() == 0);
        CHECK(source->packets_read() == 101);
      }
    }
  }
}

TEST_CASE("every frame of a DV recording comes exactly once") {
  const std::string encode = "-map 0:v -c:v dvvideo -s 720x576 -pix_fmt yuv420p";
  const auto source = open(clips::make(20, "25", encode, "dv"));
  CHECK(clips::read_all(*source).size() == 20);
}

TEST_CASE("every frame comes exactly once when the video is not the first stream") {
  const std::string encode = "-map 1:a -c:a aac " + clips::x264(2, 25);
  for (const std::string extension : {"mp4", "mkv", "ts"}) {
    CAPTURE(extension);
    const auto source = open(clips::make(75, "25", encode, extension), 2);
    CHECK(source->descriptor().stream_index == 1);
    CHECK(source->descriptor().stream_count == 2);
    REQUIRE(source->descriptor().audio.size() == 1);
    CHECK(source->descriptor().audio[0].codec == "aac");
    CHECK(source->descriptor().audio[0].channels == 1);
    CHECK(source->descriptor().audio[0].sample_rate == 48000);
    CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(0, 75));
  }
}

TEST_CASE("every frame comes exactly once from other codecs and containers") {
  const std::pair<std::string, std::string> cases[] = {
      {"-map 0:v -c:v mpeg2video -bf 2 -g 12 -b:v 2M", "mpg"},
      {"-map 0:v -c:v mpeg4 -bf 2 -b:v 2M", "mkv"},
      {"-map 0:v -c:v mpeg4 -b:v 2M", "avi"},
      {"-map 0:v -c:v mjpeg -q:v 3", "avi"},
      {"-map 0:v -c:v libvpx -b:v 2M", "webm"},
      {"-map 0:v -c:v libvpx-vp9 -b:v 2M -cpu-used 8", "webm"},
      {"-map 0:v -c:v libx264 -preset veryfast -crf 12 -bf 2", "h264"},
      {"-map 0:v -c:v libx264 -preset veryfast -crf 12 -movflags frag_keyframe+empty_moov", "mp4"},
      {"-map 0:v", "y4m"},
      {"-map 0:v -c:v libvpx -b:v 2M", "ivf"},
      {"-map 0:v -pix_fmt gray -f apng", "png"},
  };
  for (const auto& [encode, extension] : cases) {
    CAPTURE(encode);
    CAPTURE(extension);
    const auto source = open(clips::make(60, "25", encode, extension), 2);
    CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(0, 60));
  }
}

TEST_CASE(
    "frames at 29.97 and 23.976 per second keep exact timestamps in the stream's own time base") {
  for (const std::string rate : {"30000/1001", "24000/1001"}) {
    CAPTURE(rate);
    const auto source = open(clips::make(90, rate, clips::x264(2, 30), "mp4"));
    const VideoFormat& format = source->descriptor().format;
    CHECK(std::to_string(format.frame_rate_num) + "/" + std::to_string(format.frame_rate_den) ==
          rate);
    CHECK_FALSE(source->descriptor().variable_frame_rate);
    const auto seen = clips::read_all(*source);
    REQUIRE(seen.size() == 90);
    const std::int64_t step =
        av_rescale_q(1, {format.frame_rate_den, format.frame_rate_num}, format.time_base());
    CHECK(av_rescale_q(step, format.time_base(), {format.frame_rate_den, format.frame_rate_num}) ==
          1);
    check_steps(seen, step);
  }
}

TEST_CASE("a source of variable frame rate keeps every timestamp") {
  const std::string encode = clips::x264(2, 25) +
                             " -fps_mode passthrough -enc_time_base 1/100 "
                             "-vf settb=1/100,setpts='if(lt(N\\,50)\\,N*2\\,100+(N-50)*10)'";
  for (const std::string extension : {"mp4", "mkv"}) {
    CAPTURE(extension);
    // An edit list of rounded duration would cut the last frame off.
    const std::string more = extension == "mp4" ? " -use_editlist 0" : "";
    const auto source = open(clips::make(80, "25", encode + more, extension));
    CHECK(source->descriptor().variable_frame_rate);
    const double tick = av_q2d(source->descriptor().format.time_base());
    const auto seen = clips::read_all(*source);
    REQUIRE(clips::indices(seen) == clips::count_from(0, 80));
    for (const clips::Seen& frame : seen) {
      const double expected =
          frame.index < 50 ? frame.index * 0.02 : 1.0 + (frame.index - 50) * 0.1;
      CHECK(static_cast<double>(frame.pts - seen[0].pts) * tick ==
            doctest::Approx(expected).epsilon(0.001));
    }
  }
}

TEST_CASE("a source keeps a start time other than zero") {
  for (const std::string extension : {"mkv", "ts"}) {
    CAPTURE(extension);
    const auto source =
        open(clips::make(50, "25", clips::x264(2, 25) + " -output_ts_offset 100", extension));
    const double tick = av_q2d(source->descriptor().format.time_base());
    const auto seen = clips::read_all(*source);
    REQUIRE(clips::indices(seen) == clips::count_from(0, 50));
    CHECK(static_cast<double>(seen[0].pts) * tick > 99.9);
    CHECK(source->descriptor().start_seconds ==
          doctest::Approx(static_cast<double>(seen[0].pts) * tick));
    check_steps(seen, av_rescale_q(40, {1, 1000}, source->descriptor().format.time_base()));
  }
}

TEST_CASE("a source returns the end at every call after its last frame") {
  const auto source = open(clips::make(10, "25", clips::x264(2, 25), "mp4"), 8);
  CHECK(clips::read_all(*source).size() == 10);
  const FramePtr frame = make_frame();
  CHECK_FALSE(source->next(*frame));
  CHECK_FALSE(source->next(*frame));
}

TEST_CASE("damaged packets are passed over and counted, and decoding goes on") {
  std::string bytes = clips::read_file(clips::make(200, "25", clips::x264(0, 10), "ts"));
  const std::size_t middle = bytes.size() / 2 / 188 * 188;
  for (std::size_t i = middle; i < middle + 188 * 6; ++i) {
    if (i % 188 > 20) bytes[i] = static_cast<char>(i * 31);
  }
  const auto source = open(clips::write_file("damaged.ts", bytes), 2);
  const auto seen = clips::read_all(*source);
  CHECK(seen.size() > 180);
  CHECK(seen.back().index == 199);
}

TEST_CASE("a transport stream whose clock jumps gives every frame at its pace") {
  std::vector<int> twice = clips::count_from(0, 40);
  for (const int index : clips::count_from(0, 40)) twice.push_back(index);
  for (const int b_frames : {0, 3}) {
    // The clock of the second part lies an hour and many hours ahead, a little and many hours back,
    // or begins where the first part began.
    for (const auto& [first, second] :
         {std::pair{1.0, 3601.0}, {1.0, 20'000.0}, {100.0, 1.4}, {40'000.0, 1.0}, {1.0, 1.0}}) {
      CAPTURE(b_frames);
      CAPTURE(first);
      CAPTURE(second);
      const auto source = open(clips::joined_stream(clips::x264(b_frames, 20), first, second), 2);
      const auto seen = clips::read_all(*source);
      CHECK(clips::indices(seen) == twice);
      check_steps(seen, 3600);
      CHECK(source->discontinuities().total() == 1);
    }
  }
}

TEST_CASE("a transport stream whose 33-bit clock wraps runs on") {
  const double wrap = static_cast<double>(std::int64_t{1} << 33) / 90'000;
  for (const int b_frames : {0, 3}) {
    const auto source = open(clips::make(
        101, "25", clips::x264(b_frames, 20) + " -output_ts_offset " + std::to_string(wrap - 3),
        "ts"));
    const auto seen = clips::read_all(*source);
    CHECK(clips::indices(seen) == clips::count_from(0, 101));
    check_steps(seen, 3600);
    CHECK(source->discontinuities().total() == 0);
  }
}

TEST_CASE("a transport stream whose video moves to another PID is followed") {
  for (const std::string other : {"-mpegts_start_pid 0x200", "-streamid 0:0x333"}) {
    CAPTURE(other);
    const auto source = open(clips::joined_stream(clips::x264(2, 20), 1, 2.6, other), 2);
    const auto seen = clips::read_all(*source);
    // libavformat holds the last picture of the first PID back until the end, where nobody needs
    // it.
    std::vector<int> expected = clips::count_from(0, 40);
    expected.pop_back();
    for (const int index : clips::count_from(0, 40)) expected.push_back(index);
    CHECK(clips::indices(seen) == expected);
    CHECK(source->decode_errors() == 1);
  }
}

TEST_CASE("a transport stream that begins within a packet gives all that can be decoded") {
  const std::string whole = clips::read_file(clips::make(60, "25", clips::x264(0, 20), "ts"));
  for (const std::size_t cut : {1u, 17u, 187u}) {
    CAPTURE(cut);
    // Behind a piece of another packet.
    const auto source = open(clips::write_file("within.ts", whole.substr(188 - cut, cut) + whole));
    CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(0, 60));
  }
  const auto source = open(clips::write_file("cut.ts", whole.substr(0, whole.size() - 100)));
  CHECK_THROWS_AS(clips::read_all(*source), Error);
}
