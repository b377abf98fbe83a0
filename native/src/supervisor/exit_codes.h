// Exit codes of the supervisor, and those of the process it runs that mean something to it; numbers
// of sysexits.h where one fits.
#pragma once

namespace videopush::supervisor {

inline constexpr int kExitUsage = 64;  // also passed on from the child: starting again cannot help
inline constexpr int kExitOsError = 71;  // no process, no descriptor
/// The role process ended in order because its configuration has changed, and wants to be started
/// again (the same number as codec-worker/src/exit-codes.ts).
inline constexpr int kExitReload = 75;
inline constexpr int kExitGaveUp = 75;  // too many failures; whoever started us may try again later
inline constexpr int kExitCannotRun = 127;

}  // namespace videopush::supervisor
