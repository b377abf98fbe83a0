// A file on disk as a source of bytes.
#pragma once

#include <memory>
#include <string>

#include "media/source/byte_input.h"

namespace videopush::media {

/// A regular file. Errors: SourceNotFound, SourceForbidden (no permission), SourceUnsupported (a
/// folder, a device), SourceEmpty.
std::unique_ptr<ByteInput> open_file(const std::string& path);

}  // namespace videopush::media
