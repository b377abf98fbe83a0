#include "core/error.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "core/av.h"

using videopush::Error;
using videopush::ErrorCode;
using videopush::redact;

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

TEST_CASE("user-info is removed from every URL in a text") {
  CHECK(redact("from rtsp://bob:s3cret@cam.example:8554/a to 'rtmp://x:y@h/live'.") ==
        "from rtsp://cam.example:8554/a to 'rtmp://h/live'.");
  CHECK(redact("rtsp://bob@cam/a") == "rtsp://cam/a");
  CHECK(redact("rtsp://bob:p@ss@cam/a@b") == "rtsp://cam/a@b");
  CHECK(redact("rtsp://bob:pa/ss@cam/a") == "rtsp://cam/a");
  CHECK(redact("http://[::1]:80/a@b") == "http://[::1]:80/a@b");
  CHECK(redact("http://cam:80/a@b") == "http://cam:80/a@b");
}

TEST_CASE("the values of secret-looking query parameters are hidden") {
  CHECK(redact("http://h/a?rate=5&Access_Token=abc&pass=x y") ==
        "http://h/a?rate=5&Access_Token=***&pass=*** y");
  CHECK(redact("srt://h:8890?streamid=publish:cam:bob:pw&passphrase=q&latency=20") ==
        "srt://h:8890?streamid=publish:cam:***&passphrase=***&latency=20");
  CHECK(redact("srt://h:8890?streamid=#!::m=publish,r=cam,u=bob,s=pw") ==
        "srt://h:8890?streamid=#!::m=publish,r=cam,u=***,s=***");
  CHECK(redact("srt://h:8890?streamid=publish%3Acam%3Abob%3apw&latency=20") ==
        "srt://h:8890?streamid=publish:cam:***&latency=20");
  CHECK(redact("srt://h:8890?streamid=%23!::m%3Dpublish%2Cu%3Dbob%2cs%3dpw") ==
        "srt://h:8890?streamid=%23!::m=publish,u=***,s=***");
}

TEST_CASE("text without a URL is left as it is") {
  CHECK(redact("a :// b, mail bob@example.org") == "a :// b, mail bob@example.org");
  CHECK(redact("") == "");
}
