// The real parts together: a ring in shared memory, libx264, the wall's clock, and a Matroska file.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include "core/clock.h"
#include "media/encode/pictures.h"
#include "ring/ring.h"
#include "sessions/encode/encode_session.h"
#include "sessions/encode/ring_input.h"

using namespace videopush;
using namespace videopush::test;

namespace {

struct Folder {
  Folder() {
    std::string pattern = "/tmp/videopush-encode-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

void publish(ring::Producer& producer, const VideoFormat& format, std::int64_t index) {
  const AbortSignal never;
  ring::SlotWriter slot;
  REQUIRE(producer.reserve(slot, never, 30 * kSecond) == ring::Reserve::Slot);
  const FramePtr frame = picture(format, index);
  for (int plane = 0; plane < 3; ++plane) {
    const int rows = plane == 0 ? format.height : format.height / 2;
    const int width = plane == 0 ? format.width : format.width / 2;
    for (int y = 0; y < rows; ++y)
      std::copy_n(frame->data[plane] + y * frame->linesize[plane], width,
                  slot.data[plane] + y * slot.stride[plane]);
  }
  slot.header->pts = frame->pts;
  slot.header->duration = frame_duration(*frame);
  slot.header->produced_at = system_clock().now();
  producer.publish(slot);
}

/// The pts of the file's video packets, in seconds, and the number of key frames.
std::pair<std::vector<double>, int> packets(const std::string& path) {
  AVFormatContext* context = nullptr;
  REQUIRE(avformat_open_input(&context, path.c_str(), nullptr, nullptr) == 0);
  REQUIRE(avformat_find_stream_info(context, nullptr) >= 0);
  std::vector<double> times;
  int keys = 0;
  const PacketPtr packet = make_packet();
  while (av_read_frame(context, packet.get()) == 0) {
    times.push_back(static_cast<double>(packet->pts) * av_q2d(context->streams[0]->time_base));
    keys += (packet->flags & AV_PKT_FLAG_KEY) != 0;
    av_packet_unref(packet.get());
  }
  avformat_close_input(&context);
  return {times, keys};
}

ring::RingOptions ring_in(const Folder& folder) {
  ring::RingOptions options;
  options.path = folder.path + "/frames";
  options.outputs = {"main"};
  return options;
}

sessions::EncodeOptions to_file(const Folder& folder, const std::string& name) {
  sessions::EncodeOptions options;
  sessions::OutputOptions output;
  output.name = "main";
  output.url = folder.path + "/" + name;
  options.outputs = {output};
  return options;
}

/// Nice levels of this process's threads, by thread id.
std::map<int, int> nice_levels() {
  std::map<int, int> levels;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    const int id = std::stoi(task.path().filename().string());
    levels[id] = getpriority(PRIO_PROCESS, static_cast<id_t>(id));
  }
  return levels;
}

}  // namespace

TEST_CASE(
    "frames from a ring are encoded and written to a file on time, and the ring is acked to its "
    "end") {
  const Folder folder;
  const VideoFormat format = video_format({.width = 320, .height = 192, .frame_rate = {50, 1}});
  const ring::RingOptions options = ring_in(folder);
  const AbortSignal abort;
  const auto producer = ring::Producer::open(options, format, abort, kSecond);

  sessions::EncodeOptions encode = to_file(folder, "out.mkv");
  encode.encoder.gop_frames = 25;
  sessions::EncodeSession session(encode, std::make_unique<sessions::RingInput>(options.path),
                                  system_clock(), nullptr);
  session.start();
  const Nanoseconds began = system_clock().now();
  for (std::int64_t i = 0; i < 60; ++i) publish(*producer, format, i);
  producer->end();
  REQUIRE(session.wait(60 * kSecond));
  const Nanoseconds took = system_clock().now() - began;

  const auto snapshot = session.snapshot();
  CHECK(snapshot.ended);
  CHECK_FALSE(snapshot.error.has_value());
  CHECK(snapshot.outputs[0].ledger.sent == 60);
  CHECK(snapshot.source_frames == 60);
  CHECK(ring::Observer::open(options.path)->header().cursors().acked == 60);
  CHECK(took >= 60 * kSecond / 50);  // never faster than the media
  const auto [times, keys] = packets(folder.path + "/out.mkv");
  REQUIRE(times.size() == 60);
  CHECK(keys == 3);
  for (std::size_t i = 0; i < times.size(); ++i)
    CHECK(times[i] == doctest::Approx(static_cast<double>(i) / 50).epsilon(0.002));
  MESSAGE("p99 lateness " << snapshot.outputs[0].lateness.quantile(0.99) * 1000 << " ms");
}

TEST_CASE(
    "an encoder that begins after the end was sent finds nothing to do and publishes nothing") {
  const Folder folder;
  const VideoFormat format = video_format({.width = 64, .height = 48, .frame_rate = {100, 1}});
  const ring::RingOptions options = ring_in(folder);
  const AbortSignal abort;
  const auto producer = ring::Producer::open(options, format, abort, kSecond);
  for (std::int64_t i = 0; i < 5; ++i) publish(*producer, format, i);
  producer->end();
  for (const char* name : {"first.mkv", "second.mkv"}) {
    sessions::EncodeSession session(to_file(folder, name),
                                    std::make_unique<sessions::RingInput>(options.path),
                                    system_clock(), nullptr);
    session.start();
    REQUIRE(session.wait(60 * kSecond));
    CHECK(session.snapshot().ended);
  }
  CHECK(std::filesystem::exists(folder.path + "/first.mkv"));
  CHECK_FALSE(std::filesystem::exists(folder.path + "/second.mkv"));
}

TEST_CASE("a session that has ended leaves the queue to the next one and still shows its ledger") {
  const Folder folder;
  const VideoFormat format = video_format({.width = 64, .height = 48, .frame_rate = {100, 1}});
  const ring::RingOptions options = ring_in(folder);
  const AbortSignal abort;
  const auto producer = ring::Producer::open(options, format, abort, kSecond);
  const auto session_to = [&](const char* name) {
    return std::make_unique<sessions::EncodeSession>(
        to_file(folder, name), std::make_unique<sessions::RingInput>(options.path), system_clock(),
        nullptr);
  };
  const auto first = session_to("first.mkv");
  first->start();
  for (std::int64_t i = 0; i < 5; ++i) publish(*producer, format, i);
  while (first->snapshot().outputs[0].ledger.sent < 5) usleep(1000);
  first->request_stop();
  REQUIRE(first->wait(60 * kSecond));

  const auto second = session_to("second.mkv");
  second->start();
  for (std::int64_t i = 5; i < 10; ++i) publish(*producer, format, i);
  producer->end();
  REQUIRE(second->wait(60 * kSecond));
  CHECK(second->snapshot().ended);
  CHECK(second->snapshot().outputs[0].ledger.sent == 10);
  const auto last = first->snapshot();
  CHECK_FALSE(last.running);
  CHECK(last.outputs[0].ledger.sent == 5);
  CHECK(last.source_frames == 5);
  CHECK(last.encoder->width == 64);
}

TEST_CASE("an encoder that holds more frames than the ring has slots does not stop the stream") {
  const Folder folder;
  const VideoFormat format = video_format({.width = 64, .height = 48, .frame_rate = {100, 1}});
  ring::RingOptions options = ring_in(folder);
  options.capacity = 5;
  options.retained = 2;
  const AbortSignal abort;
  const auto producer = ring::Producer::open(options, format, abort, kSecond);
  sessions::EncodeOptions encode = to_file(folder, "out.mkv");
  encode.encoder.preset = "medium";
  encode.encoder.tune = "";
  encode.encoder.max_b_frames = 16;
  sessions::EncodeSession session(encode, std::make_unique<sessions::RingInput>(options.path),
                                  system_clock(), nullptr);
  session.start();
  for (std::int64_t i = 0; i < 120; ++i) publish(*producer, format, i);
  producer->end();
  REQUIRE(session.wait(60 * kSecond));
  CHECK(session.snapshot().outputs[0].ledger.sent == 120);
  CHECK(packets(folder.path + "/out.mkv").first.size() == 120);
}

TEST_CASE(
    "a queue that goes on in another format is drained on time, then encoder and connection are "
    "opened again") {
  const Folder folder;
  const VideoFormat small = video_format({.width = 64, .height = 48, .frame_rate = {100, 1}});
  const VideoFormat large = video_format({.width = 128, .height = 96, .frame_rate = {100, 1}});
  const ring::RingOptions options = ring_in(folder);
  const AbortSignal abort;
  auto producer = ring::Producer::open(options, small, abort, kSecond);
  sessions::EncodeSession session(to_file(folder, "out.mkv"),
                                  std::make_unique<sessions::RingInput>(options.path),
                                  system_clock(), nullptr);
  session.start();
  for (std::int64_t i = 0; i < 30; ++i) publish(*producer, small, i);
  producer.reset();
  producer = ring::Producer::open(options, large, abort, 30 * kSecond);
  for (std::int64_t i = 30; i < 60; ++i) publish(*producer, large, i);
  producer->end();
  REQUIRE(session.wait(60 * kSecond));
  const auto snapshot = session.snapshot();
  CHECK(snapshot.ended);
  CHECK_FALSE(snapshot.error.has_value());
  CHECK(snapshot.source_frames == 60);
  CHECK(snapshot.outputs[0].ledger.sent == 60);
  CHECK(snapshot.outputs[0].connects == 2);
  CHECK(snapshot.resumes == 0);
  CHECK(snapshot.encoder->width == 128);
  CHECK(packets(folder.path + "/out.mkv").first.size() == 30);
  CHECK(packets(folder.path + "/out-2.mkv").first.size() == 30);
}

TEST_CASE("encoder threads step back behind everything else, and the sender does not") {
  const Folder folder;
  const VideoFormat format = video_format({.frame_rate = {100, 1}});
  const ring::RingOptions options = ring_in(folder);
  const AbortSignal abort;
  const auto producer = ring::Producer::open(options, format, abort, kSecond);
  const auto before = nice_levels();
  sessions::EncodeOptions encode = to_file(folder, "out.mkv");
  encode.encoder.threads = 2;
  sessions::EncodeSession session(encode, std::make_unique<sessions::RingInput>(options.path),
                                  system_clock(), nullptr);
  session.start();
  for (std::int64_t i = 0; i < 40; ++i) publish(*producer, format, i);
  int polite = 0, punctual = 0;
  for (const auto& [thread, level] : nice_levels()) {
    if (before.contains(thread)) continue;
    polite += level == before.at(getpid()) + 5;
    punctual += level == before.at(getpid());
  }
  CHECK(polite >= 3);    // the encode thread and x264's
  CHECK(punctual == 2);  // the session's own and the sender
}
