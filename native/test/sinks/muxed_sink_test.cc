#include "sinks/muxed_sink.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sinks/file_error.h"
#include "sinks/muxed_address.h"
#include "sinks/rtsp_support.h"

using namespace videopush;
using namespace videopush::test;

namespace {

/// A folder of its own for each test.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "videopush-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

struct FileSeen {
  std::vector<double> pts, dts;
  int keys = 0;
};

FileSeen read_back(const std::string& path) {
  FileSeen seen;
  AVFormatContext* context = nullptr;
  REQUIRE(avformat_open_input(&context, path.c_str(), nullptr, nullptr) == 0);
  const PacketPtr packet = make_packet();
  while (av_read_frame(context, packet.get()) >= 0) {
    const double tick = av_q2d(context->streams[packet->stream_index]->time_base);
    seen.pts.push_back(static_cast<double>(packet->pts) * tick);
    seen.dts.push_back(static_cast<double>(packet->dts) * tick);
    seen.keys += (packet->flags & AV_PKT_FLAG_KEY) != 0 ? 1 : 0;
    av_packet_unref(packet.get());
  }
  avformat_close_input(&context);
  return seen;
}

/// Frames `from` .. `from + count` to a file, through one connection.
void push_file(Publisher& publisher, int from, int count) {
  std::mt19937 random(1);
  publisher.connect();
  for (int i = from; i < from + count; ++i) publisher.send(make_unit(i, 800, random));
  const auto error = publisher.close(2 * kSecond);
  CHECK((error ? error->message() : "") == "");
}

sinks::SinkOptions quick(const std::string& url, std::int64_t limit_ms = 150) {
  auto options = rtsp_options(url);
  options.limits = {.connect_ms = limit_ms, .response_ms = limit_ms, .write_ms = limit_ms};
  return options;
}

}  // namespace

TEST_CASE("files of every container hold each unit once, in order, from time zero") {
  const Folder folder;
  for (const char* name : {"a.mkv", "a.mp4", "a.ts", "a.flv"}) {
    CAPTURE(name);
    const std::string path = folder / name;
    Publisher publisher(rtsp_options(path), system_clock());
    push_file(publisher, 1'000, 50);
    const FileSeen seen = read_back(path);
    REQUIRE(seen.pts.size() == 50);
    CHECK(seen.keys >= 5);  // the demuxer takes some of the noise for key frames
    const double first =
        std::string(name) == "a.ts" ? seen.pts[0] : 0;  // MPEG-TS starts at its mux delay
    CHECK(first < 2);
    for (int i = 0; i < 50; ++i) {
      CHECK(seen.pts[static_cast<std::size_t>(i)] ==
            doctest::Approx(first + i * .04).epsilon(.002));
    }
  }
}

TEST_CASE("only the times of FLV end, and a file holds them in order up to that end") {
  constexpr Nanoseconds kEnd = (std::int64_t{1} << 31) * kMillisecond;
  constexpr std::int64_t kTicks = kEnd / kSecond * 90'000;
  const Folder folder;
  for (const char* name : {"a.mkv", "a.mp4", "a.ts", "a.flv"}) {
    CAPTURE(name);
    Publisher publisher(rtsp_options(folder / name), system_clock());
    std::mt19937 random(1);
    publisher.connect();
    CHECK(publisher.sink->capacity() == (std::string(name) == "a.flv" ? kEnd : kForever));
    CHECK(publisher.sink->timestamps_from_zero());
    // A push that began 60 days ago, and steps of 6 h: MPEG-TS's clock of 33 bits turns in 26.5 h.
    const std::int64_t begin = 60ll * 86'400 * 90'000, step = 6ll * 3'600 * 90'000;
    int count = 0;
    for (std::int64_t at = 0; at < kTicks; at += step, ++count) {
      const TestUnit unit = make_unit(10 * count, 800, random);
      unit.packet->pts = unit.packet->dts = begin + at;
      publisher.send(unit);
    }
    publisher.close(kSecond);
    const FileSeen seen = read_back(folder / name);
    REQUIRE(seen.pts.size() == static_cast<std::size_t>(count));
    // libavformat's reader follows the first turn of that clock, and not the later ones.
    const double turn = std::string(name) == "a.ts" ? 0x1p33 / 90'000 : 0x1p60;
    for (std::size_t i = 0; i < seen.pts.size(); ++i) {
      CAPTURE(i);
      const double want = seen.pts[0] + static_cast<double>(i) * 21'600;
      CHECK(std::abs(std::remainder(seen.pts[i] - want, turn)) < .002);
    }
  }
}

TEST_CASE("the times of an FLV file that go beyond their end begin at zero again") {
  const Folder folder;
  Publisher publisher(rtsp_options(folder / "a.flv"), system_clock());
  std::mt19937 random(1);
  publisher.connect();
  const std::int64_t end = publisher.sink->capacity() / kSecond * 90'000 +
                           publisher.sink->capacity() % kSecond * 90 / kMillisecond;
  for (const std::int64_t at : {std::int64_t{0}, end - 3'600, end + 3'600}) {
    const TestUnit unit = make_unit(0, 800, random);
    unit.packet->pts = unit.packet->dts = at;
    publisher.send(unit);
  }
  publisher.close(kSecond);
  const FileSeen seen = read_back(folder / "a.flv");
  REQUIRE(seen.pts.size() == 3);
  CHECK(seen.pts[1] == doctest::Approx(2'147'483.608));
  CHECK(seen.pts[2] < 1);
}

TEST_CASE("an existing file is overwritten by a new push, and never by a later connection of it") {
  const Folder folder;
  const std::string path = folder / "out.mkv";
  std::ofstream(path) << "something else";
  Publisher publisher(rtsp_options(path), system_clock());
  push_file(publisher, 0, 10);
  CHECK(read_back(path).pts.size() == 10);
  push_file(publisher, 10, 7);
  CHECK(read_back(path).pts.size() == 10);
  CHECK(read_back(folder / "out-2.mkv").pts.size() == 7);
  auto options = rtsp_options(path);
  options.continues = true;  // a new process of the same push
  Publisher next(options, system_clock());
  push_file(next, 17, 3);
  CHECK(read_back(folder / "out-3.mkv").pts.size() == 3);
  CHECK(read_back(path).pts.size() == 10);
}

TEST_CASE("an output file can be played up to the last key frame before its process was killed") {
  const Folder folder;
  for (const std::string name : {"a.mkv", "a.mp4", "a.ts", "a.flv"}) {
    CAPTURE(name);
    Publisher publisher(rtsp_options(folder / name.c_str()), system_clock());
    std::mt19937 random(1);
    publisher.connect();
    for (int i = 0; i < 50; ++i) publisher.send(make_unit(i, 800, random));
    // As it lies there while the push goes on.
    const std::string copy = folder / ("copy-" + name).c_str();
    std::filesystem::copy_file(folder / name.c_str(), copy);
    CHECK(read_back(copy).pts.size() >= 20);
    publisher.close(kSecond);
  }
}

TEST_CASE("a file that can't be written is FileNotWritable, with the reason") {
  const Folder folder;
  const auto code = [](const std::string& path) {
    Publisher publisher(rtsp_options(path), system_clock());
    return error_of([&] { publisher.connect(); }).code();
  };
  CHECK(code(folder / "missing/out.mkv") == ErrorCode::FileNotWritable);
  std::filesystem::create_directory(folder / "folder.mp4");
  CHECK(code(folder / "folder.mp4") == ErrorCode::FileNotWritable);
  CHECK(code("/proc/out.ts") == ErrorCode::FileNotWritable);
}

TEST_CASE("a full disk is reported by the next write or by close, not passed over") {
  if (!std::filesystem::exists("/dev/full")) return;
  const Folder folder;
  std::filesystem::create_symlink("/dev/full", folder / "full.ts");
  Publisher publisher(rtsp_options(folder / "full.ts"), system_clock());
  std::mt19937 random(1);
  const Error error = error_of([&] {
    publisher.connect();
    for (int i = 0; i < 100; ++i) publisher.send(make_unit(i, 5'000, random));
  });
  CHECK(error.code() == ErrorCode::FileNotWritable);
  CHECK(error.message().find("No space left") != std::string::npos);
}

TEST_CASE("an aborted file is complete up to its last unit, in every container") {
  for (const char* name : {"a.mkv", "a.mp4", "a.ts", "a.flv"}) {
    CAPTURE(name);
    const Folder folder;
    Publisher publisher(rtsp_options(folder / name), system_clock());
    std::mt19937 random(1);
    publisher.connect();
    for (int i = 0; i < 20; ++i) publisher.send(make_unit(i, 800, random));
    publisher.abort.abort();
    CHECK_FALSE(publisher.close(100 * kMillisecond));
    CHECK(read_back(folder / name).pts.size() == 20);
  }
}

TEST_CASE("a file that is not finished in time is reported as slow, not as a full disk") {
  const Folder folder;
  Publisher publisher(rtsp_options(folder / "slow.mkv"), system_clock());
  std::mt19937 random(1);
  publisher.connect();
  for (int i = 0; i < 20; ++i) publisher.send(make_unit(i, 800, random));
  const auto error = publisher.close(0);
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::FileNotWritable);
  CHECK(error->message() ==
        "cannot write " + (folder / "slow.mkv") + ": it took no more data in time");
  CHECK(error->action().find("full") == std::string::npos);
  CHECK(error->action().find("overloaded") != std::string::npos);
}

TEST_CASE("each reason why a file can't be written has its own advice") {
  const auto advice = [](int number) {
    const Error error = sinks::file_error(AVERROR(number), "out.mkv");
    CHECK(error.code() == ErrorCode::FileNotWritable);
    CHECK(error.message() == std::string("cannot write out.mkv: ") + std::strerror(number));
    return error.action();
  };
  CHECK(advice(ENOSPC).find("free space") != std::string::npos);
  CHECK(advice(EDQUOT) == advice(ENOSPC));
  CHECK(advice(EFBIG).find("ulimit -f") != std::string::npos);
  CHECK(advice(ENOENT).find("create its folder") != std::string::npos);
  CHECK(advice(EACCES).find("let this user write") != std::string::npos);
  CHECK(advice(EROFS).find("read-only") != std::string::npos);
  CHECK(advice(EMFILE).find("ulimit -n") != std::string::npos);
  for (const int other : {EFBIG, ENOENT, EACCES, EROFS, EMFILE, EIO, ENXIO})
    CHECK(advice(other).find("space") == std::string::npos);
}

TEST_CASE("a file named like a URL of another kind is a file") {
  const Folder folder;
  Publisher publisher(rtsp_options("file://" + (folder / "a b:c.mkv")), system_clock());
  push_file(publisher, 0, 5);
  CHECK(read_back("file:" + (folder / "a b:c.mkv")).pts.size() == 5);
}

TEST_CASE("a file is written exactly where it was named, and so is the one beside it") {
  const Folder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path);
  struct Name {
    const char *given, *file, *second;
  };
  const Name kNames[] = {
      {"filename.mkv", "filename.mkv", "filename-2.mkv"},
      {"files.ts", "files.ts", "files-2.ts"},
      {"file.mp4", "file.mp4", "file-2.mp4"},
      {"rtmpfoo.mkv", "rtmpfoo.mkv", "rtmpfoo-2.mkv"},
      {"rtsp:x.mkv", "rtsp:x.mkv", "rtsp:x-2.mkv"},
      {"srt.mkv", "srt.mkv", "srt-2.mkv"},
      {"pipe:1.mkv", "pipe:1.mkv", "pipe:1-2.mkv"},
      {" a  b .mkv", " a  b .mkv", " a  b -2.mkv"},
      {"100%25.mkv", "100%25.mkv", "100%25-2.mkv"},
      {"%03d.mkv", "%03d.mkv", "%03d-2.mkv"},
      {"a:b,c|d.mkv", "a:b,c|d.mkv", "a:b,c|d-2.mkv"},
      {"a?b=c#d.mkv", "a?b=c#d.mkv", "a?b=c#d-2.mkv"},
      {"-out.mkv", "-out.mkv", "-out-2.mkv"},
      {".mkv", ".mkv", "-2.mkv"},
      {"UPPER.MKV", "UPPER.MKV", "UPPER-2.MKV"},
      {"\xe7\x89\x87.mkv", "\xe7\x89\x87.mkv", "\xe7\x89\x87-2.mkv"},
      {"caf\xe9.mkv", "caf\xe9.mkv", "caf\xe9-2.mkv"},
      {"./file:x.mkv", "file:x.mkv", "file:x-2.mkv"},
      {"file:one%20two.mkv", "one two.mkv", "one two-2.mkv"},
      {"FILE:three.mkv", "three.mkv", "three-2.mkv"},
      {"file:%63%e8.mkv", "c\xe8.mkv", "c\xe8-2.mkv"},
  };
  for (const Name& name : kNames) {
    CAPTURE(std::string(name.given));
    Publisher publisher(rtsp_options(name.given), system_clock());
    push_file(publisher, 0, 2);
    CHECK(std::filesystem::exists(folder / name.file));
    push_file(publisher, 2, 2);
    CHECK(std::filesystem::exists(folder / name.second));
  }
  const auto files = std::distance(std::filesystem::directory_iterator(folder.path), {});
  CHECK(files == 2 * std::ssize(kNames));  // and nothing anywhere else
  std::filesystem::current_path(before);
  for (const std::string prefix : {"file://", "File://LOCALHOST", "file:"}) {
    CAPTURE(prefix);
    Publisher publisher(rtsp_options(prefix + (folder / "a%5Fb.mkv")), system_clock());
    push_file(publisher, 0, 2);
    CHECK(std::filesystem::remove(folder / "a_b.mkv"));
  }
}

TEST_CASE(
    "an RTMP push names an absent, a silent, a closing and a resetting server in bounded time") {
  const auto rtmp = [](const FakeRtspServer& server) {
    return "rtmp://127.0.0.1:" + std::to_string(server.port()) + "/live/x";
  };
  const auto connect_error = [](const sinks::SinkOptions& options) {
    Publisher publisher(options, system_clock());
    const Nanoseconds begin = system_clock().now();
    const ErrorCode code = error_of([&] { publisher.connect(); }).code();
    CHECK(system_clock().now() - begin < 4 * kSecond);
    return code;
  };
  int closed_port = 0;
  {
    const FakeRtspServer gone;
    closed_port = gone.port();
  }
  CHECK(connect_error(quick("rtmp://127.0.0.1:" + std::to_string(closed_port) + "/live/x")) ==
        ErrorCode::ConnectRefused);
  CHECK(connect_error(rtsp_options("rtmp://" + std::string(64, 'x') + ".invalid/live/x")) ==
        ErrorCode::HostUnknown);
  const FakeRtspServer silent;  // takes RTMP's handshake for the beginning of a long request
  CHECK(connect_error(quick(rtmp(silent))) == ErrorCode::ConnectTimeout);
  FakeRtspServer closing;
  closing.close_at_once();
  CHECK(connect_error(quick(rtmp(closing))) == ErrorCode::ConnectionClosed);
}

TEST_CASE("an abort ends an RTMP connect at once, in the midst of libavformat's wait") {
  const FakeRtspServer silent;
  Publisher publisher(
      quick("rtmp://127.0.0.1:" + std::to_string(silent.port()) + "/live/x", 60'000),
      system_clock());
  Nanoseconds at = 0;
  std::thread other([&] {
    system_clock().wait_until(system_clock().now() + 30 * kMillisecond, {});
    at = system_clock().now();
    publisher.abort.abort();
  });
  const Error error = error_of([&] { publisher.connect(); });
  const Nanoseconds noticed = system_clock().now();
  other.join();
  CHECK(error.code() == ErrorCode::Aborted);
  MESSAGE("abort took ", (noticed - at) / 1000, " us");
  CHECK(noticed - at < 60 * kMillisecond);
}

TEST_CASE("the first free name beside a file is found") {
  const Folder folder;
  const std::string path = folder / "a.b.mkv";
  CHECK(sinks::unused_part(path, 3) == 1);
  std::ofstream{path};
  CHECK(sinks::unused_part(path, 3) == 2);
  std::ofstream{folder / "a.b-2.mkv"};
  CHECK(sinks::unused_part(path, 3) == 3);
  const Error error = error_of([&] { sinks::unused_part(path, 2); });
  CHECK(error.code() == ErrorCode::FileNotWritable);
  CHECK(error.message().find("a.b-2.mkv are taken") != std::string::npos);
}

TEST_CASE("a file knows which part of a push it writes") {
  const Folder folder;
  Publisher publisher(rtsp_options(folder / "out.mkv"), system_clock());
  CHECK(publisher.sink->file_part() == 0);
  for (int part = 1; part <= 3; ++part) {
    push_file(publisher, 10 * part, 3);
    CHECK(publisher.sink->file_part() == part);
  }
  const std::string url = "file://" + (folder / "out.mkv");
  CHECK(sinks::files_written(url, {1, 3}) ==
        std::vector<std::string>{folder / "out.mkv", folder / "out-3.mkv"});
  CHECK(sinks::files_written("rtsp://h/x", {}).empty());
}
