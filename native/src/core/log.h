// Warnings of this program's own, beside what libav* logs (core/av.h).
#pragma once

extern "C" {
#include <libavutil/log.h>
}

#include <string>

namespace videopush {

/// The level that the log's sink gets with a warning of this program's own; libav* logs nothing at
/// it.
inline constexpr int kOwnWarning = AV_LOG_QUIET;

/// Hands a warning of this program's own to the log's sink, redacted, whatever the log level is.
void log_warning(const std::string& line);

}  // namespace videopush
