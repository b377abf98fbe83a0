#include <doctest/doctest.h>

#include <string>

#include "media/source/clips.h"
#include "media/source/measure.h"
#include "media/source/source.h"

using namespace videopush;
using media::PacketScan;
using media::SourceDescriptor;
using media::SourceOptions;

namespace {

const AbortSignal never;

SourceOptions source_at(const std::string& path) {
  SourceOptions options;
  options.uri = path;
  return options;
}

SourceDescriptor quick(const std::string& path) {
  return media::open_source(source_at(path), {}, never)->descriptor();
}

/// Feeds timestamps in decode order, a key frame wherever `keys` has the position.
PacketScan scan_of(const std::vector<std::int64_t>& pts, const std::vector<int>& keys) {
  PacketScan scan({1, 25});
  const PacketPtr packet = make_packet();
  for (std::size_t i = 0; i < pts.size(); ++i) {
    packet->pts = pts[i];
    packet->flags = 0;
    for (const int key : keys) packet->flags |= key == static_cast<int>(i) ? AV_PKT_FLAG_KEY : 0;
    scan.add(*packet);
  }
  return scan;
}

}  // namespace

TEST_CASE("a GOP of 50 with 3 B-frames is measured as 50 and a delay of 2") {
  for (const std::string extension : {"mp4", "mkv", "ts", "flv"}) {
    CAPTURE(extension);
    const std::string clip = clips::make(230, "25", clips::x264(3, 50), extension);
    for (const SourceDescriptor& found : {quick(clip), media::probe(source_at(clip), never)}) {
      CHECK(found.gop_frames == 50);
      CHECK(found.reorder_frames == 2);
      CHECK(found.codec == "h264");
      CHECK(found.profile == "High");
      CHECK(found.format.width == clips::kWidth);
      CHECK(found.format.height == clips::kHeight);
      CHECK(found.format.pixel_format == AV_PIX_FMT_YUV420P);
      CHECK(av_cmp_q(found.format.frame_rate(), {25, 1}) == 0);
      CHECK(found.frame_count == 230);
      CHECK(found.frame_count_exact);
      CHECK(found.duration_seconds == doctest::Approx(9.2).epsilon(0.01));
      CHECK_FALSE(found.variable_frame_rate);
      CHECK(found.seekable);
      CHECK(found.finite);
      CHECK_FALSE(found.live);
      CHECK(found.format.gop_frames == 50);
    }
  }
}

TEST_CASE(
    "a stream is measured with a delay of 0 without B-frames, and a GOP of 1 with key frames "
    "only") {
  CHECK(quick(clips::make(60, "25", clips::x264(0, 20), "mp4")).reorder_frames == 0);
  CHECK(quick(clips::make(60, "25", clips::x264(1, 20), "mp4")).reorder_frames == 1);
  CHECK(quick(clips::make(60, "25", clips::x264(0, 1), "mkv")).gop_frames == 1);
}

TEST_CASE("the bit rate is that of the video, measured") {
  const std::string clip =
      clips::make(250, "25", "-map 1:a -c:a pcm_s16le " + clips::x264(0, 25), "mkv");
  // Audio alone is 768 kb/s, far above the video.
  const SourceDescriptor found = quick(clip);
  CHECK(found.bit_rate > 0);
  CHECK(found.bit_rate < 400'000);
  CHECK(found.audio.at(0).codec == "pcm_s16le");
}

TEST_CASE("the bit rate of a film that begins with 11 s of black is that of the whole file") {
  for (const std::string extension : {"mkv", "ts", "flv", "avi", "mp4"}) {
    CAPTURE(extension);
    const std::string clip = clips::make(500, "25",
                                         "-map 0:v -c:v libx264 -preset ultrafast -crf 25 -g 50 "
                                         "-vf \"noise=alls=60:allf=t:enable='gte(t,11)'\"",
                                         extension);
    const auto bits = static_cast<double>(clips::read_file(clip).size()) * 8;
    for (const SourceDescriptor& found : {quick(clip), media::probe(source_at(clip), never)}) {
      CHECK(static_cast<double>(found.bit_rate) == doctest::Approx(bits / 20).epsilon(0.1));
    }
  }
}

TEST_CASE("timestamps that leap within the scan don't count as time in the bit rate") {
  // Noise makes pictures so large that the container's own bytes hardly count.
  const std::string encode =
      "-map 0:v -c:v libx264 -preset ultrafast -crf 25 -g 25 -vf noise=alls=60:allf=t";
  const std::string first = clips::make(100, "25", encode, "ts");
  const std::string second = clips::make(100, "25", encode + " -output_ts_offset 20000", "ts");
  const std::string leap =
      clips::write_file("leap.ts", clips::read_file(first) + clips::read_file(second));
  const auto bits = static_cast<double>(clips::read_file(leap).size()) * 8;
  for (const SourceDescriptor& found : {quick(leap), media::probe(source_at(leap), never)})
    CHECK(static_cast<double>(found.bit_rate) == doctest::Approx(bits / 8).epsilon(0.15));
}

TEST_CASE("colour tags and sample aspect ratio are those of the stream") {
  const SourceDescriptor found = quick(
      clips::make(30, "25",
                  clips::x264(0, 25) +
                      ":colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv -vf setsar=4/3",
                  "mp4"));
  CHECK(found.format.color_primaries == AVCOL_PRI_BT709);
  CHECK(found.format.color_transfer == AVCOL_TRC_BT709);
  CHECK(found.format.color_matrix == AVCOL_SPC_BT709);
  CHECK(found.format.color_range == AVCOL_RANGE_MPEG);
  CHECK(found.format.sar_num == 4);
  CHECK(found.format.sar_den == 3);
}

TEST_CASE("pictures of full range have the plain pixel format and a range tag") {
  const auto source = media::open_source(
      source_at(clips::make(
          30, "25", clips::x264(0, 25) + " -vf scale=out_range=full -color_range pc", "mp4")),
      {}, never);
  CHECK(source->descriptor().format.pixel_format == AV_PIX_FMT_YUV420P);
  CHECK(source->descriptor().format.color_range == AVCOL_RANGE_JPEG);
  const FramePtr frame = make_frame();
  REQUIRE(source->next(*frame));
  CHECK(frame->format == AV_PIX_FMT_YUV420P);
  CHECK(frame->color_range == AVCOL_RANGE_JPEG);
}

TEST_CASE("the rotation is the clockwise turn that the display must make") {
  const std::string clip = clips::make(30, "25", clips::x264(0, 25), "mp4");
  CHECK(quick(clip).orientation.upright());
  for (int quarters = 1; quarters < 4; ++quarters) {
    CAPTURE(quarters);
    const auto found = quick(clips::displayed(clip, clips::kMatrices[quarters])).orientation;
    CHECK(found.rotation == 90 * quarters);
    CHECK_FALSE(found.mirrored);
    CHECK(quick(clips::displayed(clip, clips::kMatrices[quarters + 4])).orientation.mirrored);
  }
}

TEST_CASE("a long mp4 is measured by its index, beyond what is read when it is opened") {
  const SourceDescriptor found =
      quick(clips::make(700, "25",
                        "-map 0:v -c:v libx264 -preset ultrafast -crf 30 -x264-params "
                        "keyint=400:min-keyint=400:scenecut=0",
                        "mp4"));
  CHECK(found.gop_frames == 400);
  CHECK(found.frame_count == 700);
  CHECK(found.frame_count_exact);
}

TEST_CASE("the scan counts what precedes in decode order and follows in display order") {
  CHECK(scan_of({0, 1, 2, 3}, {0}).reorder_frames() == 0);
  CHECK(scan_of({0, 2, 1, 4, 3}, {0}).reorder_frames() == 1);
  CHECK(scan_of({0, 4, 2, 1, 3, 8, 6, 5, 7}, {0}).reorder_frames() == 2);
  CHECK(scan_of({0, AV_NOPTS_VALUE}, {0}).reorder_frames() == -1);
}

TEST_CASE("the scan gives the longest GOP, and the tail only when the end was seen") {
  PacketScan scan = scan_of({0, 1, 2, 3, 4, 5, 6, 7, 8}, {0, 3, 5});
  CHECK(scan.gop_frames() == 3);
  scan.complete();
  CHECK(scan.gop_frames() == 4);
  CHECK(scan_of({0, 1, 2}, {0}).gop_frames() == 0);
}

TEST_CASE("a missing frame counts as a variable rate, and rounding to the time base does not") {
  CHECK_FALSE(media::intervals_vary({0, 33, 67, 100, 133, 167, 200}));
  CHECK(media::intervals_vary({0, 33, 67, 133, 167, 200}));
  CHECK_FALSE(media::intervals_vary({0, 3003, 6006, 9009}));
  CHECK_FALSE(media::intervals_vary({0, 1}));
}
