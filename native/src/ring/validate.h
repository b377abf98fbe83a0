// Whether a file that is said to be a ring is one. Pure but for reading the header.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "ring/layout.h"

namespace videopush::ring {

/// RingInvalid about `path`, saying why.
Error invalid(const std::string& path, const std::string& reason);

/// Throws RingInvalid unless every size, place, name and cursor is one that this build could have
/// written to a file of `file_bytes`
/// (>= sizeof(Header)). After it, nothing in the header can lead outside the mapping.
void validate(const Header& header, std::uint64_t file_bytes, const std::string& path);

}  // namespace videopush::ring
