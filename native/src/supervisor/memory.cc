#include "supervisor/memory.h"

#include <fstream>
#include <string>

namespace videopush::supervisor {

std::uint64_t count_oom_kills() {
  for (const char* path :
       {"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}) {
    std::ifstream file(path);
    std::string name;
    for (std::uint64_t count = 0; file >> name >> count;) {
      if (name == "oom_kill") return count;
    }
  }
  return 0;
}

}  // namespace videopush::supervisor
