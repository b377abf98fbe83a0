// Credentials come from mounted files and are read again at every connect, so that they can be
// rotated.
#pragma once

#include <string>

namespace videopush::sessions {

/// The whole content, one trailing newline removed; "" for an empty path. CredentialsMissing when
/// the file can't be read or is larger than 64 KiB; the message names the file, never its content.
std::string read_secret_file(const std::string& path);

}  // namespace videopush::sessions
