// Name look-up that can be waited for with a limit: getaddrinfo(3) itself can't be interrupted.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/abort.h"
#include "core/clock.h"

namespace videopush::sinks {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

/// Every TCP address of `host`, in the system's order of preference, at least one. `until`:
/// CLOCK_MONOTONIC. HostUnknown (with the resolver's words), ConnectTimeout, Aborted.
std::vector<Address> resolve(const std::string& host, std::uint16_t port, Nanoseconds until,
                             const AbortSignal& abort);

}  // namespace videopush::sinks
