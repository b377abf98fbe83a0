// What a failed write to a file means to a person.
#pragma once

#include <string>

#include "core/error.h"

namespace videopush::sinks {

/// FileNotWritable with the system's reason and what helps against it. `averror`: what
/// libavformat's call returned; `shown`: the file, redacted.
Error file_error(int averror, const std::string& shown);

}  // namespace videopush::sinks
