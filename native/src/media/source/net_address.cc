#include "media/source/net_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "core/error.h"

namespace videopush::media {
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

/// What the look-up thread and the waiting caller share; whoever is last frees it.
struct Lookup {
  std::string host;
  int done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::atomic<int> result{EAI_AGAIN};
  ~Lookup() {
    if (done_fd >= 0) close(done_fd);
  }
};

void look_up(const std::shared_ptr<Lookup>& lookup) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int result = getaddrinfo(lookup->host.c_str(), nullptr, &hints, &list);
  if (result == 0) freeaddrinfo(list);
  lookup->result.store(result);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(lookup->done_fd, &one, sizeof one);
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

void require_resolvable(const std::string& host, const AbortSignal& abort, const IoLimit& limit) {
  auto lookup = std::make_shared<Lookup>();
  lookup->host = host;
  if (lookup->done_fd < 0) throw Error(ErrorCode::Internal, "no descriptor for a host look-up");
  try {
    std::thread([lookup] { look_up(lookup); }).detach();
  } catch (const std::system_error& error) {
    throw Error(ErrorCode::Internal, std::string("no thread for a host look-up: ") + error.what());
  }
  pollfd fds[2] = {{lookup->done_fd, POLLIN, 0}, {abort.fd(), POLLIN, 0}};
  while (poll(fds, 2, 100) <= 0 || fds[0].revents == 0) {
    abort.throw_if_aborted();
    if (limit.expired()) {
      throw Error(ErrorCode::HostUnknown, "host '" + host + "': no answer from the name server",
                  "check the network and its DNS server");
    }
  }
  const int result = lookup->result.load();
  if (result != 0) {
    throw Error(ErrorCode::HostUnknown, "host '" + host + "': " + gai_strerror(result),
                "check the spelling of the host name");
  }
}

}  // namespace videopush::media
