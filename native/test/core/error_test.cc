#include "core/error.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "core/av.h"
#include "core/redact.h"

using videopush::Error;
using videopush::ErrorCode;

TEST_CASE("every error code has a name of its own") {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::RingPeerFailed); ++code) {
    CHECK(names.insert(to_string(static_cast<ErrorCode>(code))).second);
  }
  CHECK(names.count("ConnectRefused") == 1);
}

TEST_CASE("a refused credential is permanent and a refused connection is not") {
  CHECK(is_permanent(ErrorCode::CredentialsRefused));
  CHECK_FALSE(is_permanent(ErrorCode::ConnectRefused));
}

TEST_CASE("an error from FFmpeg keeps the number and says it in words") {
  const Error error =
      Error::from_averror(ErrorCode::SourceNotFound, AVERROR(ENOENT), "clip.mp4", "check the path");
  CHECK(error.message() == "clip.mp4: No such file or directory");
  CHECK(error.averror() == AVERROR(ENOENT));
  CHECK(error.action() == "check the path");
}
