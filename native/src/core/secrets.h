// The secrets that are known to the process, for redact().
#pragma once

#include <string>
#include <string_view>

namespace videopush {

/// `text` with every secret of every living Secrets object replaced by `mark`.
std::string hide_secrets(std::string_view text, std::string_view mark);

}  // namespace videopush
