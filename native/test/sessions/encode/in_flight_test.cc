// The frames between the input and the last output's socket.
#include "sessions/encode/in_flight.h"

#include <doctest/doctest.h>

#include <vector>

using videopush::sessions::InFlight;

namespace {

std::vector<std::uint64_t> acked_before(InFlight& frames, std::uint64_t sequence) {
  std::vector<std::uint64_t> acked;
  frames.settle_before(sequence, [&acked](std::uint64_t position) { acked.push_back(position); });
  return acked;
}

}  // namespace

TEST_CASE("frames in flight are acknowledged once, up to the last one in front of the sequence") {
  InFlight frames;
  frames.add(10, 100);
  frames.add(11, 102);  // 101 was dropped by a full queue
  frames.add(12, 103);
  CHECK(frames.size() == 3);
  CHECK(acked_before(frames, 100).empty());
  CHECK(acked_before(frames, 103) == std::vector<std::uint64_t>{12});
  CHECK(acked_before(frames, 103).empty());
  CHECK(frames.size() == 1);
}

TEST_CASE("frames in flight are forgotten without an acknowledgement when the input is rewound") {
  InFlight frames;
  frames.add(0, 0);
  frames.clear();
  CHECK(frames.size() == 0);
  CHECK(acked_before(frames, 1).empty());
}
