// The supervisor's command line.
#pragma once

#include <sys/types.h>

#include <string>
#include <variant>
#include <vector>

#include "supervisor/policy.h"

namespace videopush::supervisor {

struct Options {
  Limits limits;
  std::string state_file;  // empty = none
  pid_t parent = 0;        // 0 = whoever; else stop when this parent has gone
  std::vector<std::string> command;
};

/// What the caller is to print and exit with instead of supervising.
struct Answer {
  std::string text;
  int exit_code;
};

std::variant<Options, Answer> parse_options(int argc, const char* const* argv);

}  // namespace videopush::supervisor
