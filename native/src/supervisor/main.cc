// The first process of a stream's container: keeps one role process running. It is small on
// purpose, so that a crash of the codecs costs a quarter of a second and not kubelet's back-off (10
// s, doubling to 300 s).
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/exit_codes.h"
#include "supervisor/memory.h"
#include "supervisor/options.h"
#include "supervisor/policy.h"
#include "supervisor/report.h"

namespace videopush::supervisor {
namespace {

double monotonic_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Supervisor {
 public:
  explicit Supervisor(Options options) : options_(std::move(options)), policy_(options_.limits) {}

  int run() {
    if (!prepare()) return kExitOsError;
    if (options_.parent != 0 && getppid() != options_.parent)
      return 0;  // it went before we could watch it
    while (!exit_code_) {
      if (state_.child == 0 && monotonic_seconds() >= next_start_) start();
      if (!exit_code_) wait_and_handle();
    }
    become("ended");
    return *exit_code_;
  }

 private:
  bool prepare() {
    sigset_t watched;
    sigemptyset(&watched);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT})
      sigaddset(&watched, signal);
    if (sigprocmask(SIG_BLOCK, &watched, &original_mask_) != 0) return false;
    signals_ = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals_ < 0) return false;
    signal(SIGPIPE, SIG_IGN);  // a reader of our lines that goes away must not end the stream
    // What the role process leaves behind becomes ours to reap, also when we are not process 1.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (options_.parent != 0) prctl(PR_SET_PDEATHSIG, SIGTERM);
    return true;
  }

  void become(std::string_view phase) {
    state_.phase = phase;
    write_state(options_.state_file, state_);
  }

  void start() {
    int failure[2];  // closed by a successful exec, else carries errno
    if (pipe2(failure, O_CLOEXEC) != 0) return give_up(kExitOsError, "cannot make a pipe");
    std::vector<char*> arguments;
    arguments.reserve(options_.command.size() + 1);
    for (std::string& word : options_.command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    setenv("VIDEOPUSH_RESTARTS", std::to_string(state_.restarts).c_str(), 1);
    setenv("VIDEOPUSH_RELOADS", std::to_string(state_.reloads).c_str(), 1);
    // A process that ran out of memory cannot report it; the next one can.
    const bool reported =
        state_.last && !(state_.last->signal == 0 && state_.last->code == kExitReload);
    setenv("VIDEOPUSH_LAST_EXIT", reported ? std::to_string(state_.last->exit_code()).c_str() : "",
           1);
    // Each thread would get a heap of its own (mallopt(3)), whose free pages stay with the process.
    setenv("MALLOC_ARENA_MAX", "2", 0);

    const pid_t self = getpid();
    const pid_t child = fork();
    if (child == 0) {
      // It must not outlive us: nobody would restart it, stop it or count it.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != self) _exit(kExitOsError);
      signal(SIGPIPE, SIG_DFL);
      sigprocmask(SIG_SETMASK, &original_mask_, nullptr);
      execvp(arguments[0], arguments.data());
      const int error = errno;
      [[maybe_unused]] const ssize_t written = write(failure[1], &error, sizeof error);
      _exit(kExitCannotRun);
    }
    close(failure[1]);
    int error = 0;
    const bool failed = child > 0 && read(failure[0], &error, sizeof error) == sizeof error;
    close(failure[0]);
    if (child < 0) return failed_to_fork();
    if (failed) {
      waitpid(child, nullptr, 0);
      return give_up(kExitCannotRun,
                     "cannot run " + options_.command[0] + ": " + std::strerror(error));
    }
    state_.child = child;
    started_at_ = monotonic_seconds();
    become("running");
    log(Level::Info, "started", state_, "role process started");
  }

  /// Out of processes or memory is a failure like any other: later there may be room.
  void failed_to_fork() {
    schedule_restart(0, std::string("cannot fork: ") + std::strerror(errno));
  }

  void wait_and_handle() {
    pollfd readable{signals_, POLLIN, 0};
    int timeout = -1;
    if (state_.child == 0) {
      timeout =
          static_cast<int>(std::ceil(std::max(next_start_ - monotonic_seconds(), 0.0) * 1000));
    }
    poll(&readable, 1, timeout);
    signalfd_siginfo info;
    while (!exit_code_ && read(signals_, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGCHLD) {
        reap();
      } else {
        forward(static_cast<int>(info.ssi_signo));
      }
    }
  }

  void forward(int signal) {
    if (signal != SIGHUP) {
      stopping_ = true;
      stop_signal_ = signal;
    }
    if (state_.child > 0) {
      kill(state_.child, signal);
      if (stopping_ && state_.phase != "stopping") {
        become("stopping");
        log(Level::Info, "stopping", state_, std::string("forwarded ") + strsignal(signal));
      }
    } else if (stopping_) {
      exit_code_ = 128 + signal;  // nothing runs, and what ran last was not done
    }
  }

  void reap() {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != state_.child) continue;  // an orphan that we inherited
      state_.child = 0;
      state_.last =
          WIFSIGNALED(status) ? Ending{0, WTERMSIG(status)} : Ending{WEXITSTATUS(status), 0};
      child_ended(*state_.last);
    }
  }

  void child_ended(const Ending& ending) {
    const double ran_for = monotonic_seconds() - started_at_;
    const bool wants_reload = ending.signal == 0 && ending.code == kExitReload;
    if (wants_reload && stopping_) {
      exit_code_ = 128 + stop_signal_;  // the stop came while it ended by itself
      return;
    }
    if (wants_reload) return reload(ran_for);
    if (ending.clean() || stopping_ || (ending.signal == 0 && ending.code == kExitUsage)) {
      exit_code_ = ending.exit_code();
      const bool as_asked = stopping_ && ending.signal == 0 && ending.code == 128 + stop_signal_;
      log(ending.clean() || as_asked ? Level::Info : Level::Warn, "ended", state_,
          describe(ending));
      return;
    }
    const std::uint64_t before = std::exchange(oom_kills_, count_oom_kills());
    if (policy_.lacks_memory(ending.signal == SIGKILL && oom_kills_ > before, ran_for)) {
      return give_up(ending.exit_code(),
                     "the kernel killed the role process for its memory again and again; raise the "
                     "memory limit");
    }
    schedule_restart(ran_for, describe(ending));
  }

  void reload(double ran_for) {
    next_start_ = monotonic_seconds() + policy_.reloaded(ran_for);
    state_.reloads++;
    become("waiting");
    log(Level::Info, "reloading", state_, "role process has a new configuration");
  }

  void schedule_restart(double ran_for, const std::string& why) {
    const double now = monotonic_seconds();
    const auto delay = policy_.failed(now, ran_for, chance_(random_));
    if (!delay) return give_up(kExitGaveUp, why + "; failed too often, giving up");
    next_start_ = now + *delay;
    state_.restarts++;
    become("waiting");
    char text[64];
    std::snprintf(text, sizeof text, "; starting again in %.2f s", *delay);
    log(Level::Warn, "restarting", state_, why + text);
  }

  void give_up(int code, const std::string& why) {
    exit_code_ = code;
    log(Level::Error, "gave_up", state_, why);
  }

  static std::string describe(const Ending& ending) {
    return ending.signal
               ? std::string("role process was ended by a signal: ") + strsignal(ending.signal)
               : "role process exited with code " + std::to_string(ending.code);
  }

  Options options_;
  Policy policy_;
  State state_;
  sigset_t original_mask_{};
  int signals_ = -1;
  bool stopping_ = false;
  int stop_signal_ = 0;
  double next_start_ = 0;
  double started_at_ = 0;
  std::uint64_t oom_kills_ = count_oom_kills();
  std::optional<int> exit_code_;
  std::minstd_rand random_{std::random_device{}()};
  std::uniform_real_distribution<double> chance_{0, 1};
};

}  // namespace
}  // namespace videopush::supervisor

int main(int argc, char** argv) {
  using namespace videopush::supervisor;
  auto parsed = parse_options(argc, argv);
  if (const auto* answer = std::get_if<Answer>(&parsed)) {
    std::fputs(answer->text.c_str(), answer->exit_code == 0 ? stdout : stderr);
    return answer->exit_code;
  }
  return Supervisor(std::get<Options>(std::move(parsed))).run();
}
