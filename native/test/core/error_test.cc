#include "core/error.h"

#include <doctest/doctest.h>

#include <new>
#include <set>
#include <stdexcept>
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

TEST_CASE("whatever was thrown becomes an error that another thread can report") {
  const auto caught = [](const auto& thrown) {
    try {
      throw thrown;
    } catch (...) {
      return videopush::current_error();
    }
  };
  const Error error = caught(Error(ErrorCode::SourceNotFound, "clip.mp4", "check the path"));
  CHECK(error.code() == ErrorCode::SourceNotFound);
  CHECK(error.action() == "check the path");
  for (const Error& internal :
       {caught(std::bad_alloc()), caught(std::runtime_error("why")), caught(1)})
    CHECK(internal.code() == ErrorCode::Internal);
  CHECK(caught(std::bad_alloc()).message() == "out of memory");
  CHECK(caught(std::runtime_error("why")).message() == "why");
  CHECK(caught(1).message() == "unknown native failure");
}
