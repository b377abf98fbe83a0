#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "ring/ring_fixture.h"
#include "sessions/ring_ends/queue_reader.h"
#include "sessions/ring_ends/queue_writer.h"
#include "support/error_of.h"

using namespace videopush;
using ring::test::Folder;
using ring::test::kSoon;
using sessions::QueueReader;
using sessions::QueueWriter;

namespace {

QueueWriter writer_of(const Folder& folder) {
  return QueueWriter({.ring = ring::test::small_options(folder),
                      .format = ring::test::small_format(),
                      .peer_limit = 200 * kMillisecond});
}

/// The thread that an end needs, joined at the end of its test.
struct Running {
  explicit Running(sessions::RingEnd& end) : end(end), thread([&end] { end.run(); }) {}
  ~Running() {
    end.close();
    thread.join();
  }
  sessions::RingEnd& end;
  std::thread thread;
};

bool soon(const std::atomic<int>& count) {
  for (Nanoseconds waited = 0; count == 0 && waited < kSoon; waited += kMillisecond)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return count > 0;
}

}  // namespace

TEST_CASE("a frame goes from one end of a queue to the other, and its slot back") {
  const Folder folder;
  QueueWriter writer = writer_of(folder);
  writer.open();
  QueueReader reader(folder.file(), kSoon);
  reader.open(kSoon);
  CHECK(writer.put(ring::test::paint));
  writer.end();
  ring::TakenFrame frame;
  REQUIRE(reader.take(frame) == QueueReader::Taken::Frame);
  CHECK(ring::test::whole(frame));
  reader.release(frame.position);
  CHECK(reader.take(frame) == QueueReader::Taken::End);
  CHECK(test::error_of([&] { writer.put(ring::test::paint); }).code() == ErrorCode::InvalidState);
}

TEST_CASE("a writer that found a full queue gets news once the reader has made room") {
  const Folder folder;
  QueueWriter writer = writer_of(folder);
  writer.open();
  QueueReader reader(folder.file(), kSoon);
  reader.open(kSoon);
  std::atomic<int> news{0};
  writer.on_news([&] { ++news; });
  int frames = 0;
  while (writer.put(ring::test::paint)) ++frames;
  CHECK(frames == 4);
  const Running running(writer);
  ring::TakenFrame frame;
  REQUIRE(reader.take(frame) == QueueReader::Taken::Frame);
  reader.release(frame.position);
  REQUIRE(soon(news));
  CHECK(writer.put(ring::test::paint));
}

TEST_CASE("a writer fails with RingPeerFailed when no reader is heard of in time") {
  const Folder folder;
  QueueWriter writer = writer_of(folder);
  writer.open();
  std::atomic<int> news{0};
  writer.on_news([&] { ++news; });
  while (writer.put(ring::test::paint)) {
  }
  const Running running(writer);
  REQUIRE(soon(news));
  CHECK(test::error_of([&] { writer.check(); }).code() == ErrorCode::RingPeerFailed);
}

TEST_CASE("closing an end wakes whoever waits for its news, and refuses what comes after") {
  const Folder folder;
  QueueWriter writer = writer_of(folder);
  writer.open();
  std::atomic<int> news{0};
  writer.on_news([&] { ++news; });
  {
    const Running running(writer);
  }
  CHECK(news == 1);
  CHECK(test::error_of([&] { writer.check(); }).code() == ErrorCode::InvalidState);
}
