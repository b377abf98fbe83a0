// Repetitions and seeds of tests with random input.
#pragma once

#include <cstdlib>
#include <string_view>

namespace videopush::test {

/// How often a test with random input repeats itself: `gate` (at most 200) in `npm test`, `full` in
/// `npm run test:long`, which sets VIDEOPUSH_TEST_FULL=1.
inline int count(int gate, int full) {
  const char* given = std::getenv("VIDEOPUSH_TEST_FULL");
  return given != nullptr && std::string_view(given) == "1" ? full : gate;
}

/// The seed that repeats a run (VIDEOPUSH_TEST_SEED), else the test's own.
inline unsigned seed_or(unsigned own) {
  const char* given = std::getenv("VIDEOPUSH_TEST_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : own;
}

}  // namespace videopush::test
