// The reading thread and its one reader: order, seeks that overtake it, the end, and being closed
// at any instant.
#include "sessions/read/read_session.h"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

using namespace videopush;
using sessions::ReadFrame;
using sessions::ReadResult;
using sessions::ReadSession;
using sessions::ReadTarget;

namespace {

/// A session with its thread, and a wait for its next word.
class Reading {
 public:
  explicit Reading(double seconds, std::size_t queue_frames = 4)
      : session_(options(seconds, queue_frames), [this] { ring(); }) {
    session_.open();
    thread_ = std::thread([this] { session_.run(); });
  }
  ~Reading() {
    session_.close();
    thread_.join();
  }

  ReadSession& session() { return session_; }

  ReadResult next(ReadFrame& out) {
    std::unique_lock lock(mutex_);
    for (;;) {
      rung_ = false;
      lock.unlock();
      const ReadResult result = session_.next(out);
      if (result != ReadResult::Pending) return result;
      lock.lock();
      REQUIRE(wake_.wait_for(lock, std::chrono::seconds(20), [this] { return rung_; }));
    }
  }

 private:
  static sessions::ReadOptions options(double seconds, std::size_t queue_frames) {
    sessions::ReadOptions options;
    options.source.test_pattern = media::TestPattern{64, 48, {25, 1}, seconds, "testsrc2"};
    options.queue_frames = queue_frames;
    return options;
  }

  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    wake_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  bool rung_ = false;
  ReadSession session_;
  std::thread thread_;
};

}  // namespace

TEST_CASE(
    "a read session gives every frame once, packed, and then the end as often as it is asked") {
  Reading reading(2);
  ReadFrame frame;
  for (int i = 0; i < 50; ++i) {
    REQUIRE(reading.next(frame) == ReadResult::Frame);
    CHECK(frame.index == i);
    CHECK(frame.seconds == doctest::Approx(i / 25.0));
    CHECK(frame.frame->format == AV_PIX_FMT_RGB24);
    CHECK(frame.frame->linesize[0] == 64 * 3);
  }
  CHECK(reading.next(frame) == ReadResult::End);
  CHECK(reading.next(frame) == ReadResult::End);
}

TEST_CASE("a seek overtakes what was read ahead, so that the next frame is the target") {
  Reading reading(10);
  std::mt19937 random(7);
  ReadFrame frame;
  for (int i = 0; i < 60; ++i) {
    ReadTarget target;
    const auto index = static_cast<std::int64_t>(random() % 250);
    if (random() % 2 == 0) {
      target.index = index;
    } else {
      target.kind = ReadTarget::Kind::Time;
      target.seconds = static_cast<double>(index) / 25 + 0.01;
    }
    reading.session().seek(target);
    if (random() % 3 == 0) reading.session().seek(target);  // twice in a row is the same
    for (std::int64_t n = index; n < std::min<std::int64_t>(index + 3, 250); ++n) {
      REQUIRE(reading.next(frame) == ReadResult::Frame);
      CHECK(frame.index == n);
    }
  }
}

TEST_CASE("a seek beyond the last frame gives the end, and one back gives a frame again") {
  Reading reading(1);
  ReadFrame frame;
  reading.session().seek({ReadTarget::Kind::Index, 25, 0});
  CHECK(reading.next(frame) == ReadResult::End);
  reading.session().seek({ReadTarget::Kind::Time, 0, 1.5});
  CHECK(reading.next(frame) == ReadResult::End);
  reading.session().seek({ReadTarget::Kind::Index, 24, 0});
  REQUIRE(reading.next(frame) == ReadResult::Frame);
  CHECK(frame.index == 24);
  CHECK(reading.next(frame) == ReadResult::End);
}

TEST_CASE("a read session may be closed at any instant, and refuses calls as closed afterwards") {
  for (int i = 0; i < 30; ++i) {
    Reading reading(0, 2);
    ReadFrame frame;
    for (int n = 0; n < i % 5; ++n) REQUIRE(reading.next(frame) == ReadResult::Frame);
    std::thread closer([&] { reading.session().close(); });
    try {
      while (reading.next(frame) != ReadResult::End) {
      }
      FAIL("a closed session has no end");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::InvalidState);
    }
    closer.join();
  }
}

TEST_CASE("opening a read session fails with Aborted when it was closed before") {
  sessions::ReadOptions options;
  options.source.test_pattern = media::TestPattern{};
  ReadSession session(options, [] {});
  session.close();
  try {
    session.open();
    FAIL("it opened");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Aborted);
  }
}
