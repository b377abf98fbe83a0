#include "media/source/video_track.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "media/source/clips.h"
#include "media/source/language.h"
#include "media/source/source.h"
#include "support/error_of.h"

using namespace videopush;
using media::SourceDescriptor;
using test::error_of;

namespace {

const AbortSignal never;

SourceDescriptor open(const std::string& path, const std::string& track = "",
                      std::optional<int> program = std::nullopt) {
  media::SourceOptions options;
  options.uri = path;
  options.track.name = track;
  options.track.program = program;
  return media::open_source(options, {}, never)->descriptor();
}

/// Two tracks with the clips' size, of which `encode` may change one's.
std::string two_tracks(const std::string& encode, const std::string& extension) {
  const std::string both = "-map 0:v -map 0:v -c:v libx264 -preset veryfast ";
  return clips::make(10, "25", both + encode, extension);
}

/// What a demuxer could have found.
class Streams {
 public:
  Streams() { REQUIRE(context_ != nullptr); }
  ~Streams() { avformat_free_context(context_); }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  void add(AVCodecID codec, int width, int disposition) {
    AVStream* stream = avformat_new_stream(context_, nullptr);
    REQUIRE(stream != nullptr);
    stream->disposition = disposition;
    stream->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    stream->codecpar->codec_id = codec;
    stream->codecpar->width = width;
    stream->codecpar->height = width / 2;
  }
  int chosen() const { return media::choose_video(*context_, {}, "it"); }

 private:
  AVFormatContext* context_ = avformat_alloc_context();
};

constexpr int kCover = AV_DISPOSITION_ATTACHED_PIC;

}  // namespace

TEST_CASE("a cover is never taken for the film, even where the container calls it the default") {
  const std::string film = "-map 0:v -c:v:0 libx264 ";
  const std::string track = "-map 0:v -c:v:1 mjpeg -disposition:v:1 attached_pic";
  CHECK(open(clips::make(10, "25", film + track, "mp4")).codec == "h264");
  const std::string jpeg = clips::make(1, "25", "-map 0:v -c:v mjpeg -f image2 -update 1", "jpg");
  const std::string file = "-attach " + jpeg + " -metadata:s:t mimetype=image/jpeg";
  CHECK(open(clips::make(10, "25", film + file, "mkv")).codec == "h264");
  Streams streams;
  streams.add(AV_CODEC_ID_MJPEG, 1000, kCover | AV_DISPOSITION_DEFAULT);
  streams.add(AV_CODEC_ID_H264, 640, 0);
  CHECK(streams.chosen() == 1);
}

TEST_CASE("a picture that its container does not call a cover never wins over a film either") {
  for (const AVCodecID codec : {AV_CODEC_ID_MJPEG, AV_CODEC_ID_PNG, AV_CODEC_ID_WEBP}) {
    Streams streams;
    streams.add(codec, 1000, AV_DISPOSITION_DEFAULT);
    streams.add(AV_CODEC_ID_H264, 640, 0);
    CHECK(streams.chosen() == 1);
  }
  Streams films;  // of a camera that records MJPEG
  films.add(AV_CODEC_ID_MJPEG, 640, 0);
  films.add(AV_CODEC_ID_MJPEG, 1000, 0);
  CHECK(films.chosen() == 1);
}

TEST_CASE("a source that has only a cover is refused as one without video") {
  const std::string encode = "-map 0:v -map 1:a -c:v mjpeg -disposition:v attached_pic";
  const std::string clip = clips::make(10, "25", encode, "mp4");
  for (const std::string track : {"", "0"}) {
    CAPTURE(track);
    const Error refused = error_of([&] { open(clip, track); });
    CHECK(refused.code() == ErrorCode::SourceNoVideo);
    CHECK(refused.message().find("has no video track") != std::string::npos);
  }
}

TEST_CASE("a track of still pictures is taken where it is the video") {
  Streams streams;
  streams.add(AV_CODEC_ID_H264, 640, AV_DISPOSITION_STILL_IMAGE);
  CHECK(streams.chosen() == 0);
}

TEST_CASE("of several video tracks the default one is taken, else the largest, else the first") {
  for (const std::string extension : {"mp4", "mkv"}) {
    CAPTURE(extension);
    const std::string encode = "-s:v:1 64x32 -disposition:v:0 0 -disposition:v:1 default";
    CHECK(open(two_tracks(encode, extension)).format.width == 64);
  }
  CHECK(open(two_tracks("-s:v:0 64x32", "ts")).format.width == clips::kWidth);
  CHECK(open(two_tracks("", "ts")).stream_index == 0);
}

TEST_CASE("a video track without a decoder is passed over, and refused where it is the only one") {
  Streams streams;
  streams.add(AV_CODEC_ID_NONE, 1000, AV_DISPOSITION_DEFAULT);
  CHECK(error_of([&] { streams.chosen(); }).code() == ErrorCode::SourceUnsupported);
  streams.add(AV_CODEC_ID_H264, 640, 0);
  CHECK(streams.chosen() == 1);
}

TEST_CASE("a video track is chosen by its ordinal, its id or its language") {
  const std::string clip =
      two_tracks("-s:v:1 64x32 -metadata:s:v:0 language=eng -metadata:s:v:1 language=spa", "mkv");
  REQUIRE(open(clip).videos.size() == 2);
  CHECK(open(clip, "1").format.width == 64);
  CHECK(open(clip, "lang:spa").format.width == 64);
  CHECK(open(clip, "lang:eng").format.width == clips::kWidth);
  const std::string stream = two_tracks("-s:v:1 64x32 -streamid 0:0x100 -streamid 1:0x222", "ts");
  CHECK(open(stream, "id:0x222").format.width == 64);
  CHECK(open(stream, "id:546").format.width == 64);
  CHECK(open(stream, "id:256").format.width == clips::kWidth);
}

TEST_CASE("a language is found by any of its codes, in either case, and by its first subtag") {
  for (const char* named : {"de", "deu", "ger", "DEU", "Ger"}) {
    for (const char* written : {"de", "deu", "ger", "GER", "de-AT", "eng,ger"}) {
      CAPTURE(named);
      CAPTURE(written);
      CHECK(media::speaks(written, named));
    }
  }
  CHECK(media::speaks("chi", "zh"));
  CHECK(media::speaks("eng", "en"));
  CHECK(media::speaks("qaa", "QAA"));  // reserved for local use
  CHECK_FALSE(media::speaks("", "ger"));
  CHECK_FALSE(media::speaks("eng", "ger"));
  CHECK_FALSE(media::speaks("slo", "slv"));
  const std::string clip =
      two_tracks("-s:v:1 64x32 -metadata:s:v:0 language=eng -metadata:s:v:1 language=ger", "mkv");
  for (const std::string track : {"lang:de", "lang:deu", "lang:ger", "lang:DEU"}) {
    CAPTURE(track);
    CHECK(open(clip, track).format.width == 64);
  }
}

TEST_CASE("the refusal of a program that does not exist names it and those that do") {
  const std::string programs = "-program program_num=7:st=0 -program program_num=9:st=1";
  const std::string clip = two_tracks("-s:v:1 64x32 " + programs, "ts");
  const Error refused = error_of([&] { open(clip, "", 8); });
  CHECK(refused.code() == ErrorCode::SourceNoVideo);
  CHECK(refused.message().find("no program 8 with video; those with video are 7, 9") !=
        std::string::npos);
  const Error without = error_of([&] { open(two_tracks("-s:v:1 64x32", "mp4"), "", 1); });
  CHECK(without.message().find("no program 1, since its container has no programs") !=
        std::string::npos);
  CHECK(without.action() == "leave the program out");
}

TEST_CASE("the refusal of a track lists each by its ordinal, within the program, and no cover") {
  const std::string film = "-map 0:v -c:v:0 libx264 ";
  const std::string cover = "-map 0:v -c:v:1 mjpeg -disposition:v:1 attached_pic";
  const std::string clip = clips::make(10, "25", film + cover, "mp4");
  const Error refused = error_of([&] { open(clip, "1"); });
  CHECK(refused.message().find("has only a cover as video track '1'; it has 0 (") !=
        std::string::npos);
  CHECK(refused.message().find("mjpeg") == std::string::npos);
  const std::string programs = "-program program_num=7:st=0 -program program_num=9:st=1";
  const Error elsewhere =
      error_of([&] { open(two_tracks("-s:v:1 64x32 " + programs, "ts"), "1", 9); });
  CHECK(elsewhere.message().find("has no video track '1' in program 9; it has 0 (id:257") !=
        std::string::npos);
}

TEST_CASE("the refusal of a video track that does not exist names those that do") {
  const std::string clip =
      two_tracks("-metadata:s:v:0 language=eng -metadata:s:v:1 language=spa", "mkv");
  for (const std::string track : {"2", "lang:fra", "id:7", "first"}) {
    CAPTURE(track);
    const Error refused = error_of([&] { open(clip, track); });
    CHECK(refused.code() == ErrorCode::SourceNoVideo);
    CHECK(refused.message().find("1 (lang:spa, h264 128x64)") != std::string::npos);
  }
}

TEST_CASE("of several programs the one that was asked for is taken") {
  const std::string programs = "-program program_num=7:st=0 -program program_num=9:st=1";
  const std::string clip = two_tracks("-s:v:1 64x32 " + programs, "ts");
  CHECK(open(clip, "", 7).format.width == clips::kWidth);
  CHECK(open(clip, "", 9).format.width == 64);
  CHECK(open(clip, "0", 9).format.width == 64);
  CHECK(open(clip).videos.at(1).programs == std::vector<int>{9});
  CHECK(error_of([&] { open(clip, "", 8); }).code() == ErrorCode::SourceNoVideo);
}
