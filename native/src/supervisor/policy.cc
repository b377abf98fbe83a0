#include "supervisor/policy.h"

#include <algorithm>
#include <cmath>

namespace videopush::supervisor {

std::optional<double> Policy::failed(double now, double ran_for, double chance) {
  times_.push_back(now);
  while (times_.front() < now - limits_.window) times_.pop_front();
  if (times_.size() > static_cast<std::size_t>(limits_.failures)) return std::nullopt;

  in_a_row_ = ran_for >= limits_.healthy ? 0 : in_a_row_ + 1;
  const int doublings = std::min(std::max(in_a_row_ - 1, 0), 30);
  const double delay = std::ldexp(limits_.min_delay, doublings) * (1 + 0.5 * chance);
  return std::min(delay, limits_.max_delay);
}

bool Policy::lacks_memory(bool oom, double ran_for) {
  out_of_memory_ = oom && ran_for < limits_.healthy ? out_of_memory_ + 1 : 0;
  return out_of_memory_ >= limits_.out_of_memory;
}

double Policy::reloaded(double ran_for) const { return std::max(limits_.min_delay - ran_for, 0.0); }

}  // namespace videopush::supervisor
