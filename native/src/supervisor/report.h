// What the supervisor reports: JSON lines on standard output (levels as in the worker's log) and
// the state file.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace videopush::supervisor {

enum class Level { Info = 30, Warn = 40, Error = 50 };

/// How a process ended: by exit code or by signal.
struct Ending {
  int code = 0;
  int signal = 0;  // 0 = exited by itself
  bool clean() const { return signal == 0 && code == 0; }
  /// The shell's convention: 128 + signal.
  int exit_code() const { return signal != 0 ? 128 + signal : code; }
};

struct State {
  std::string_view phase = "starting";  // starting, running, waiting, stopping, ended
  pid_t child = 0;                      // 0 = none
  int restarts = 0;                     // after failures
  int reloads = 0;                      // after kExitReload
  std::optional<Ending> last;
};

/// One line, written with one call, so that it never mixes with the child's lines.
void log(Level level, std::string_view event, const State& state, std::string_view message);

/// Replaces the state file in one step; readers never see half a record. Failing is not fatal: it
/// is logged once.
void write_state(const std::string& file, const State& state);

}  // namespace videopush::supervisor
