// Look-ups of names that can't block for ever.
#pragma once

#include <chrono>
#include <string>

#include "core/abort.h"

namespace videopush::media {

/// Looks the name up in a thread of its own, so that a silent DNS server can't hold the caller.
/// Errors: HostUnknown (no such name, or no answer before `limit` expires), Aborted.
void require_resolvable(const std::string& host, const AbortSignal& abort, const IoLimit& limit);

}  // namespace videopush::media
