// A ring that begins where another one's producer stopped.
#include <memory>

#include "ring/ring_fixture.h"

using namespace videopush;
using namespace videopush::ring;
using namespace videopush::ring::test;

namespace {

SlotHeader last_frame() {
  SlotHeader last{};
  last.sequence = 41;
  last.pts = 41 * 1000;
  last.duration = 1000;
  last.pass = 2;
  last.source_pts = 777;
  last.source_index = 11;
  last.segment_origin = 5;
  last.segment_start = 3000;
  return last;
}

RingOptions seeded_options(const Folder& folder) {
  RingOptions options = small_options(folder);
  options.seed = Seed{last_frame(), {1, 30000}};
  return options;
}

std::unique_ptr<Producer> open(const RingOptions& options) {
  const AbortSignal never;
  return Producer::open(options, small_format(), never, kSoon);
}

}  // namespace

TEST_CASE("the producer of a seeded ring goes on behind the seed, in the ring's time base") {
  const Folder folder;
  const auto producer = open(seeded_options(folder));
  CHECK(producer->resumed());
  CHECK(producer->next_sequence() == 42);
  REQUIRE(producer->last() != nullptr);
  CHECK(producer->last()->pts == 41 * 3000);
  CHECK(producer->last()->duration == 3000);
  CHECK(producer->last()->segment_start == 9000);
  CHECK(producer->last()->source_pts == 777);
  CHECK(producer->last()->pass == 2);
  CHECK(producer->header().source_frames == 42);
}

TEST_CASE("the consumer of a seeded ring and its ledger begin with the frame behind the seed") {
  const Folder folder;
  const auto producer = open(seeded_options(folder));
  const AbortSignal never;
  const auto consumer = Consumer::open(folder.file(), never, kSoon);
  CHECK(Ledger(consumer->header().outputs[0]).base() == 42);
  REQUIRE(put(*producer, never) == Reserve::Slot);
  TakenFrame frame;
  REQUIRE(take(*consumer, frame) == Take::Frame);
  CHECK(frame.header->sequence == 42);
  CHECK(frame.skipped == 0);
  CHECK(whole(frame));
}

TEST_CASE("the consumer of a seeded ring waits for the first frame and has nothing left to ack") {
  const Folder folder;
  const auto producer = open(seeded_options(folder));
  const AbortSignal never;
  const auto consumer = Consumer::open(folder.file(), never, kSoon);
  TakenFrame frame;
  CHECK(take(*consumer, frame) == Take::Timeout);
  CHECK(consumer->header().cursors().acked == consumer->header().published);
}

TEST_CASE("the producer of a seeded ring can use all slots") {
  const Folder folder;
  const auto producer = open(seeded_options(folder));
  const AbortSignal never;
  for (std::uint32_t i = 0; i < small_options(folder).capacity; ++i) {
    REQUIRE(put(*producer, never) == Reserve::Slot);
  }
  CHECK(put(*producer, never) == Reserve::Timeout);
}

TEST_CASE("a ring that exists goes on as it is when it is opened with a seed") {
  const Folder folder;
  const AbortSignal never;
  {
    const auto producer = open(small_options(folder));
    REQUIRE(put(*producer, never) == Reserve::Slot);
  }
  const auto producer = open(seeded_options(folder));
  CHECK(producer->next_sequence() == 1);
}

TEST_CASE("wait_consumed returns when the consumer takes, acks or asks for a replay") {
  const Folder folder;
  const AbortSignal never;
  const auto producer = open(small_options(folder));
  const auto consumer = Consumer::open(folder.file(), never, kSoon);
  Cursors seen = producer->header().cursors();
  CHECK_FALSE(producer->wait_consumed(seen, never, 0));
  REQUIRE(put(*producer, never) == Reserve::Slot);
  CHECK_FALSE(producer->wait_consumed(seen, never, kMillisecond));
  TakenFrame frame;
  REQUIRE(take(*consumer, frame) == Take::Frame);
  CHECK(producer->wait_consumed(seen, never, kSoon));
  seen = producer->header().cursors();
  CHECK_FALSE(producer->wait_consumed(seen, never, 0));
  consumer->ack(frame.position + 1);
  CHECK(producer->wait_consumed(seen, never, kSoon));
}

TEST_CASE("wait_published returns at a frame and at the end marker, and takes nothing") {
  const Folder folder;
  const AbortSignal never;
  const auto producer = open(small_options(folder));
  const auto consumer = Consumer::open(folder.file(), never, kSoon);
  CHECK_FALSE(consumer->wait_published(never, 0));
  REQUIRE(put(*producer, never) == Reserve::Slot);
  CHECK(consumer->wait_published(never, kSoon));
  CHECK(producer->header().cursors().taken == 0);
  TakenFrame frame;
  REQUIRE(take(*consumer, frame) == Take::Frame);
  CHECK_FALSE(consumer->wait_published(never, kMillisecond));
  producer->end();
  CHECK(consumer->wait_published(never, kSoon));
}

TEST_CASE("wait_consumed ends within 100 ms of an abort") {
  const Folder folder;
  const auto producer = open(small_options(folder));
  AbortSignal abort;
  abort.abort();
  const Nanoseconds began = system_clock().now();
  CHECK_FALSE(producer->wait_consumed(producer->header().cursors(), abort, kSoon));
  CHECK(system_clock().now() - began < 100 * kMillisecond);
}
