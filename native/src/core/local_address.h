// Addresses that a redirect may not lead to.
#pragma once

struct sockaddr;

namespace videopush {

/// Loopback, link-local (with the clouds' metadata address) or "this host": RFC 6890, also where an
/// IPv4 address hides inside an IPv6 one (mapped, compatible, NAT64 RFC 6052, 6to4 RFC 3056).
/// Anything that is not IPv4 or IPv6 counts as local.
bool is_local_address(const sockaddr* address);

}  // namespace videopush
