// Exit codes of the supervisor beside those of the process it runs; numbers of sysexits.h where one
// fits.
#pragma once

namespace videopush::supervisor {

inline constexpr int kExitUsage = 64;  // also passed on from the child: starting again cannot help
inline constexpr int kExitOsError = 71;  // no process, no descriptor
inline constexpr int kExitGaveUp = 75;  // too many failures; whoever started us may try again later
inline constexpr int kExitCannotRun = 127;

}  // namespace videopush::supervisor
