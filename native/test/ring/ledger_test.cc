#include "ring/ledger.h"

#include <sys/mman.h>

#include <bit>
#include <memory>

#include "ring/ring_fixture.h"

using namespace videopush::ring;
using namespace videopush::ring::test;

namespace {

std::uint64_t outcomes(const OutputRecord& record) {
  std::uint64_t count = record.counters.base;
  for (const auto& word : record.counters.window)
    count += static_cast<std::uint64_t>(std::popcount(word.load()));
  return count;
}

}  // namespace

TEST_CASE("every sequence in the ledger gets one outcome, whatever the order") {
  const auto record = std::make_unique<OutputRecord>();
  Ledger ledger(*record);
  ledger.sent(0, 100);
  ledger.sent(3, 50);  // reordered: a reference frame goes out before the B-frames
  CHECK(ledger.base() == 1);
  ledger.dropped(1, Drop::QueueFull);
  ledger.failed(2, Fail::Encode);
  CHECK(ledger.base() == 4);
  ledger.dropped(2, Drop::Network);  // has an outcome
  ledger.failed(0, Fail::Output);    // has an outcome
  const Ledger::Totals totals = ledger.totals();
  CHECK(totals.sent == 2);
  CHECK(totals.bytes == 150);
  CHECK(totals.dropped[static_cast<int>(Drop::QueueFull)] == 1);
  CHECK(totals.dropped[static_cast<int>(Drop::Network)] == 0);
  CHECK(totals.failed[static_cast<int>(Fail::Encode)] == 1);
  CHECK(totals.failed[static_cast<int>(Fail::Output)] == 0);
  CHECK(totals.settled() == 4);
}

TEST_CASE("a frame that is sent again counts as repeated and settles nothing twice") {
  const auto record = std::make_unique<OutputRecord>();
  Ledger ledger(*record);
  ledger.sent(0, 10);
  ledger.sent(0, 10);
  CHECK(ledger.totals().sent == 1);
  CHECK(ledger.totals().repeated == 1);
  CHECK(ledger.totals().bytes == 20);
  CHECK(ledger.base() == 1);
}

TEST_CASE(
    "a send that an earlier process run began and did not finish counts as repeated when it is "
    "done") {
  const auto record = std::make_unique<OutputRecord>();
  {
    Ledger earlier(*record);
    earlier.begin(0);
    earlier.sent(0, 1);
    earlier.begin(1);
  }
  Ledger ledger(*record);
  CHECK_FALSE(ledger.uncertain(0));
  CHECK(ledger.uncertain(1));
  ledger.begin(1);
  ledger.sent(1, 1);
  CHECK(ledger.totals().sent == 2);
  CHECK(ledger.totals().repeated == 1);
  CHECK_FALSE(ledger.uncertain(1));
  ledger.begin(2);
  ledger.sent(2, 1);
  CHECK(ledger.totals().repeated == 1);
}

TEST_CASE("frames that an earlier process run had offered and that don't come again were sent") {
  const auto record = std::make_unique<OutputRecord>();
  {
    Ledger earlier(*record);
    for (std::uint64_t i = 0; i < 5; ++i) earlier.begin(i);
    earlier.begin(7);
    earlier.begin(6);  // reordered
    earlier.sent(0, 1);
  }
  Ledger ledger(*record);
  CHECK_FALSE(ledger.uncertain(0));
  CHECK(ledger.uncertain(4));
  CHECK(ledger.uncertain(7));
  CHECK_FALSE(ledger.uncertain(8));
  ledger.skipped(0, 4, Drop::QueueFull);  // 4 comes again
  ledger.sent(4, 1);
  CHECK(ledger.totals().sent == 5);
  CHECK(ledger.totals().repeated == 1);
  ledger.skipped(5, 5, Drop::QueueFull);
  CHECK(ledger.totals().sent == 8);
  CHECK(ledger.totals().dropped[static_cast<int>(Drop::QueueFull)] == 2);

  ledger.begin(12);
  ledger.none_under_way();  // its connection was lost
  Ledger next(*record);
  CHECK_FALSE(next.uncertain(12));
  next.skipped(10, 3, Drop::Network);
  CHECK(next.totals().dropped[static_cast<int>(Drop::Network)] == 3);
}

TEST_CASE(
    "gaps longer than the ledger's window are settled, in one piece and behind an open frame") {
  const auto record = std::make_unique<OutputRecord>();
  Ledger ledger(*record);
  ledger.dropped(0, 10'000, Drop::QueueFull);
  CHECK(ledger.base() == 10'000);
  // 10,000 is still under way while 2,000 frames behind it are dropped and two are sent.
  ledger.dropped(10'001, 2'000, Drop::Network);
  ledger.sent(12'001, 5);
  ledger.failed(12'002, Fail::Output);
  CHECK(ledger.base() == 10'000);
  CHECK(ledger.settled(12'001));
  CHECK_FALSE(ledger.settled(12'003));
  CHECK_FALSE(ledger.settled(10'000));
  ledger.sent(10'000, 5);
  CHECK(ledger.base() == 12'003);
  const Ledger::Totals totals = ledger.totals();
  CHECK(totals.sent == 2);
  CHECK(totals.dropped[static_cast<int>(Drop::Network)] == 2'000);
  CHECK(totals.settled() == 12'003);
}

TEST_CASE("the ledger balances after random outcomes in random order") {
  const std::uint32_t start = seed();
  CAPTURE(start);
  std::mt19937 random(start);
  for (int round = 0; round < videopush::test::count(20, 200); ++round) {
    const auto record = std::make_unique<OutputRecord>();
    Ledger ledger(*record);
    std::vector<std::uint64_t> order(2'000);
    for (std::uint64_t i = 0; i < order.size(); ++i) order[i] = i;
    const std::size_t reach = 1 + random() % 900;  // some rounds within the window, some beyond it
    for (std::size_t i = 0; i + 1 < order.size(); ++i) {
      std::swap(order[i], order[i + random() % std::min(reach, order.size() - i)]);
    }
    for (const std::uint64_t sequence : order) {
      switch (random() % 3) {
        case 0:
          ledger.sent(sequence, 1);
          break;
        case 1:
          ledger.dropped(sequence, static_cast<Drop>(random() % 4));
          break;
        default:
          ledger.failed(sequence, static_cast<Fail>(random() % 2));
      }
      REQUIRE(ledger.settled(sequence));
      REQUIRE(ledger.totals().settled() == outcomes(*record));
    }
    CHECK(ledger.base() == order.size());
    CHECK(ledger.totals().settled() == order.size());
    CHECK(ledger.totals().repeated == 0);
  }
}

TEST_CASE(
    "an update of the ledger that was cut after any of its stores is finished by the next process "
    "run") {
  const auto after = std::make_unique<OutputRecord>();
  Ledger(*after).sent(0, 7);
  constexpr std::size_t kWords = sizeof(after->redo) / 8;
  for (std::size_t stored = 0; stored <= kWords; ++stored) {
    const auto record = std::make_unique<OutputRecord>();
    record->redo = after->redo;
    record->redo_valid = 1;
    std::memcpy(static_cast<void*>(&record->counters), &after->redo, stored * 8);
    Ledger ledger(*record);
    CHECK(ledger.totals().sent == 1);
    CHECK(ledger.totals().bytes == 7);
    CHECK(ledger.base() == 1);
    CHECK(record->redo_valid == 0);
  }
  const auto record = std::make_unique<OutputRecord>();
  record->redo = after->redo;  // not yet valid: as if it had never been
  Ledger ledger(*record);
  CHECK(ledger.totals().sent == 0);
  CHECK(ledger.base() == 0);
}

TEST_CASE("the ledger balances after a kill at any instant of an update") {
  const std::uint32_t start = seed();
  CAPTURE(start);
  std::mt19937 random(start);
  void* memory = mmap(nullptr, sizeof(OutputRecord), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto* record = new (memory) OutputRecord{};
  for (int run = 0; run < videopush::test::count(60, 600); ++run) {
    const std::uint64_t before = record->counters.base;
    const pid_t child = spawn([record, choice = random()]() mutable {
      Ledger ledger(*record);
      for (;;) {
        const std::uint64_t next = ledger.base();
        choice = choice * 1664525 + 1013904223;
        if (choice >> 31 != 0) ledger.sent(next + 1, 3);  // out of order
        if ((choice >> 30 & 1) != 0) ledger.dropped(next, Drop::Late);
        ledger.sent(next, 3);
      }
    });
    while (record->counters.base.load() < before + 50 + random() % 200) usleep(random() % 50);
    kill_child(child);
    const Ledger ledger(*record);
    CHECK(ledger.totals().settled() == outcomes(*record));
  }
  munmap(memory, sizeof(OutputRecord));
}
