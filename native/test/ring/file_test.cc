#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstddef>
#include <fstream>
#include <functional>
#include <thread>

#include "ring/ring_fixture.h"

using namespace videopush;
using namespace videopush::ring;
using namespace videopush::ring::test;

namespace {

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    INFO(error.message());
    CHECK_FALSE(error.message().empty());
    return error.code();
  }
  FAIL("no error");
  return ErrorCode::Internal;
}

std::vector<char> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::vector<char>& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

TEST_CASE("a ring file admits one producer and one consumer at a time") {
  const Folder folder;
  const AbortSignal abort;
  const RingOptions options = small_options(folder);
  auto producer = Producer::open(options, small_format(), abort, kSoon);
  auto consumer = Consumer::open(options.path, abort, kSoon);
  CHECK(code_of([&] { Producer::open(options, small_format(), abort, 0); }) == ErrorCode::RingBusy);
  CHECK(code_of([&] { Producer::attach(options.path); }) == ErrorCode::RingBusy);
  CHECK(code_of([&] { Consumer::open(options.path, abort, 0); }) == ErrorCode::RingBusy);
  producer = nullptr;
  consumer = nullptr;
  CHECK_NOTHROW(Producer::open(options, small_format(), abort, 0));
  CHECK_NOTHROW(Consumer::open(options.path, abort, 0));
}

TEST_CASE("the lock on a ring file is free at once when its process was killed") {
  const Folder folder;
  const AbortSignal abort;
  const RingOptions options = small_options(folder);
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = spawn([&] {
    const AbortSignal own;
    const auto producer = Producer::open(options, small_format(), own, kSoon);
    const auto consumer = Consumer::open(options.path, own, kSoon);
    if (write(ready[1], "x", 1) == 1) pause();
  });
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  CHECK(code_of([&] { Producer::open(options, small_format(), abort, 0); }) == ErrorCode::RingBusy);
  kill_child(child);
  CHECK_NOTHROW(Producer::open(options, small_format(), abort, 0));
  CHECK_NOTHROW(Consumer::open(options.path, abort, 0));
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("a ring file is private to the user, and never shows unfinished") {
  const Folder folder;
  const AbortSignal abort;
  const RingOptions options = small_options(folder);
  write_file(options.path + ".next",
             std::vector<char>(5000, 'x'));  // left by a producer killed while creating
  const auto producer = Producer::open(options, small_format(), abort, kSoon);
  struct stat status{};
  REQUIRE(stat(options.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK_FALSE(std::filesystem::exists(options.path + ".next"));
}

TEST_CASE(
    "a producer killed at any instant of creating a ring file leaves a path where the next one "
    "succeeds") {
  const std::uint32_t start = seed();
  CAPTURE(start);
  std::mt19937 random(start);
  const Folder folder;
  const AbortSignal abort;
  for (int round = 0; round < 30; ++round) {
    RingOptions options = small_options(folder);
    options.capacity = 4 + static_cast<std::uint32_t>(
                               round % 2);  // each round replaces the ring of the one before
    const pid_t child = spawn([&] {
      const AbortSignal own;
      Producer::open(options, small_format(), own, kSoon);
    });
    usleep(random() % 1500);
    kill_child(child);
    auto producer = Producer::open(options, small_format(), abort, kSoon);
    CHECK(producer->header().capacity == options.capacity);
    CHECK(put(*producer, abort) == Reserve::Slot);
    const auto consumer = Consumer::open(options.path, abort, kSoon);
    TakenFrame frame;
    while (take(*consumer, frame) == Take::Frame) {
      CHECK(whole(frame));
      consumer->ack(frame.position + 1);
    }
  }
}

TEST_CASE("a file that is not a ring is refused") {
  const Folder folder;
  const AbortSignal abort;
  const RingOptions options = small_options(folder);
  const auto refused = [&] {
    CHECK(code_of([&] { Producer::open(options, small_format(), abort, 0); }) ==
          ErrorCode::RingInvalid);
    CHECK(code_of([&] { Consumer::open(options.path, abort, 0); }) == ErrorCode::RingInvalid);
    CHECK(code_of([&] { Observer::open(options.path); }) == ErrorCode::RingInvalid);
  };
  SUBCASE("an empty file") {
    write_file(options.path, {});
    refused();
  }
  SUBCASE("a text") {
    write_file(options.path, std::vector<char>(300'000, 'a'));
    refused();
  }
  SUBCASE("zeros") {
    write_file(options.path, std::vector<char>(300'000, '\0'));
    refused();
  }
  SUBCASE("a truncated ring") {
    Producer::open(options, small_format(), abort, 0);
    std::vector<char> bytes = read_file(options.path);
    bytes.resize(bytes.size() - 1);
    write_file(options.path, bytes);
    refused();
  }
  SUBCASE("a ring of another version") {
    Producer::open(options, small_format(), abort, 0);
    std::vector<char> bytes = read_file(options.path);
    bytes[offsetof(Header, abi_version)] += 1;
    write_file(options.path, bytes);
    refused();
  }
  SUBCASE("a folder") {
    std::filesystem::create_directory(options.path);
    CHECK(code_of([&] { Observer::open(options.path); }) == ErrorCode::RingInvalid);
  }
}

TEST_CASE("a ring file with a damaged header is opened or refused, and never read out of bounds") {
  const std::uint32_t start = seed();
  CAPTURE(start);
  std::mt19937 random(start);
  const Folder folder;
  const AbortSignal abort;
  const RingOptions options = small_options(folder);
  {
    const auto producer = Producer::open(options, small_format(), abort, 0);
    for (int i = 0; i < 3; ++i) put(*producer, abort);
  }
  const std::vector<char> good = read_file(options.path);
  int refused = 0;
  const int rounds = videopush::test::count(200, 10'000);
  for (int round = 0; round < rounds; ++round) {
    std::vector<char> bytes = good;
    // Mostly the constants in front, sometimes anything.
    const std::size_t reach = round % 4 == 0 ? sizeof(Header) : 256;
    for (int i = 0; i < 3; ++i) bytes[random() % reach] = static_cast<char>(random());
    if (round % 10 == 0) bytes.resize(random() % bytes.size());
    write_file(options.path, bytes);
    try {
      const auto consumer = Consumer::open(options.path, abort, 0);
      TakenFrame frame;
      for (int i = 0; i < 8 && take(*consumer, frame) == Take::Frame; ++i) {
        volatile const std::uint8_t last = frame.data[2][plane_bytes(2) - 1];
        (void)last;
        consumer->ack(frame.position + 1);
      }
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::RingInvalid);
      ++refused;
    }
  }
  CHECK(refused > rounds / 2);
}

TEST_CASE("ring options out of bounds are refused before any file is touched") {
  const Folder folder;
  const AbortSignal abort;
  const auto refused = [&](const std::function<void(RingOptions&, VideoFormat&)>& spoil) {
    RingOptions options = small_options(folder);
    VideoFormat format = small_format();
    spoil(options, format);
    CHECK(code_of([&] { Producer::open(options, format, abort, 0); }) ==
          ErrorCode::InvalidArgument);
    CHECK_FALSE(std::filesystem::exists(options.path));
  };
  refused([](RingOptions& options, VideoFormat&) { options.capacity = 0; });
  refused([](RingOptions& options, VideoFormat&) { options.capacity = 257; });
  refused([](RingOptions& options, VideoFormat&) { options.outputs.clear(); });
  refused([](RingOptions& options, VideoFormat&) { options.outputs.assign(9, "x"); });
  refused([](RingOptions& options, VideoFormat&) { options.outputs = {std::string(64, 'x')}; });
  refused([](RingOptions& options, VideoFormat&) { options.parameters.assign(16'385, ' '); });
  refused([](RingOptions&, VideoFormat& format) { format.width = 0; });
  refused([](RingOptions&, VideoFormat& format) { format.height = 20'000; });
  refused([](RingOptions&, VideoFormat& format) { format.pixel_format = AV_PIX_FMT_VAAPI; });
  refused([](RingOptions&, VideoFormat& format) { format.pixel_format = -1; });
}

TEST_CASE("a ring file without room or folder fails with an error that says what is needed") {
  const Folder folder;
  const AbortSignal abort;
  RingOptions options = small_options(folder);
  options.path = folder.file("none/frames");
  CHECK(code_of([&] { Producer::open(options, small_format(), abort, 0); }) ==
        ErrorCode::FileNotWritable);
  // A file system as good as full: the process may not write files of more than 1 MiB.
  const pid_t child = spawn([&folder] {
    const rlimit limit{1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);
    VideoFormat format = small_format();
    format.width = 1280;
    format.height = 720;
    const AbortSignal own;
    try {
      Producer::open(small_options(folder), format, own, 0);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::FileNotWritable &&
          error.message().find("10 MiB") != std::string::npos)
        _exit(7);
      std::fprintf(stderr, "%s\n", error.what());
    }
  });
  CHECK(WEXITSTATUS(reap(child)) == 7);
  CHECK_FALSE(std::filesystem::exists(small_options(folder).path + ".next"));
}

TEST_CASE("a consumer waits for the ring file to be made, up to a limit") {
  const Folder folder;
  AbortSignal abort;
  const RingOptions options = small_options(folder);
  CHECK(code_of([&] { Consumer::open(options.path, abort, kMillisecond); }) ==
        ErrorCode::SourceTimeout);
  std::unique_ptr<Consumer> consumer;
  std::thread waiting([&] { consumer = Consumer::open(options.path, abort, kSoon); });
  const auto producer = Producer::open(options, small_format(), abort, kSoon);
  waiting.join();
  CHECK(consumer != nullptr);
}

TEST_CASE("an observer of a ring file sees cursors and ledgers and holds nothing") {
  const Folder folder;
  const AbortSignal abort;
  const RingOptions options = small_options(folder);
  CHECK(code_of([&] { Observer::open(options.path); }) == ErrorCode::SourceNotFound);
  const auto producer = Producer::open(options, small_format(), abort, kSoon);
  const auto observer = Observer::open(options.path);
  const auto consumer = Consumer::open(options.path, abort, kSoon);
  put(*producer, abort);
  TakenFrame frame;
  CHECK(take(*consumer, frame) == Take::Frame);
  Ledger(consumer->header().outputs[0]).sent(0, 9);
  CHECK(observer->header().published == 1);
  CHECK(observer->header().cursors().taken == 1);
  CHECK(Ledger::read(observer->header().outputs[0]).sent == 1);
  CHECK(std::string(observer->header().outputs[0].name) == "main");
}

TEST_CASE("changed parameters make the next generation of a ring once the old one is acked") {
  const Folder folder;
  const AbortSignal abort;
  RingOptions options = small_options(folder);
  options.parameters = "{\"a\":1}";
  auto producer = Producer::open(options, small_format(), abort, kSoon);
  auto consumer = Consumer::open(options.path, abort, kSoon);
  Ledger ledger(consumer->header().outputs[0]);
  CHECK(consumer->parameters() == options.parameters);
  for (int i = 0; i < 3; ++i) put(*producer, abort);
  producer = nullptr;

  VideoFormat wide = small_format();
  wide.width = 128;
  wide.time_base_den = 180'000;
  CHECK(code_of([&] { Producer::open(options, wide, abort, kMillisecond); }) ==
        ErrorCode::RingPeerFailed);
  TakenFrame frame;
  std::thread opening([&] { producer = Producer::open(options, wide, abort, kSoon); });
  for (std::uint64_t i = 0; i < 3; ++i) {
    REQUIRE(take(*consumer, frame) == Take::Frame);
    ledger.sent(i, 1);
    consumer->ack(frame.position + 1);
  }
  CHECK(take(*consumer, frame, kSoon) == Take::Replaced);
  opening.join();
  ledger.begin(3);  // something that happened after the ledgers were taken over
  consumer->header().outputs[0].connects = 5;
  consumer = consumer->next(abort, kSoon);
  CHECK(consumer->format().width == 128);
  CHECK(consumer->header().generation == 2);
  CHECK(consumer->header().outputs[0].connects == 5);
  CHECK(consumer->header().outputs[0].begun == 4);
  CHECK(Ledger::read(consumer->header().outputs[0]).sent == 3);

  REQUIRE(producer->resumed());
  CHECK(producer->last()->sequence == 2);
  CHECK(producer->last()->pts == 12'000);  // 6,000 ticks of the old time base
  CHECK(put(*producer, abort) == Reserve::Slot);
  REQUIRE(take(*consumer, frame) == Take::Frame);
  CHECK(frame.header->sequence == 3);
  CHECK(frame.position == 3);
  CHECK(frame.skipped == 0);
}

TEST_CASE(
    "a ring needs a new generation when what the encoder needs differs, and none when measured "
    "hints do") {
  const Folder folder;
  const AbortSignal abort;
  const RingOptions options = small_options(folder);
  const auto generation = [&](const VideoFormat& format) {
    return Producer::open(options, format, abort, 0)->header().generation;
  };
  VideoFormat format = small_format();
  CHECK(generation(format) == 1);
  format.bit_rate = 5'000'000;
  format.gop_frames = 50;
  format.frame_rate_num = 2997;
  format.frame_rate_den = 100;
  CHECK(generation(format) == 1);
  format.frame_rate_num = 25;
  format.frame_rate_den = 1;
  CHECK(generation(format) == 2);
  format.color_range = AVCOL_RANGE_JPEG;
  CHECK(generation(format) == 3);
}
