// How often the kernel has ended a process of this control group because its memory was used up.
#pragma once

#include <cstdint>

namespace videopush::supervisor {

/// The counter `oom_kill` of the container's own group, cgroup v2 (memory.events) or v1
/// (memory.oom_control); 0 where neither exists. See Documentation/admin-guide/cgroup-v2.rst and
/// cgroup-v1/memory.rst of the kernel. A container sees its own group at the root of the tree.
std::uint64_t count_oom_kills();

}  // namespace videopush::supervisor
