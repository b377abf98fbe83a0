// The words for what libavformat says about a source.
#include "media/source/source_errors.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "core/av.h"

using namespace videopush;
using namespace videopush::media;

namespace {

ErrorCode code_of(const std::string& uri, int result) {
  take_av_error();  // what another test has left
  return network_error(parse_location(uri), result).code();
}

}  // namespace

TEST_CASE("a refused source asks for credentials without a user, and calls them refused with one") {
  CHECK(code_of("rtsp://cam/1", AVERROR_HTTP_UNAUTHORIZED) == ErrorCode::CredentialsMissing);
  CHECK(code_of("rtsp://ann:pw@cam/1", AVERROR_HTTP_FORBIDDEN) == ErrorCode::CredentialsRefused);
}

TEST_CASE("every way in which a connection fails has a code of its own") {
  CHECK(code_of("rtsp://cam/1", AVERROR_HTTP_NOT_FOUND) == ErrorCode::SourceNotFound);
  CHECK(code_of("rtmp://cam/1", AVERROR(EPERM)) == ErrorCode::ServerRefused);
  CHECK(code_of("rtsp://cam/1", AVERROR(ECONNREFUSED)) == ErrorCode::ConnectRefused);
  CHECK(code_of("rtsp://cam/1", AVERROR(EHOSTUNREACH)) == ErrorCode::ConnectFailed);
  CHECK(code_of("rtsp://cam/1", AVERROR(ETIMEDOUT)) == ErrorCode::SourceTimeout);
  CHECK(code_of("rtsp://cam/1", AVERROR(ECONNRESET)) == ErrorCode::SourceDisconnected);
}

TEST_CASE(
    "a source that cannot be opened is damaged when its bytes came, unreachable when none did") {
  const Location camera = parse_location("rtsp://ann:s3cret@cam/1");
  const Error damaged = unopened_error(parse_location("clip.mp4"), true, AVERROR_INVALIDDATA);
  CHECK(damaged.code() == ErrorCode::SourceCorrupt);
  CHECK(unopened_error(camera, false, AVERROR(ECONNREFUSED)).code() == ErrorCode::ConnectRefused);
  CHECK(unopened_error(camera, false, AVERROR(EINVAL)).code() == ErrorCode::SourceForbidden);
  const Error large = unopened_error(camera, false, AVERROR(ENOMEM));
  CHECK(large.code() == ErrorCode::SourceTooLarge);
  CHECK(large.message().find("s3cret") == std::string::npos);
}
