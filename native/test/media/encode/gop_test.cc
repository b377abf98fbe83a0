// Key frames by media time.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "media/encode/encoder.h"
#include "media/encode/gop_clock.h"
#include "media/encode/timeline.h"

using namespace videopush;
using namespace videopush::test;
using media::Encoder;
using media::EncoderOptions;
using media::GopClock;

namespace {

using Times = std::vector<std::int64_t>;

constexpr AVRational kTicks{1, 90'000};

/// Times of the key frames, milliseconds.
Times key_times(const EncoderOptions& options, const VideoFormat& format,
                const std::vector<std::int64_t>& stamps) {
  Encoder encoder(options, format, true);
  Times times;
  for (const media::EncodedPacket& p : encode_at(encoder, format, stamps))
    if (p.key) times.push_back(av_rescale_q(p.packet->pts, format.time_base(), {1, 1000}));
  return times;
}

/// Indices of the frames that begin a GOP.
std::vector<std::size_t> begins(GopClock clock, const std::vector<std::int64_t>& stamps) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < stamps.size(); ++i)
    if (clock.begins(stamps[i], false)) found.push_back(i);
  return found;
}

}  // namespace

TEST_CASE("a GOP by time begins at the frame that lies nearest to its end") {
  for (const AVRational rate : {AVRational{25, 1}, AVRational{30'000, 1001}, AVRational{50, 1}}) {
    CAPTURE(rate.num);
    const auto found = begins(GopClock(2, kTicks), time_stamps({{7, av_q2d(rate)}}, kTicks));
    const auto length = static_cast<std::size_t>(av_rescale(2, rate.num, rate.den));
    CHECK(found == std::vector<std::size_t>{0, length, 2 * length, 3 * length});
  }
}

TEST_CASE("timestamps that are rounded to milliseconds move no key frame") {
  auto stamps = time_stamps({{60, 30}}, {1, 1000});
  for (int first = 0; first < 3; ++first) {
    const auto found = begins(GopClock(2, {1, 1000}), stamps);
    REQUIRE(found.size() == 30);
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == 60 * i);
    stamps.erase(stamps.begin());
  }
}

TEST_CASE("a frame after a gap longer than a GOP begins one, and one before a GOP's end does not") {
  const std::vector<std::int64_t> seconds = {0, 3, 6, 7, 8, 13};
  CHECK(begins(GopClock(2, {1, 1}), seconds) == std::vector<std::size_t>{0, 1, 2, 4, 5});
  CHECK(begins(GopClock(0, {1, 1}), seconds).empty());
}

TEST_CASE("key frames come every 2 s by default, whatever GOP the source has") {
  VideoFormat format = video_format({.width = 64, .height = 48});
  for (const int of_source : {0, 1, 7, 250, 5000}) {
    format.gop_frames = of_source;
    CHECK(key_times({}, format, time_stamps({{7, 25}}, kTicks)) == Times{0, 2000, 4000, 6000});
  }
  CHECK(Encoder({}, format, true).effective().gop_seconds == 2);
  CHECK(Encoder({}, format, true).effective().gop_frames == 0);
}

TEST_CASE("key frames keep their distance in seconds when the frame rate changes") {
  const VideoFormat format = video_format({.width = 64, .height = 64, .frame_rate = {25, 1}});
  const auto stamps = time_stamps({{6, 10}, {6, 50}, {6, 10}}, kTicks);
  for (const std::string encoder : {"libx264", "libvpx", "libvpx-vp9", "mpeg4", "mpeg2video"}) {
    CAPTURE(encoder);
    CHECK(key_times({.encoder = encoder, .gop_seconds = 3}, format, stamps) ==
          Times{0, 3000, 6000, 9000, 12'000, 15'000});
  }
}

TEST_CASE("an encoder that is opened again for another frame rate begins a GOP there") {
  const VideoFormat format = video_format({.width = 64, .height = 64, .frame_rate = {25, 1}});
  const auto stamps = time_stamps({{6, 10}, {6, 50}, {6, 10}}, kTicks);
  // Where FFmpeg forces no key frames in SVT-AV1, it counts a GOP's frames until it is reopened.
  const std::pair<std::string, std::int64_t> longest[] = {{"libx265", 3050}, {"libsvtav1", 3500}};
  for (const auto& [encoder, most] : longest) {
    CAPTURE(encoder);
    const Times times = key_times({.encoder = encoder, .gop_seconds = 3}, format, stamps);
    CHECK(times.size() <= 9);
    for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] <= most);
    CHECK(times.back() >= 15'000);
  }
}

TEST_CASE("each picture of a slide show is a key frame when it stands longer than the GOP") {
  const VideoFormat format = video_format({.width = 64, .height = 48, .frame_rate = {1, 5}});
  const auto times = key_times({}, format, time_stamps({{40, 0.2}}, kTicks));
  CHECK(times == Times{0, 5000, 10'000, 15'000, 20'000, 25'000, 30'000, 35'000});
}

TEST_CASE("a GOP in frames that is asked for is kept in frames") {
  const VideoFormat format = video_format({.width = 64, .height = 48});
  CHECK(key_times({.gop_frames = 10, .gop_seconds = 1}, format,
                  time_stamps({{2, 5}, {2, 20}}, kTicks)) == Times{0, 2000, 2500, 3000, 3500});
}

TEST_CASE("key frames by time come at every frame rate up to the highest") {
  const VideoFormat format = video_format({.width = 64, .height = 48, .frame_rate = {1000, 1}});
  CHECK(key_times({.gop_seconds = 1}, format, time_stamps({{2.5, 1000}}, kTicks)) ==
        Times{0, 1000, 2000});
}
