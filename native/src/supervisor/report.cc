#include "supervisor/report.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace videopush::supervisor {
namespace {

long long now_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string last_exit(const State& state) {
  if (!state.last) return "null";
  const std::string signal = state.last->signal ? quoted(strsignal(state.last->signal)) : "null";
  return "{\"code\":" + std::to_string(state.last->exit_code()) + ",\"signal\":" + signal + "}";
}

std::string fields(const State& state) {
  return "\"supervisor\":" + std::to_string(getpid()) +
         ",\"child\":" + (state.child > 0 ? std::to_string(state.child) : "null") +
         ",\"restarts\":" + std::to_string(state.restarts) +
         ",\"reloads\":" + std::to_string(state.reloads) + ",\"lastExit\":" + last_exit(state);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

void log(Level level, std::string_view event, const State& state, std::string_view message) {
  const std::string line = "{\"level\":" + std::to_string(static_cast<int>(level)) +
                           ",\"time\":" + std::to_string(now_milliseconds()) +
                           ",\"name\":\"supervisor\",\"event\":" + quoted(event) + "," +
                           fields(state) + ",\"msg\":" + quoted(message) + "}\n";
  write_all(STDOUT_FILENO, line);
}

void write_state(const std::string& file, const State& state) {
  if (file.empty()) return;
  static bool complained = false;
  const std::string text = "{\"version\":1,\"phase\":" + quoted(state.phase) +
                           ",\"changed\":" + std::to_string(now_milliseconds()) + "," +
                           fields(state) + "}\n";
  const std::string fresh = file + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool good = fd >= 0 && write_all(fd, text);
  if (fd >= 0) close(fd);
  good = good && rename(fresh.c_str(), file.c_str()) == 0;
  if (good || complained) return;
  complained = true;
  log(Level::Warn, "state_file", state, "cannot write " + file + ": " + std::strerror(errno));
}

}  // namespace videopush::supervisor
