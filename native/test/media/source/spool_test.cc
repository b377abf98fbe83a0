#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>

#include "core/error.h"
#include "media/source/clips.h"
#include "media/source/http_input.h"
#include "media/source/source.h"
#include "media/source/spool_input.h"
#include "media/source/tiny_server.h"
#include "support/error_of.h"

using namespace videopush;
using tiny::Request;
using tiny::send_all;
using tiny::Server;
using videopush::test::error_of;

namespace {

const AbortSignal never;

std::unique_ptr<media::FrameSource> open(const Server& server) {
  media::SourceOptions options;
  options.uri = server.url("http", "/clip.mp4");
  options.open_timeout_ms = options.read_timeout_ms = 5'000;
  return media::open_source(options, {2}, never);
}

}  // namespace

TEST_CASE("an mp4 with its index at the end is read whole from a server without ranges") {
  const std::string content = clips::read_file(
      clips::make(90, "25", clips::x264(2, 20), "mp4"));  // the index is at the end
  for (const bool length : {true, false}) {
    CAPTURE(length);
    const Server server([&](int fd, const Request&) {
      const std::string size = "Content-Length: " + std::to_string(content.size()) + "\r\n";
      send_all(fd, "HTTP/1.1 200 OK\r\n" + (length ? size : "") + "\r\n" + content);
      return false;
    });
    const auto source = open(server);
    CHECK(source->descriptor().finite);
    CHECK(source->descriptor().seekable);
    CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(0, 90));
    CHECK(server.requests() == 1);
  }
}

TEST_CASE("an mp4 that begins with its index is not fetched in advance") {
  const std::string content =
      clips::read_file(clips::make(90, "25", clips::x264(2, 20) + " -movflags faststart", "mp4"));
  const Server server(tiny::file_handler(content, false));
  const auto source = open(server);
  CHECK_FALSE(source->descriptor().seekable);
  CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(0, 90));
}

TEST_CASE("an mp4 that is too large to be fetched in advance is refused with the true cause") {
  const std::string content = clips::read_file(clips::make(90, "25", clips::x264(2, 20), "mp4"));
  const Server server([&](int fd, const Request&) {
    send_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 600000000\r\n\r\n" + content);
    return false;
  });
  const auto error = error_of([&] { open(server); });
  CHECK(error.code() == ErrorCode::SourceTooLarge);
  CHECK(error.message().find("index stands at its end") != std::string::npos);
  CHECK(error.message().find("512 MiB") != std::string::npos);
  CHECK(error.action().find("faststart") != std::string::npos);
}

TEST_CASE("fetching in advance ends at the bound also when no length is known") {
  const std::string content = clips::read_file(clips::make(90, "25", clips::x264(2, 20), "mp4"));
  const auto most = static_cast<std::int64_t>(content.size()) - 1;
  const Server server([&](int fd, const Request&) {
    send_all(fd, "HTTP/1.1 200 OK\r\n\r\n" + content);
    return false;
  });
  media::HttpOptions options;
  options.url = options.shown = server.url("http", "/");
  options.local_redirects = true;
  const IoLimit limit(never, std::chrono::seconds(5));
  const auto error = error_of([&] {
    media::spool_if_needed(media::open_http(options, never, limit),
                           {.shown = "clip", .most_bytes = most});
  });
  CHECK(error.code() == ErrorCode::SourceTooLarge);
}
