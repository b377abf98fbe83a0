#include "sinks/rtcp.h"

#include <doctest/doctest.h>

#include <string>

#include "core/clock.h"
#include "support/sim_clock.h"

using namespace videopush;

namespace {

std::uint64_t big_endian(const std::uint8_t* at, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | at[i];
  return value;
}

}  // namespace

TEST_CASE("a sender report is laid out as RFC 3550 section 6.4.1 draws it") {
  // 2000-01-01 00:00:00.5 UTC: 3155673600 s after 1900.
  const auto bytes = sinks::make_sender_report({.ssrc = 0xdeadbeef,
                                                .wall = 946'684'800 * kSecond + kSecond / 2,
                                                .rtp_timestamp = 0x01020304,
                                                .packets = 77,
                                                .octets = 88'888});
  CHECK(big_endian(&bytes[0], 4) == 0x80c80006);
  CHECK(big_endian(&bytes[4], 4) == 0xdeadbeef);
  CHECK(big_endian(&bytes[8], 4) == 3'155'673'600);
  CHECK(big_endian(&bytes[12], 4) == 0x80000000);
  CHECK(big_endian(&bytes[16], 4) == 0x01020304);
  CHECK(big_endian(&bytes[20], 4) == 77);
  CHECK(big_endian(&bytes[24], 4) == 88'888);
}

TEST_CASE(
    "a sender report is followed by the canonical name of RFC 3550 section 6.5.1, and the lengths "
    "add up") {
  const auto bytes = sinks::make_sender_report({.ssrc = 0x0000abcd});
  CHECK(big_endian(&bytes[28], 2) == 0x81ca);
  CHECK(28 + 4 * (big_endian(&bytes[30], 2) + 1) == bytes.size());
  CHECK(big_endian(&bytes[32], 4) == 0xabcd);
  CHECK(bytes[36] == 1);
  CHECK(std::string(bytes.begin() + 38, bytes.begin() + 38 + bytes[37]) == "videopush-0000abcd");
  CHECK(bytes[38u + bytes[37]] == 0);
}

TEST_CASE("a step of the system clock by an hour moves no report, as the clock is read once") {
  test::SimClock clock(50 * kSecond, 946'684'800 * kSecond);
  const sinks::WallAnchor anchor(clock);
  clock.step_wall(3'600 * kSecond);
  clock.advance(7 * kSecond);
  CHECK(anchor.at(clock.now()) == 946'684'807 * kSecond);
  clock.step_wall(-7'200 * kSecond);
  CHECK(anchor.at(clock.now()) == 946'684'807 * kSecond);
}
