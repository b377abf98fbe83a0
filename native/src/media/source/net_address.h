// Addresses: which ones a redirect may not lead to, and look-ups that can't block for ever.
#pragma once

#include <chrono>
#include <string>

#include "core/abort.h"

struct sockaddr;

namespace videopush::media {

/// Loopback, link-local (with the clouds' metadata address) or "this host": RFC 6890, also where an
/// IPv4 address hides inside an IPv6 one (mapped, compatible, NAT64 RFC 6052, 6to4 RFC 3056).
/// Anything that is not IPv4 or IPv6 counts as local.
bool is_local_address(const sockaddr* address);

/// Looks the name up in a thread of its own, so that a silent DNS server can't hold the caller.
/// Errors: HostUnknown (no such name, or no answer before `limit` expires), Aborted.
void require_resolvable(const std::string& host, const AbortSignal& abort, const IoLimit& limit);

}  // namespace videopush::media
