#include <doctest/doctest.h>
#include <sys/stat.h>

#include <optional>
#include <string>

#include "core/error.h"
#include "media/source/clips.h"
#include "media/source/index.h"
#include "media/source/source.h"

using namespace videopush;
using media::SourceOptions;

namespace {

const AbortSignal never;

/// The error of opening and reading `uri` to the end, and the frames before it.
struct Outcome {
  std::optional<Error> error;
  std::vector<int> frames;
};

Outcome read(const std::string& uri) {
  Outcome out;
  try {
    SourceOptions options;
    options.uri = uri;
    const auto source = media::open_source(options, {2}, never);
    const FramePtr frame = make_frame();
    while (source->next(*frame)) out.frames.push_back(clips::index_of(*frame));
  } catch (const Error& error) {
    out.error = error;
  }
  return out;
}

ErrorCode code(const Outcome& outcome) {
  REQUIRE(outcome.error);
  CHECK_FALSE(outcome.error->message().empty());
  CHECK_FALSE(outcome.error->action().empty());
  CHECK(outcome.error->message().find('\n') == std::string::npos);
  return outcome.error->code();
}

std::string cut(const std::string& clip, double share, const std::string& name) {
  const std::string bytes = clips::read_file(clip);
  return clips::write_file(
      name, bytes.substr(0, static_cast<std::size_t>(static_cast<double>(bytes.size()) * share)));
}

}  // namespace

TEST_CASE("a truncated file gives every frame that it holds, then says that it is cut short") {
  struct Case {
    std::string encode, extension;
  };
  // Noise makes the frames larger than the container's own parts.
  const std::string x264 = clips::x264(2, 20) + " -vf noise=alls=20:allf=t";
  const Case cases[] = {{x264 + " -movflags faststart", "mp4"},
                        {x264 + " -movflags frag_keyframe+empty_moov", "mp4"},
                        {x264, "mkv"},
                        {x264, "ts"},
                        {x264, "flv"},
                        {"-map 0:v -vf noise=alls=20:allf=t -c:v mjpeg -q:v 3", "avi"}};
  for (const auto& [encode, extension] : cases) {
    const std::string clip = clips::make(120, "25", encode, extension);
    for (const double share : {0.35, 0.61, 0.98}) {
      CAPTURE(encode);
      CAPTURE(extension);
      CAPTURE(share);
      const Outcome outcome = read(cut(clip, share, "cut." + extension));
      CHECK(code(outcome) == ErrorCode::SourceTruncated);
      CHECK(static_cast<double>(outcome.frames.size()) > 120 * share - 25);
      CHECK(outcome.frames.size() <= 120);
      for (std::size_t i = 1; i < outcome.frames.size(); ++i) {
        CHECK(outcome.frames[i] > outcome.frames[i - 1]);
      }
    }
  }
}

TEST_CASE("a whole file is not called truncated") {
  for (const std::string extension :
       {"mp4", "mkv", "ts", "flv", "avi", "mov", "webm", "nut", "mxf"}) {
    CAPTURE(extension);
    const std::string encode = extension == "webm"  ? "-map 0:v -c:v libvpx -b:v 1M"
                               : extension == "mxf" ? "-map 0:v -c:v mpeg2video -b:v 2M"
                                                    : clips::x264(0, 20);
    const Outcome outcome = read(clips::make(50, "25", encode, extension));
    CHECK_FALSE(outcome.error);
    CHECK(outcome.frames.size() == 50);
  }
}

TEST_CASE("an mp4 whose index was never written is reported as damaged, with the likely reason") {
  const std::string clip = clips::make(120, "25", clips::x264(2, 20), "mp4");
  const Outcome outcome = read(cut(clip, 0.5, "noindex.mp4"));
  CHECK(code(outcome) == ErrorCode::SourceCorrupt);
  CHECK(outcome.error->message().find("cut short or is still being written") != std::string::npos);
}

TEST_CASE("an index of a truncated file holds what can be decoded") {
  const std::string clip =
      clips::make(120, "25", clips::x264(2, 20) + " -movflags faststart", "mp4");
  SourceOptions options;
  options.uri = cut(clip, 0.5, "cutindex.mp4");
  const auto frames = read(options.uri).frames.size();
  CHECK(media::FrameIndex::build(options, never).size() == static_cast<std::int64_t>(frames));
}

TEST_CASE("a file that is no video is refused by its kind") {
  const std::string playlist =
      "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://127.0.0.1:1/a.ts\n";
  CHECK(code(read(clips::write_file("empty.mp4", ""))) == ErrorCode::SourceEmpty);
  CHECK(code(read(clips::write_file("note.txt", "Nothing to see here.\n"))) ==
        ErrorCode::SourceUnsupported);
  CHECK(code(read(clips::temporary("missing.mp4"))) == ErrorCode::SourceNotFound);
  CHECK(code(read("/tmp")) == ErrorCode::SourceUnsupported);
  CHECK(code(read("/dev/zero")) == ErrorCode::SourceUnsupported);
  const Outcome hls = read(clips::write_file("list.mp4", playlist));
  CHECK(code(hls) == ErrorCode::SourceUnsupported);
  CHECK(hls.error->message().find("HLS playlists are not read yet") != std::string::npos);
  const std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0", 29);
  const Outcome still = read(clips::write_file("still.png", png));
  CHECK(code(still) == ErrorCode::SourceUnsupported);
  CHECK(still.error->message().find("it is a still picture (png), not a video") !=
        std::string::npos);
  CHECK(code(read(clips::make(50, "25", "-map 1:a -c:a pcm_s16le -t 1", "wav"))) ==
        ErrorCode::SourceNoVideo);
}

TEST_CASE("a FIFO without a writer does not block the opening of a source") {
  const std::string path = clips::temporary("fifo");
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK(code(read(path)) == ErrorCode::SourceUnsupported);
}

TEST_CASE("libavformat's own protocols and lists of files are out of reach") {
  const std::string clip = clips::make(20, "25", clips::x264(0, 20), "mp4");
  const std::string list =
      clips::write_file("list.ffconcat", "ffconcat version 1.0\nfile " + clip + "\n");
  CHECK(code(read(list)) == ErrorCode::SourceUnsupported);
  CHECK(code(read("concat:" + clip + "|" + clip)) == ErrorCode::SourceNotFound);
  CHECK(code(read("subfile,,start,0,end,100,,:" + clip)) == ErrorCode::SourceNotFound);
  CHECK(code(read("pipe:0")) == ErrorCode::SourceNotFound);
  CHECK(code(read("data:text/plain,hello")) == ErrorCode::SourceNotFound);
  CHECK(code(read("tcp://127.0.0.1:1")) == ErrorCode::SchemeUnsupported);
  CHECK(code(read("ftp://127.0.0.1/a.mp4")) == ErrorCode::SchemeUnsupported);
  CHECK(code(read("concat://" + clip)) == ErrorCode::SchemeUnsupported);
  const std::string sdp =
      clips::write_file("session.sdp",
                        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                        "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n");
  CHECK(code(read(sdp)) == ErrorCode::SourceUnsupported);
  const std::string dash =
      clips::write_file("manifest.mpd",
                        "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
                        "profiles=\"urn:mpeg:dash:profile:isoff-live:2011\"></MPD>\n");
  CHECK(code(read(dash)) == ErrorCode::SourceUnsupported);
}

TEST_CASE("a mov whose media lies in another file does not open that file") {
  // The data reference "url " with flag 1 means "in this file"; an alias record names another one.
  std::string bytes = clips::read_file(clips::make(20, "25", clips::x264(0, 20), "mov"));
  const std::size_t entry = bytes.find("url ");
  const std::size_t other = bytes.rfind("dref");
  REQUIRE((entry != std::string::npos && other != std::string::npos));
  const std::size_t reference = bytes.find("url ", other);
  REQUIRE(reference != std::string::npos);
  bytes.replace(reference, 4, "alis");
  bytes[reference + 7] = '\0';  // flags: not self-contained
  const Outcome outcome = read(clips::write_file("reference.mov", bytes));
  // The media is in this file after all, and that is all that may be read.
  CHECK((outcome.error || outcome.frames.size() == 20));
}

TEST_CASE("pictures beyond 8192 and more than 64 tracks are refused") {
  const std::string wide = clips::temporary("wide.mkv");
  REQUIRE(
      std::system(("ffmpeg -nostdin -y -loglevel error -f lavfi -i color=size=8200x16:rate=1 -t 1 "
                   "-c:v ffv1 " +
                   wide)
                      .c_str()) == 0);
  CHECK(code(read(wide)) == ErrorCode::SourceTooLarge);

  const std::string clip = clips::make(20, "25", clips::x264(0, 20), "mp4");
  std::string maps;
  for (int i = 0; i < 65; ++i) maps += " -map 0:v";
  const std::string many = clips::temporary("many.mkv");
  REQUIRE(std::system(("ffmpeg -nostdin -y -loglevel error -i " + clip + maps + " -c copy " + many)
                          .c_str()) == 0);
  CHECK(code(read(many)) == ErrorCode::SourceTooLarge);
}

TEST_CASE("wrong options are reported before anything is opened") {
  SourceOptions options;
  CHECK_THROWS_WITH_AS(media::open_source(options, {}, never), doctest::Contains("empty"), Error);
  options.uri = "a.mp4";
  options.test_pattern.emplace();
  CHECK_THROWS_WITH_AS(media::open_source(options, {}, never), doctest::Contains("not both"),
                       Error);
  options.test_pattern.reset();
  options.uri = clips::make(20, "25", clips::x264(0, 20), "mp4");
  CHECK_THROWS_WITH_AS(media::open_source(options, {-1}, never), doctest::Contains("threads"),
                       Error);
  options.read_timeout_ms = 0;
  CHECK_THROWS_WITH_AS(media::open_source(options, {}, never), doctest::Contains("time limits"),
                       Error);
}

TEST_CASE("an abort before or during reading is reported as Aborted") {
  AbortSignal abort;
  SourceOptions options;
  options.uri = clips::make(120, "25", clips::x264(2, 20), "mp4");
  const auto source = media::open_source(options, {1}, abort);
  const FramePtr frame = make_frame();
  REQUIRE(source->next(*frame));
  abort.abort();
  CHECK_THROWS_WITH_AS(while (source->next(*frame)){}, doctest::Contains("aborted"), Error);
  CHECK_THROWS_WITH_AS(media::open_source(options, {1}, abort), doctest::Contains("aborted"),
                       Error);
}
