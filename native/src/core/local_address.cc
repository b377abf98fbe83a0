#include "core/local_address.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

namespace videopush {
namespace {

bool is_local_v4(std::uint32_t address) {  // host byte order
  return (address >> 24) == 127 || (address >> 24) == 0 || (address >> 16) == 0xa9fe;
}

std::uint32_t v4_at(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | bytes[3];
}

bool is_local_v6(const std::uint8_t (&b)[16]) {
  static constexpr std::uint8_t kZero[12] = {};
  static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr std::uint8_t kNat64[12] = {0, 0x64, 0xff, 0x9b};
  static constexpr std::uint8_t kCloudMetadata[16] = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0,    0,
                                                      0,    0,    0,    0,    0, 0, 0x02, 0x54};
  if (std::memcmp(b, kCloudMetadata, 16) == 0) return true;
  if (std::memcmp(b, kZero, 12) == 0) {  // ::, ::1 and IPv4-compatible
    const std::uint32_t low = v4_at(b + 12);
    return low <= 1 || is_local_v4(low);
  }
  if (std::memcmp(b, kMapped, 12) == 0 || std::memcmp(b, kNat64, 12) == 0) {
    return is_local_v4(v4_at(b + 12));
  }
  if (b[0] == 0x20 && b[1] == 0x02) return is_local_v4(v4_at(b + 2));
  return b[0] == 0xfe && (b[1] & 0xc0) == 0x80;  // fe80::/10
}

}  // namespace

bool is_local_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    return is_local_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    return is_local_v6(v6.sin6_addr.s6_addr);
  }
  return true;
}

}  // namespace videopush
