// Files of a web server that offers no ranges, where only the end says how to read the beginning.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/abort.h"
#include "media/source/byte_input.h"

namespace videopush::media {

/// The decoder's volume for temporary files has room for it (resources/src/limits.ts).
constexpr std::int64_t kSpoolBytes = 536'870'912;

struct SpoolOptions {
  std::string shown;  // for messages
  std::int64_t most_bytes = kSpoolBytes;
};

/// `input`, whose read position is its beginning. When it can't be sought and is an MP4 or MOV
/// file with its index behind the pictures, all of it is fetched into a temporary file (in TMPDIR,
/// without a name), and that is given, seekable; `input.opened()` is called before, since only
/// silence is bounded then. Else it gives the same bytes as before. Errors: SourceTooLarge (longer
/// than `most_bytes`, or no room), Aborted, and those of the input.
std::unique_ptr<ByteInput> spool_if_needed(std::unique_ptr<ByteInput> input,
                                           const SpoolOptions& options);

}  // namespace videopush::media
