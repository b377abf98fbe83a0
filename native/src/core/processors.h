// How many processors this process may use.
#pragma once

#include <string>

namespace videopush {

/// The time that the control groups of this process leave it, in processors; 0: no limit. Version 1
/// and version 2 of control groups. `root`: where /proc and /sys are found; tests have one of their
/// own.
double processor_quota(const std::string& root = "");

/// Processors of this process's affinity, or fewer where a control group limits its time: that
/// limit, rounded up. At least 1.
int available_processors(const std::string& root = "");

/// Threads for what is worth some and gains nothing from many: one for each available processor, at
/// most 4. A stream is sent at its own pace, and each thread costs memory.
int automatic_threads();

}  // namespace videopush
