// The processors that control groups leave to a process, from files as the kernel writes them.
#include "core/processors.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace videopush;

namespace {

/// A folder with the files that the kernel would have.
struct Root {
  std::string path = (std::filesystem::temp_directory_path() / "videopush-root-XXXXXX").string();

  Root() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~Root() { std::filesystem::remove_all(path); }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;

  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path + name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }
  void v1(const std::string& folder, int quota, int period = 100'000) const {
    write("/sys/fs/cgroup" + folder + "/cpu.cfs_quota_us", std::to_string(quota));
    write("/sys/fs/cgroup" + folder + "/cpu.cfs_period_us", std::to_string(period));
  }
};

}  // namespace

TEST_CASE("without control groups, or without their limit, a process may use its affinity's") {
  const Root root;
  CHECK(processor_quota(root.path) == 0);
  root.write("/proc/self/cgroup", "0::/user.slice");
  root.write("/sys/fs/cgroup/user.slice/cpu.max", "max 100000");
  CHECK(processor_quota(root.path) == 0);
  cpu_set_t set;
  REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
  CHECK(available_processors(root.path) == CPU_COUNT(&set));
}

TEST_CASE("the lowest cpu.max on the way up counts under version 2 of control groups") {
  const Root root;
  root.write("/proc/self/cgroup", "0::/pods/pod1/worker");
  root.write("/sys/fs/cgroup/pods/pod1/worker/cpu.max", "300000 100000");
  root.write("/sys/fs/cgroup/pods/pod1/cpu.max", "75000 50000");
  root.write("/sys/fs/cgroup/pods/cpu.max", "max 100000");
  CHECK(processor_quota(root.path) == 1.5);
}

TEST_CASE("a container that sees the root of its own groups finds its limit there") {
  const Root root;
  SUBCASE("under version 2") {
    root.write("/proc/self/cgroup", "0::/");
    root.write("/sys/fs/cgroup/cpu.max", "50000 100000");
  }
  SUBCASE("under version 1, by a path of the host") {
    root.write("/proc/self/cgroup", "5:devices:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/");
    root.v1("/cpu,cpuacct", 50'000);
  }
  CHECK(processor_quota(root.path) == 0.5);
  CHECK(available_processors(root.path) == 1);
}

TEST_CASE("cpu.cfs_quota_us counts under version 1, and -1 is no limit") {
  const Root root;
  root.write("/proc/self/cgroup", "3:cpuset:/a\n2:cpu:/a/b\n1:name=systemd:/a");
  root.v1("/cpu/a/b", -1);
  root.v1("/cpu/a", 25'000, 10'000);
  root.v1("/cpuset/a", 1000);  // no controller of time
  CHECK(processor_quota(root.path) == 2.5);
}
