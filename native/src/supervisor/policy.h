// When a failed process is started again, and when no more: pure, time and chance are handed in.
#pragma once

#include <deque>
#include <optional>

namespace videopush::supervisor {

/// All times in seconds.
struct Limits {
  double min_delay = 0.25;  // before the first restart: a stream waits for it
  double max_delay = 5;
  double healthy = 5;  // a process that ran this long resets the delays
  double window = 600;
  int failures = 20;      // restarted after as many as this within the window; one more ends it
  int out_of_memory = 3;  // as many as this in a row, none of them healthy, are left to others
};

class Policy {
 public:
  explicit Policy(Limits limits) : limits_(limits) {}

  /// A process failed at `now` after running for `ran_for`. The delay before the next start:
  /// doubling from min_delay up to max_delay, with up to half of it added by `chance` (0..1) so
  /// that the neighbours of a lost server do not come back in step. Nothing: give up.
  std::optional<double> failed(double now, double ran_for, double chance);

  /// A process ended, for want of memory when `oom`. Whether that has become the rule: then whoever
  /// runs the container is to know, since the process may end before it can report it.
  bool lacks_memory(bool oom, double ran_for);

  /// A process asked to be started again, which is no failure: at once, unless it ran for less than
  /// the shortest delay, so that one that does nothing but ask can't keep the machine busy.
  double reloaded(double ran_for) const;

 private:
  Limits limits_;
  std::deque<double> times_;
  int in_a_row_ = 0;
  int out_of_memory_ = 0;
};

}  // namespace videopush::supervisor
