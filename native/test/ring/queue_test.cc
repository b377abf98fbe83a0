#include <chrono>
#include <thread>

#include "ring/futex.h"
#include "ring/ring_fixture.h"

using namespace videopush;
using namespace videopush::ring;
using namespace videopush::ring::test;

namespace {

/// A producer and its consumer in this process.
struct Pair {
  explicit Pair(WhenFull when_full = WhenFull::Block) : Pair(when_full, small_format()) {}
  Pair(WhenFull when_full, const VideoFormat& format) : options(small_options(folder, when_full)) {
    producer = Producer::open(options, format, abort, kSoon);
    consumer = Consumer::open(options.path, abort, kSoon);
  }
  void reopen_producer() {
    producer.reset();
    producer = Producer::open(options, small_format(), abort, kSoon);
  }
  void reopen_consumer() {
    consumer.reset();
    consumer = Consumer::open(options.path, abort, kSoon);
  }
  /// Takes, checks and returns the sequence; the frame stays in flight.
  std::uint64_t next() {
    REQUIRE(take(*consumer, frame) == Take::Frame);
    REQUIRE(whole(frame));
    return frame.header->sequence;
  }
  std::uint64_t next_done() {
    const std::uint64_t sequence = next();
    consumer->release(frame.position);
    consumer->ack(frame.position + 1);
    return sequence;
  }
  Cursors cursors() const { return producer->header().cursors(); }

  Folder folder;
  AbortSignal abort;
  RingOptions options;
  std::unique_ptr<Producer> producer;
  std::unique_ptr<Consumer> consumer;
  TakenFrame frame{};
};

}  // namespace

TEST_CASE("frames arrive from a ring whole and in order, and then the end") {
  Pair ring;
  CHECK_FALSE(ring.producer->resumed());
  CHECK_FALSE(ring.consumer->resumed());
  CHECK(ring.producer->last() == nullptr);
  CHECK(take(*ring.consumer, ring.frame) == Take::Timeout);
  for (std::uint64_t i = 0; i < 100; ++i) {
    REQUIRE(put(*ring.producer, ring.abort) == Reserve::Slot);
    REQUIRE(ring.next_done() == i);
    CHECK(ring.frame.skipped == 0);
    CHECK_FALSE(ring.frame.discontinuity);
  }
  ring.producer->end();
  CHECK(take(*ring.consumer, ring.frame) == Take::End);
  CHECK(ring.consumer->header().source_frames == 100);
  SlotWriter slot;
  CHECK_THROWS_AS(ring.producer->reserve(slot, ring.abort, 0), Error);
}

TEST_CASE("Block holds the producer at the capacity until a frame is taken") {
  Pair ring;
  for (int i = 0; i < 4; ++i) CHECK(put(*ring.producer, ring.abort) == Reserve::Slot);
  CHECK(put(*ring.producer, ring.abort) == Reserve::Timeout);
  CHECK(ring.next() == 0);
  CHECK(put(*ring.producer, ring.abort) == Reserve::Slot);
  CHECK(put(*ring.producer, ring.abort, kMillisecond) == Reserve::Timeout);
  CHECK(ring.producer->header().producer_blocked_ns > 0);
  CHECK(ring.producer->header().source_frames == 5);  // a time-out uses no sequence
}

TEST_CASE("un-acked frames keep their slots") {
  Pair ring;  // 4 + 3 slots
  for (int i = 0; i < 7; ++i) {
    REQUIRE(put(*ring.producer, ring.abort) == Reserve::Slot);
    if (i < 5) CHECK(ring.next() == static_cast<std::uint64_t>(i));
  }
  ring.consumer->release(0);
  CHECK(put(*ring.producer, ring.abort) ==
        Reserve::Timeout);  // queue not full, but every slot is un-acked
  ring.consumer->ack(1);
  CHECK(put(*ring.producer, ring.abort) == Reserve::Slot);
  CHECK(put(*ring.producer, ring.abort) == Reserve::Timeout);
}

TEST_CASE("the ack cursor never moves back and never beyond what was taken") {
  Pair ring;
  for (int i = 0; i < 4; ++i) put(*ring.producer, ring.abort);
  ring.next();
  ring.next();
  ring.consumer->ack(100);
  CHECK(ring.cursors().acked == 2);
  ring.consumer->ack(1);
  CHECK(ring.cursors().acked == 2);
}

TEST_CASE("frames may be released in any order, and the cursor waits for the oldest") {
  Pair ring;
  for (int i = 0; i < 3; ++i) {
    put(*ring.producer, ring.abort);
    ring.next();
  }
  const auto& released = ring.producer->header().released;
  ring.consumer->release(1);
  CHECK(released == 0);
  ring.consumer->release(0);
  CHECK(released == 2);
  ring.consumer->release(2);
  CHECK(released == 3);
  ring.consumer->release(2);  // again: nothing
  CHECK(released == 3);
}

TEST_CASE("a new consumer gets everything again that was not acked") {
  Pair ring;
  for (int i = 0; i < 4; ++i) put(*ring.producer, ring.abort);
  CHECK(ring.next_done() == 0);
  CHECK(ring.next() == 1);
  CHECK(ring.next() == 2);
  ring.reopen_consumer();
  CHECK(ring.consumer->resumed());
  CHECK(ring.cursors().taken == 1);
  for (std::uint64_t i = 1; i < 4; ++i) CHECK(ring.next_done() == i);
  CHECK(ring.consumer->header().consumer_resumes == 1);
}

TEST_CASE("a rewind gives un-acked frames again in the same process run") {
  Pair ring;
  for (int i = 0; i < 4; ++i) put(*ring.producer, ring.abort);
  CHECK(ring.next_done() == 0);
  CHECK(ring.next() == 1);
  CHECK(ring.next() == 2);
  ring.consumer->rewind();
  CHECK(ring.next_done() == 1);
  CHECK(ring.next_done() == 2);
  CHECK(ring.next_done() == 3);
}

TEST_CASE(
    "a new producer goes on after the last published frame, and a half-written one never shows") {
  Pair ring;
  put(*ring.producer, ring.abort);
  put(*ring.producer, ring.abort);
  SlotWriter half;
  REQUIRE(ring.producer->reserve(half, ring.abort, 0) == Reserve::Slot);
  std::memset(half.data[0], 0xee, 64);
  ring.reopen_producer();
  CHECK(ring.producer->resumed());
  REQUIRE(ring.producer->last() != nullptr);
  CHECK(ring.producer->last()->sequence == 1);
  CHECK(put(*ring.producer, ring.abort) == Reserve::Slot);
  for (std::uint64_t i = 0; i < 3; ++i) {
    CHECK(ring.next_done() == i);
    CHECK(ring.frame.skipped == 0);
  }
  CHECK(take(*ring.consumer, ring.frame) == Take::Timeout);
  CHECK(ring.producer->header().source_frames == 3);
  CHECK(ring.producer->header().producer_resumes == 1);
}

TEST_CASE("the end marker outlives the producer") {
  Pair ring;
  put(*ring.producer, ring.abort);
  ring.producer->end();
  ring.producer = nullptr;
  ring.producer = Producer::attach(ring.options.path);
  REQUIRE(ring.producer != nullptr);
  CHECK(ring.producer->ended());
  CHECK(ring.next_done() == 0);
  CHECK(take(*ring.consumer, ring.frame) == Take::End);
}

TEST_CASE("DropNewest drops new frames while the ring is full and shows them as a gap") {
  Pair ring(WhenFull::DropNewest);
  for (int i = 0; i < 4; ++i) CHECK(put(*ring.producer, ring.abort) == Reserve::Slot);
  CHECK(put(*ring.producer, ring.abort) == Reserve::Dropped);
  CHECK(put(*ring.producer, ring.abort) == Reserve::Dropped);
  for (std::uint64_t i = 0; i < 4; ++i) CHECK(ring.next_done() == i);
  CHECK(put(*ring.producer, ring.abort) == Reserve::Slot);
  CHECK(ring.next_done() == 6);
  CHECK(ring.frame.skipped == 2);
  CHECK(ring.frame.skipped_reason == Drop::QueueFull);
  CHECK(ring.producer->dropped() == 2);
  for (int i = 0; i < 5; ++i) put(*ring.producer, ring.abort);
  ring.producer->end();
  CHECK(ring.consumer->header().source_frames == 12);  // the dropped last one included
}

TEST_CASE(
    "DropOldest passes over the oldest frame, with an active, an idle and an absent consumer") {
  Pair ring(WhenFull::DropOldest);
  ring.consumer = nullptr;
  for (int i = 0; i < 50; ++i) REQUIRE(put(*ring.producer, ring.abort) == Reserve::Slot);
  CHECK(ring.producer->dropped() == 46);
  ring.reopen_consumer();
  CHECK(ring.next_done() == 46);
  CHECK(ring.frame.skipped == 46);
  CHECK(ring.frame.skipped_reason == Drop::QueueFull);
  CHECK(ring.next_done() == 47);
  CHECK(ring.frame.skipped == 0);
}

TEST_CASE("DropOldest keeps frames in flight, whose slots come free when they are acked") {
  Pair ring(WhenFull::DropOldest);  // 7 slots
  put(*ring.producer, ring.abort);
  CHECK(ring.next() == 0);  // in flight
  for (int i = 1; i < 7; ++i) REQUIRE(put(*ring.producer, ring.abort) == Reserve::Slot);
  CHECK(put(*ring.producer, ring.abort) ==
        Reserve::Timeout);  // every slot belongs to a frame behind the one in flight
  CHECK(whole(ring.frame));
  ring.consumer->ack(1);  // also what was passed over behind it
  CHECK(ring.cursors().acked == ring.cursors().taken);
  CHECK(put(*ring.producer, ring.abort) == Reserve::Slot);
  const std::uint64_t next = ring.next_done();
  CHECK(next == 4);
  CHECK(ring.frame.skipped == 3);
}

TEST_CASE("sequences that a live decoder lost between two process runs are a network gap") {
  Pair ring;
  put(*ring.producer, ring.abort);
  SlotWriter lost;
  REQUIRE(ring.producer->reserve(lost, ring.abort, 0) == Reserve::Slot);
  ring.reopen_producer();
  ring.producer->skip_to(ring.producer->header().source_frames);
  SlotWriter slot;
  REQUIRE(ring.producer->reserve(slot, ring.abort, 0) == Reserve::Slot);
  paint(slot);
  slot.header->flags = kDiscontinuity;
  ring.producer->publish(slot);
  CHECK(ring.next_done() == 0);
  CHECK(ring.next_done() == 2);
  CHECK(ring.frame.skipped == 1);
  CHECK(ring.frame.discontinuity);
  CHECK(ring.frame.skipped_reason == Drop::Network);
}

TEST_CASE("the gap before the first frame of a new consumer starts at the ledger's base") {
  Pair ring;
  for (int i = 0; i < 3; ++i) put(*ring.producer, ring.abort);
  Ledger ledger(ring.consumer->header().outputs[0]);
  ring.next_done();
  ledger.sent(0, 1);
  ring.next_done();  // acked, but its outcome was never written
  ring.reopen_consumer();
  CHECK(ring.next() == 2);
  CHECK(ring.frame.skipped == 1);
}

TEST_CASE("an abort wakes a blocked producer and a waiting consumer within 100 ms") {
  Pair ring;
  const auto aborted_within = [](auto wait) {
    AbortSignal abort;
    Nanoseconds returned = 0;
    std::thread waiter([&] {
      wait(abort);
      returned = monotonic_now();
    });
    std::this_thread::sleep_for(
        std::chrono::milliseconds(20));  // into the wait; too early would be right as well
    const Nanoseconds start = monotonic_now();
    abort.abort();
    waiter.join();
    return returned - start;
  };
  // Ten times what is promised: the machine may be busy.
  CHECK(aborted_within([&](AbortSignal& abort) {
          TakenFrame frame;
          CHECK(ring.consumer->take(frame, abort, kForever) == Take::Aborted);
        }) < kSecond);
  for (int i = 0; i < 4; ++i) put(*ring.producer, ring.abort);
  CHECK(aborted_within([&](AbortSignal& abort) {
          CHECK(put(*ring.producer, abort, kForever) == Reserve::Aborted);
        }) < kSecond);
  CHECK(aborted_within([&](AbortSignal& abort) {
          CHECK_THROWS_AS(Consumer::open(ring.folder.file("none"), abort, kForever), Error);
        }) < kSecond);
}

TEST_CASE("heartbeats go on while a side of the ring waits") {
  Pair ring;
  auto& heartbeat = ring.consumer->header().consumer_heartbeat;
  const Nanoseconds before = monotonic_now();
  CHECK(take(*ring.consumer, ring.frame, 2 * kMillisecond) == Take::Timeout);
  CHECK(heartbeat >= before);
  CHECK(heartbeat <= monotonic_now());
}
