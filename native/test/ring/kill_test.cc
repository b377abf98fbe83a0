// Two processes, SIGKILL at random instants of either: nothing missing, at most one frame repeated
// per kill of the consumer, none torn, and the ledger says the same as what arrived.
#include <sys/mman.h>

#include <atomic>
#include <deque>

#include "ring/ring_fixture.h"

using namespace videopush;
using namespace videopush::ring;
using namespace videopush::ring::test;

namespace {

constexpr std::uint64_t kFrames = 6'000;
constexpr std::uint64_t kLogEntries = 2 * kFrames;

/// The far end of the push: what arrived, in shared memory that outlives the children.
struct Arrivals {
  std::atomic<std::uint64_t> count;
  std::atomic<std::uint64_t> allowed;  // no more are sent until the test has killed somebody
  std::atomic<std::uint64_t> torn;
  std::atomic<std::uint64_t> replays;
  std::atomic<std::uint64_t> order[kLogEntries];
};

class SharedArrivals {
 public:
  SharedArrivals() {
    void* memory =
        mmap(nullptr, sizeof(Arrivals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    arrivals_ = new (memory) Arrivals{};
  }
  ~SharedArrivals() { munmap(arrivals_, sizeof(Arrivals)); }
  Arrivals* operator->() const { return arrivals_; }

 private:
  Arrivals* arrivals_;
};

pid_t spawn_producer(const RingOptions& options, const SharedArrivals& arrivals, bool replayable) {
  return spawn([&options, &arrivals, replayable] {
    const AbortSignal never;
    const auto producer = Producer::open(options, small_format(), never, kSoon);
    producer->set_replayable(replayable);
    while (!producer->ended() || replayable) {
      if (producer->replay_requested()) {
        ++arrivals->replays;
        producer->begin_replay();
      }
      if (producer->next_sequence() < kFrames) {
        put(*producer, never, kSoon);
      } else {
        if (!producer->ended()) producer->end();
        usleep(200);
      }
    }
  });
}

/// Sends each frame `delay` frames after its pixels were released, like an encoder with lookahead.
pid_t spawn_consumer(const RingOptions& options, const SharedArrivals& arrivals,
                     std::size_t delay) {
  return spawn([&options, &arrivals, delay] {
    const AbortSignal never;
    const auto consumer = Consumer::open(options.path, never, kSoon);
    if (delay > 0) consumer->relax_gate();
    Ledger ledger(consumer->header().outputs[0]);
    std::deque<std::pair<std::uint64_t, std::uint64_t>> held;  // sequence, position
    const auto send_oldest = [&] {
      const auto [sequence, position] = held.front();
      held.pop_front();
      while (arrivals->count.load() >= arrivals->allowed.load()) usleep(50);
      ledger.begin(sequence);
      arrivals->order[arrivals->count.load()] = sequence;
      arrivals->count.fetch_add(1);
      ledger.sent(sequence, 1);
      consumer->ack(position + 1);
    };
    TakenFrame frame;
    while (consumer->take(frame, never, kSoon) == Take::Frame) {
      if (!whole(frame)) ++arrivals->torn;
      consumer->release(frame.position);
      held.emplace_back(frame.header->sequence, frame.position);
      if (held.size() > delay) send_oldest();
    }
    while (!held.empty()) send_oldest();
  });
}

void wait_for_arrivals(const SharedArrivals& arrivals, std::uint64_t count) {
  for (int i = 0; i < 20'000 && arrivals->count.load() < count; ++i) usleep(1'000);
  REQUIRE(arrivals->count.load() >= count);
}

void check_arrivals(const SharedArrivals& arrivals, const RingOptions& options,
                    std::uint64_t kills) {
  std::uint64_t repeated = 0, next = 0;
  for (std::uint64_t i = 0; i < arrivals->count.load(); ++i) {
    const std::uint64_t sequence = arrivals->order[i];
    REQUIRE(sequence <= next);  // nothing missing
    REQUIRE(sequence + 1 >= next);
    sequence == next ? ++next : ++repeated;
  }
  CHECK(next == kFrames);
  CHECK(repeated <= kills);
  CHECK(arrivals->torn == 0);
  const auto observer = Observer::open(options.path);
  const Ledger::Totals totals = Ledger::read(observer->header().outputs[0]);
  CHECK(totals.sent == kFrames);
  CHECK(totals.settled() == kFrames);
  CHECK(totals.repeated >=
        repeated);  // a send that was cut short counts as repeated, arrived or not
  CHECK(totals.repeated <= kills);
  CHECK(observer->header().source_frames == kFrames);
}

void run(const RingOptions& options, std::size_t delay, std::uint32_t start) {
  constexpr int kKills = 40;
  constexpr std::uint64_t kStep = kFrames / (kKills + 2);
  const bool replayable = delay > 0;
  std::mt19937 random(start);
  const SharedArrivals arrivals;
  pid_t producer = spawn_producer(options, arrivals, replayable);
  pid_t consumer = spawn_consumer(options, arrivals, delay);
  for (int i = 0; i < kKills; ++i) {
    const std::uint64_t before = arrivals->allowed.fetch_add(kStep);
    wait_for_arrivals(arrivals, before + random() % kStep);
    const bool both = random() % 8 == 0;
    if (both || i % 2 == 0) {
      kill_child(consumer);
      consumer = spawn_consumer(options, arrivals, delay);
    }
    if (both || i % 2 == 1) {
      kill_child(producer);
      producer = spawn_producer(options, arrivals, replayable);
    }
  }
  arrivals->allowed = kLogEntries;
  CHECK(reap(consumer) == 0);
  if (replayable) {
    kill_child(producer);
    CHECK(arrivals->replays > 5);
  } else {
    CHECK(reap(producer) == 0);
  }
  check_arrivals(arrivals, options, kKills);
}

void repeat(std::size_t delay, std::uint32_t start) {
  const auto rounds = static_cast<std::uint32_t>(videopush::test::count(1, 10));
  for (std::uint32_t round = 0; round < rounds; ++round) {
    CAPTURE(round);
    const Folder folder;
    run(small_options(folder), delay, start + round);
  }
}

}  // namespace

TEST_CASE(
    "the ledger balances after 20 kills of the consumer, 20 of the producer and some of both at "
    "once") {
  const std::uint32_t start = seed();
  CAPTURE(start);
  repeat(0, start);
}

TEST_CASE(
    "the ledger balances after kills with more frames in flight than the ring retains, as lost "
    "ones are replayed") {
  const std::uint32_t start = seed();
  CAPTURE(start);
  repeat(12, start);
}
