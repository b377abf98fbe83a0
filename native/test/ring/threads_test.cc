// Two threads, random interleavings: every policy keeps its promise whatever the timing.
#include <memory>
#include <thread>
#include <vector>

#include "ring/ring_fixture.h"

using namespace videopush;
using namespace videopush::ring;
using namespace videopush::ring::test;

namespace {

constexpr std::uint64_t kFrames = 2'000;

void dawdle(std::mt19937& random) {
  switch (random() % 8) {
    case 0:
      std::this_thread::yield();
      break;
    case 1:
      usleep(random() % 60);
      break;
    default:
      break;
  }
}

void produce(const RingOptions& options, std::uint32_t start) {
  std::mt19937 random(start);
  const AbortSignal never;
  auto producer = Producer::open(options, small_format(), never, kSoon);
  while (producer->next_sequence() < kFrames) {
    dawdle(random);
    const Reserve result = put(*producer, never, random() % 4 == 0 ? 0 : kSoon);
    REQUIRE(result != Reserve::Aborted);
    REQUIRE(result != Reserve::ReplayRequested);
    if (random() % 300 == 0) {
      producer = nullptr;
      producer = Producer::open(options, small_format(), never, kSoon);
    }
  }
  producer->end();
}

struct Seen {
  std::vector<std::uint64_t> sequences;  // as taken, repeats included
  std::uint64_t runs = 1;
};

/// Encodes like a session with a delay of up to 2 frames: takes, holds some, then settles and acks
/// in order.
Seen consume(const RingOptions& options, std::uint32_t start) {
  std::mt19937 random(start);
  const AbortSignal never;
  Seen seen;
  auto consumer = Consumer::open(options.path, never, kSoon);
  auto ledger = std::make_unique<Ledger>(consumer->header().outputs[0]);
  std::vector<TakenFrame> held;
  const auto settle_oldest = [&] {
    const TakenFrame frame = held.front();
    held.erase(held.begin());
    REQUIRE(whole(frame));  // as late as possible: the slot must have stayed
    ledger->begin(frame.header->sequence);
    ledger->sent(frame.header->sequence, 1);
    consumer->release(frame.position);
    consumer->ack(frame.position + 1);
  };
  for (;;) {
    dawdle(random);
    TakenFrame frame;
    const Take result = consumer->take(frame, never, held.empty() ? kSoon : 0);
    if (result == Take::Frame) {
      seen.sequences.push_back(frame.header->sequence);
      ledger->dropped(frame.header->sequence - frame.skipped, frame.skipped, frame.skipped_reason);
      held.push_back(frame);
    }
    if (result == Take::End) break;
    if (held.size() > 2 || (result == Take::Timeout && !held.empty())) settle_oldest();
    const auto restart = random() % 500;
    if (restart == 0) consumer->rewind();
    if (restart == 1) {
      consumer = nullptr;
      consumer = Consumer::open(options.path, never, kSoon);
      ledger = std::make_unique<Ledger>(consumer->header().outputs[0]);
    }
    if (restart <= 1) {
      held.clear();
      ++seen.runs;
    }
  }
  while (!held.empty()) settle_oldest();
  const std::uint64_t total = consumer->header().source_frames;
  ledger->dropped(ledger->base(), total - ledger->base(), Drop::QueueFull);
  return seen;
}

void run(WhenFull when_full) {
  const std::uint32_t start = seed();
  CAPTURE(start);
  const auto rounds = static_cast<std::uint32_t>(videopush::test::count(4, 40));
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const Folder folder;
    RingOptions options = small_options(folder, when_full);
    options.capacity = 1 + (start + round) % 6;
    std::thread producer([&] { produce(options, start + round); });
    const Seen seen = consume(options, start + 100 + round);
    producer.join();

    const auto observer = Observer::open(options.path);
    const Ledger::Totals totals = Ledger::read(observer->header().outputs[0]);
    CHECK(observer->header().source_frames == kFrames);
    CHECK(totals.settled() == kFrames);
    std::uint64_t steps_back = 0, distinct = 0, highest = 0;
    for (std::size_t i = 0; i < seen.sequences.size(); ++i) {
      const std::uint64_t sequence = seen.sequences[i];
      if (i > 0 && sequence <= seen.sequences[i - 1]) ++steps_back;
      if (i == 0 || sequence > highest) ++distinct;
      highest = std::max(highest, sequence);
    }
    CHECK(steps_back < seen.runs);  // order, but for what a rewind gives again
    if (when_full == WhenFull::Block) CHECK(distinct == kFrames);
    if (when_full == WhenFull::Block) CHECK(totals.sent == kFrames);
    if (when_full == WhenFull::DropNewest) CHECK(totals.sent == distinct);
  }
}

}  // namespace

TEST_CASE("two threads with Block lose nothing and keep order over rewinds and restarts") {
  run(WhenFull::Block);
}
TEST_CASE("two threads with DropNewest account for every frame") { run(WhenFull::DropNewest); }
TEST_CASE("two threads with DropOldest account for every frame and never show a torn one") {
  run(WhenFull::DropOldest);
}
