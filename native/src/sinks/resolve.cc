#include "sinks/resolve.h"

#include <netdb.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/error.h"
#include "sinks/tcp_socket.h"

namespace videopush::sinks {
namespace {

/// A resolver without an answer keeps its thread until it gives up by itself; reconnects must not
/// pile them up.
constexpr int kMaxLookUps = 16;
std::atomic<int> look_ups_running{0};

struct Answer {
  int error = 0;  // EAI_*
  std::vector<Address> addresses;
};

Answer look_up(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  Answer answer{.error = getaddrinfo(host.c_str(), port.c_str(), &hints, &list), .addresses = {}};
  if (answer.error != 0) return answer;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    Address& address = answer.addresses.emplace_back();
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.length = each->ai_addrlen;
  }
  freeaddrinfo(list);
  return answer;
}

/// What the asking thread and the look-up share; the last of them frees it.
struct Shared {
  Shared() : done_fd(eventfd(0, EFD_CLOEXEC)) {
    if (done_fd < 0)
      throw Error(ErrorCode::Internal, std::string("eventfd: ") + std::strerror(errno));
  }
  ~Shared() { close(done_fd); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  const int done_fd;
  std::mutex mutex;
  Answer answer;
};

std::shared_ptr<Shared> start(const std::string& host, const std::string& port) {
  if (look_ups_running.fetch_add(1) >= kMaxLookUps) {
    look_ups_running.fetch_sub(1);
    throw Error(ErrorCode::HostUnknown,
                "cannot look up " + host + ": earlier look-ups are still without an answer",
                "check the machine's name servers");
  }
  try {
    auto shared = std::make_shared<Shared>();
    std::thread([shared, host, port] {
      Answer answer = look_up(host, port, AI_ADDRCONFIG);
      {
        const std::scoped_lock lock(shared->mutex);
        shared->answer = std::move(answer);
      }
      eventfd_write(shared->done_fd, 1);
      look_ups_running.fetch_sub(1);
    }).detach();
    return shared;
  } catch (const std::system_error& error) {
    look_ups_running.fetch_sub(1);
    throw Error(ErrorCode::Internal, std::string("cannot start a thread: ") + error.what());
  }
}

}  // namespace

std::vector<Address> resolve(const std::string& host, std::uint16_t port, Nanoseconds until,
                             const AbortSignal& abort) {
  const std::string service = std::to_string(port);
  Answer numeric = look_up(host, service, AI_NUMERICHOST);  // needs no name server and no thread
  if (numeric.error == 0) return std::move(numeric.addresses);
  const auto shared = start(host, service);
  if (!wait_for(shared->done_fd, POLLIN, until, abort)) {
    throw Error(ErrorCode::ConnectTimeout, "looking up the name " + host + " took too long",
                "check the machine's name servers");
  }
  const std::scoped_lock lock(shared->mutex);
  if (shared->answer.error != 0) {
    throw Error(ErrorCode::HostUnknown,
                "cannot look up " + host + ": " + gai_strerror(shared->answer.error),
                "check the host's name in the URL");
  }
  return shared->answer.addresses;
}

}  // namespace videopush::sinks
