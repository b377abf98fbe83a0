#include "supervisor/options.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "supervisor/exit_codes.h"

namespace videopush::supervisor {
namespace {

constexpr std::string_view kHelp =
    R"(Usage: videopush-supervisor [OPTION]... -- COMMAND [ARGUMENT]...

Runs COMMAND, starts it again when it fails (later and later) or exits with 75 (at once: it wants
to read its configuration again), forwards signals to it and reaps what it leaves behind.
Made to be the first process of a container; works anywhere.

  --state FILE        keep a JSON record there: {"pid", "restarts", "reloads", "phase", ...}
  --parent PID        stop COMMAND (SIGTERM) when this process, which must be the parent, has gone
  --min-delay S       before the first restart (0.25); doubles with each further failure, jittered
  --max-delay S       longest delay (5)
  --healthy S         a COMMAND that ran this long resets the delays (5)
  --failures N        how many failures within the window lead to a restart (20)
  --window S          the window (600)
  --help, --version

Exit codes: COMMAND's own when it exits with 0 or 64 or ends after a signal that was forwarded;
128 + signal when it is asked to stop while COMMAND is not running; 64 wrong usage; 71 no process
could be made; 75 given up: COMMAND failed too often; 127 COMMAND cannot be run; 137 given up: the
kernel killed COMMAND for its memory three times in a row.
)";

bool to_number(std::string_view text, double& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(out) && out >= 0;
}

}  // namespace

std::variant<Options, Answer> parse_options(int argc, const char* const* argv) {
  Options options;
  const auto refuse = [](const std::string& why) {
    return Answer{"videopush-supervisor: " + why + " (--help lists the options)\n", kExitUsage};
  };
  int i = 1;
  for (; i < argc; i++) {
    const std::string_view name = argv[i];
    if (name == "--") break;
    if (name == "--help") return Answer{std::string(kHelp), 0};
    if (name == "--version") return Answer{"videopush-supervisor " VIDEOPUSH_VERSION "\n", 0};
    if (i + 1 >= argc) return refuse(std::string(name) + " wants a value, or is not an option");
    const std::string_view value = argv[++i];
    double number = 0;
    if (name == "--state") {
      options.state_file = value;
      continue;
    }
    if (!to_number(value, number)) return refuse(std::string(name) + " wants a number, 0 or more");
    if (name == "--parent") {
      options.parent = static_cast<pid_t>(number);
    } else if (name == "--min-delay") {
      options.limits.min_delay = number;
    } else if (name == "--max-delay") {
      options.limits.max_delay = number;
    } else if (name == "--healthy") {
      options.limits.healthy = number;
    } else if (name == "--failures") {
      options.limits.failures = static_cast<int>(number);
    } else if (name == "--window") {
      options.limits.window = number;
    } else {
      return refuse("unknown option " + std::string(name));
    }
  }
  for (i++; i < argc; i++) options.command.emplace_back(argv[i]);
  if (options.command.empty()) return refuse("no command: write it after --");
  return options;
}

}  // namespace videopush::supervisor
