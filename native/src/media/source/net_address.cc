#include "media/source/net_address.h"

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <system_error>
#include <thread>

#include "core/error.h"

namespace videopush::media {
namespace {

/// A resolver without an answer keeps its thread until it gives up by itself: sources that are
/// opened again and again must not pile them up.
constexpr int kMaxLookUps = 16;
std::atomic<int> look_ups_running{0};

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

std::shared_ptr<Lookup> start(const std::string& host) {
  auto lookup = std::make_shared<Lookup>();
  lookup->host = host;
  if (lookup->done_fd < 0) throw Error(ErrorCode::Internal, "no descriptor for a host look-up");
  if (look_ups_running.fetch_add(1) >= kMaxLookUps) {
    look_ups_running.fetch_sub(1);
    throw Error(ErrorCode::HostUnknown,
                "host '" + host + "': earlier look-ups are still without an answer",
                "check the network and its DNS server");
  }
  try {
    std::thread([lookup] {
      look_up(lookup);
      look_ups_running.fetch_sub(1);
    }).detach();
  } catch (const std::system_error& error) {
    look_ups_running.fetch_sub(1);
    throw Error(ErrorCode::Internal, std::string("no thread for a host look-up: ") + error.what());
  }
  return lookup;
}

}  // namespace

void require_resolvable(const std::string& host, const AbortSignal& abort, const IoLimit& limit) {
  const std::shared_ptr<Lookup> lookup = start(host);
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
