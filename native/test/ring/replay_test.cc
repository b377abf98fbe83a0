#include <memory>

#include "ring/ring_fixture.h"
#include "support/error_of.h"

using namespace videopush;
using namespace videopush::ring;
using namespace videopush::ring::test;
using videopush::test::error_of;

namespace {

/// Publishes `frames`; the consumer takes and releases all of them and acks only the first `acked`.
void run_ahead(Producer& producer, Consumer& consumer, std::uint64_t frames, std::uint64_t acked) {
  const AbortSignal never;
  consumer.relax_gate();
  for (std::uint64_t i = 0; i < frames; ++i) {
    REQUIRE(put(producer, never) == Reserve::Slot);
    TakenFrame frame;
    REQUIRE(take(consumer, frame) == Take::Frame);
    consumer.release(frame.position);
    if (i < acked) consumer.ack(i + 1);
  }
}

std::uint64_t next_done(Consumer& consumer, TakenFrame& frame) {
  REQUIRE(take(consumer, frame) == Take::Frame);
  REQUIRE(whole(frame));
  consumer.release(frame.position);
  consumer.ack(frame.position + 1);
  return frame.header->sequence;
}

}  // namespace

TEST_CASE("slots behind a relaxed gate are used again after release, far ahead of the acks") {
  const Folder folder;
  const AbortSignal never;
  const auto producer = Producer::open(small_options(folder), small_format(), never, kSoon);
  const auto consumer = Consumer::open(folder.file(), never, kSoon);
  run_ahead(*producer, *consumer, 400, 10);
  CHECK(producer->header().cursors().acked == 10);
  CHECK(producer->header().cursors().taken == 400);
}

TEST_CASE("un-acked frames behind a relaxed gate may run ahead as far as there are headers") {
  const Folder folder;
  const AbortSignal never;
  const auto producer = Producer::open(small_options(folder), small_format(), never, kSoon);
  const auto consumer = Consumer::open(folder.file(), never, kSoon);
  run_ahead(*producer, *consumer, kMaxSlots - 1, 0);
  CHECK(put(*producer, never) == Reserve::Timeout);
  consumer->ack(1);
  CHECK(put(*producer, never) == Reserve::Slot);
}

TEST_CASE("a consumer that needs overwritten frames again gets them from the producer") {
  const Folder folder;
  const AbortSignal never;
  auto producer = Producer::open(small_options(folder), small_format(), never, kSoon);
  producer->set_replayable(true);
  auto consumer = Consumer::open(folder.file(), never, kSoon);
  run_ahead(*producer, *consumer, 100, 60);

  SUBCASE("after a restart") {
    consumer = nullptr;
    consumer = Consumer::open(folder.file(), never, kSoon);
  }
  SUBCASE("after a rewind") { consumer->rewind(); }
  SUBCASE("after the end marker") {
    producer->end();
    consumer->rewind();
  }
  SUBCASE("when the producer, too, is another one by then") {
    consumer->rewind();
    TakenFrame frame;
    CHECK(take(*consumer, frame) == Take::Timeout);
    producer = nullptr;
    producer = Producer::open(small_options(folder), small_format(), never, kSoon);
  }
  TakenFrame frame;
  CHECK(take(*consumer, frame) == Take::Timeout);
  REQUIRE(producer->replay_requested());
  if (!producer->ended()) CHECK(put(*producer, never) == Reserve::ReplayRequested);
  producer->begin_replay();
  CHECK_FALSE(producer->ended());
  REQUIRE(producer->last() != nullptr);
  CHECK(producer->last()->sequence == 59);
  for (std::uint64_t i = 60; i < 120; ++i) {
    REQUIRE(put(*producer, never) == Reserve::Slot);
    REQUIRE(next_done(*consumer, frame) == i);
    CHECK_FALSE(frame.discontinuity);
  }
  CHECK(producer->header().source_frames == 120);
}

TEST_CASE("a producer replays from the very first frame when none was acked") {
  const Folder folder;
  const AbortSignal never;
  const auto producer = Producer::open(small_options(folder), small_format(), never, kSoon);
  producer->set_replayable(true);
  const auto consumer = Consumer::open(folder.file(), never, kSoon);
  run_ahead(*producer, *consumer, 50, 0);
  consumer->rewind();
  TakenFrame frame;
  CHECK(take(*consumer, frame) == Take::Timeout);
  producer->begin_replay();
  CHECK(producer->last() == nullptr);
  CHECK(producer->next_sequence() == 0);
  REQUIRE(put(*producer, never) == Reserve::Slot);
  CHECK(next_done(*consumer, frame) == 0);
}

TEST_CASE("frames that are still in memory are given again without the producer") {
  const Folder folder;
  const AbortSignal never;
  const auto producer = Producer::open(small_options(folder), small_format(), never, kSoon);
  producer->set_replayable(true);
  const auto consumer = Consumer::open(folder.file(), never, kSoon);
  run_ahead(*producer, *consumer, 100, 96);
  consumer->rewind();
  TakenFrame frame;
  for (std::uint64_t i = 96; i < 100; ++i) CHECK(next_done(*consumer, frame) == i);
  CHECK_FALSE(producer->replay_requested());
}

TEST_CASE("frames that nobody can give again are skipped as a network gap") {
  const Folder folder;
  const AbortSignal never;
  const auto producer = Producer::open(small_options(folder), small_format(), never, kSoon);
  const auto consumer = Consumer::open(folder.file(), never, kSoon);
  Ledger ledger(consumer->header().outputs[0]);
  run_ahead(*producer, *consumer, 100, 60);
  for (std::uint64_t i = 0; i < 60; ++i) ledger.sent(i, 1);

  SUBCASE("the source was never seekable") { consumer->rewind(); }
  SUBCASE("the source turned out not to be") {
    producer->set_replayable(true);
    consumer->rewind();
    TakenFrame frame;
    CHECK(take(*consumer, frame) == Take::Timeout);
    REQUIRE(producer->replay_requested());
    producer->decline_replay();
  }
  TakenFrame frame;
  // 7 slots, one of which the producer may be writing: 94 is the oldest that is certainly whole.
  CHECK(next_done(*consumer, frame) == 94);
  CHECK(frame.skipped == 34);
  CHECK(frame.discontinuity);
  CHECK(frame.skipped_reason == Drop::Network);
  for (std::uint64_t i = 95; i < 100; ++i) {
    CHECK(next_done(*consumer, frame) == i);
    CHECK_FALSE(frame.discontinuity);
  }
  CHECK(put(*producer, never) == Reserve::Slot);
  CHECK(next_done(*consumer, frame) == 100);
}

TEST_CASE("a picture too large for 256 MiB of retained frames relaxes the gate from the start") {
  VideoFormat format = small_format();
  format.width = 3840;
  format.height = 2160;
  RingOptions options;
  options.path = "/nowhere";
  options.outputs = {"main"};
  const RingSize uhd = ring_size(format, options);
  CHECK(uhd.slots == 21);
  CHECK(uhd.capacity == 19);
  CHECK(uhd.gate == Gate::AfterRelease);
  CHECK(uhd.total_bytes <= kMaxBytes + sizeof(Header));
  format.width = 1920;
  format.height = 1080;
  const RingSize hd = ring_size(format, options);
  CHECK(hd.slots == 28);
  CHECK(hd.gate == Gate::AfterAck);
  CHECK(hd.slot_bytes % 4096 == 0);
  CHECK(hd.total_bytes < kMaxBytes);
  options.retained = 200;
  CHECK(ring_size(format, options).gate == Gate::AfterRelease);
  CHECK(ring_size(format, options).total_bytes <= kMaxBytes + sizeof(Header));
}

TEST_CASE("the capacity of a queue shrinks for large pictures, but not below 4 slots") {
  VideoFormat format = small_format();
  format.width = 7680;
  format.height = 4320;
  RingOptions options;
  options.path = "/nowhere";
  options.outputs = {"main"};
  const RingSize eight_bits = ring_size(format, options);
  CHECK(eight_bits.slots == 5);
  CHECK(eight_bits.capacity == 3);
  CHECK(eight_bits.total_bytes <= kMaxBytes + sizeof(Header));

  format.pixel_format = AV_PIX_FMT_YUV420P10;
  const auto refused = error_of([&] { ring_size(format, options); });
  CHECK(refused.code() == ErrorCode::InvalidArgument);
  CHECK(refused.action().find("set queue.maxBytes to at least 380 MiB") != std::string::npos);
  options.max_bytes = 380ull << 20;
  CHECK(ring_size(format, options).slots == 4);
  options.max_bytes = 4ull << 30;
  CHECK(ring_size(format, options).capacity == 20);
}
