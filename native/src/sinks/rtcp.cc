#include "sinks/rtcp.h"

#include <cstdio>
#include <cstring>

namespace videopush::sinks {
namespace {

constexpr std::uint64_t kUnixToNtp = 2'208'988'800;  // seconds from 1900 to 1970 (RFC 868)

constexpr std::uint8_t kVersion = 2 << 6;
constexpr std::uint8_t kSenderReport = 200, kSourceDescription = 202;
constexpr std::uint8_t kCname = 1;
constexpr std::size_t kReportBytes = 28;
constexpr std::string_view kNamePrefix = "videopush-";
constexpr std::size_t kNameBytes = kNamePrefix.size() + 8;

void put32(std::uint8_t* at, std::uint64_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

void put_header(std::uint8_t* at, std::uint8_t count, std::uint8_t type, std::size_t bytes) {
  at[0] = kVersion | count;
  at[1] = type;
  at[2] = 0;
  at[3] = static_cast<std::uint8_t>(bytes / 4 - 1);  // length in words, less one
}

}  // namespace

std::array<std::uint8_t, kSenderReportBytes> make_sender_report(const SenderReport& report) {
  // header, SSRC, item type and length, the name, and at least one zero that ends the list
  static_assert(kSenderReportBytes >= kReportBytes + 4 + 4 + 2 + kNameBytes + 1 &&
                kSenderReportBytes - (kReportBytes + 4 + 4 + 2 + kNameBytes) <= 4 &&
                kSenderReportBytes % 4 == 0);
  std::array<std::uint8_t, kSenderReportBytes> out{};
  const auto wall = static_cast<std::uint64_t>(report.wall);
  put_header(out.data(), 0, kSenderReport, kReportBytes);
  put32(&out[4], report.ssrc);
  put32(&out[8], wall / kSecond + kUnixToNtp);
  put32(&out[12], ((wall % kSecond) << 32) / kSecond);
  put32(&out[16], report.rtp_timestamp);
  put32(&out[20], report.packets);
  put32(&out[24], report.octets);

  std::uint8_t* sdes = &out[kReportBytes];
  put_header(sdes, 1, kSourceDescription, kSenderReportBytes - kReportBytes);
  put32(sdes + 4, report.ssrc);
  sdes[8] = kCname;
  sdes[9] = kNameBytes;
  std::memcpy(sdes + 10, kNamePrefix.data(), kNamePrefix.size());
  std::array<char, 9> digits;
  std::snprintf(digits.data(), digits.size(), "%08x", report.ssrc);
  std::memcpy(sdes + 10 + kNamePrefix.size(), digits.data(), 8);
  return out;
}

}  // namespace videopush::sinks
