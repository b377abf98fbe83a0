#include "core/processors.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace videopush {
namespace {

constexpr int kMostAutomatic = 4;

/// `cpu.max` of version 2: "QUOTA PERIOD" or "max PERIOD". 0: no limit.
double quota_of_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  double quota = 0, period = 0;
  return file >> quota >> period && quota > 0 && period > 0 ? quota / period : 0;
}

/// Version 1 has a file for each number, and -1 for no limit.
double quota_of_v1(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us"),
      period_file(folder + "/cpu.cfs_period_us");
  double quota = 0, period = 0;
  return quota_file >> quota && period_file >> period && quota > 0 && period > 0 ? quota / period
                                                                                 : 0;
}

/// The lowest limit of a group and all groups around it. In a container, the path may be that of
/// the host, of which only the top is there.
double lowest(const std::string& mount, std::string path, double (*quota_of)(const std::string&)) {
  double found = 0;
  for (;;) {
    if (path == "/") path.clear();
    const double quota = quota_of(mount + path);
    if (quota > 0) found = found > 0 ? std::min(found, quota) : quota;
    if (path.empty()) return found;
    path.erase(path.rfind('/'));
  }
}

bool lists(const std::string& controllers, const std::string& wanted) {
  std::istringstream text(controllers);
  for (std::string name; std::getline(text, name, ',');)
    if (name == wanted) return true;
  return false;
}

int affinity() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());  // more than 1024 processors
}

}  // namespace

double processor_quota(const std::string& root) {
  const std::string mounts = root + "/sys/fs/cgroup";
  std::ifstream groups(root + "/proc/self/cgroup");
  double found = 0;
  const auto consider = [&found](double quota) {
    if (quota > 0) found = found > 0 ? std::min(found, quota) : quota;
  };
  // HIERARCHY:CONTROLLERS:PATH, cgroups(7); version 2 names no controllers.
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos || line.compare(second + 1, 1, "/") != 0) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      consider(lowest(mounts, path, quota_of_v2));
    } else if (lists(controllers, "cpu")) {
      for (const std::string& mount : {"/" + controllers, std::string("/cpu")})
        consider(lowest(mounts + mount, path, quota_of_v1));
    }
  }
  return found;
}

int available_processors(const std::string& root) {
  const int count = std::max(1, affinity());
  const double quota = processor_quota(root);
  return quota > 0 ? std::clamp(static_cast<int>(std::ceil(quota)), 1, count) : count;
}

int automatic_threads() { return std::min(available_processors(), kMostAutomatic); }

}  // namespace videopush
