#include "sessions/secret_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/error.h"

namespace videopush::sessions {

std::string read_secret_file(const std::string& path) {
  if (path.empty()) return "";
  constexpr std::size_t kLimit = 64 << 10;
  std::ifstream file(path, std::ios::binary);
  std::string text(kLimit + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file && !file.eof()) {
    throw Error(ErrorCode::CredentialsMissing, path + ": " + std::strerror(errno ? errno : EIO),
                "make the file readable for this process");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kLimit) {
    throw Error(ErrorCode::CredentialsMissing, path + ": too large for a user name or password");
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace videopush::sessions
