// Cameras that send JPEG pictures by HTTP.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "media/source/clips.h"
#include "media/source/multipart_input.h"
#include "media/source/source.h"
#include "media/source/tiny_server.h"
#include "support/error_of.h"

using namespace videopush;
using test::error_of;
using tiny::Request;
using tiny::send_all;
using tiny::Server;

namespace {

/// The pictures of a clip as JPEG files, which a raw stream is made of.
std::vector<std::string> pictures(int count) {
  const std::string raw = clips::read_file(
      clips::make(count, "25", "-map 0:v -c:v mjpeg -q:v 2 -pix_fmt yuvj420p", "mjpeg"));
  std::vector<std::string> out;
  const std::string start("\xff\xd8\xff", 3);
  for (std::size_t at = 0; at != std::string::npos;) {
    const std::size_t next = raw.find(start, at + 1);
    out.push_back(raw.substr(at, next - at));
    at = next;
  }
  return out;
}

struct Shape {
  const char* type;       // the boundary as the header names it
  const char* delimiter;  // and as it stands between the pictures
  bool length;
  const char* before = "";
};

Server::Handler camera(std::vector<std::string> jpegs, Shape shape, int milliseconds = 0) {
  return [=](int fd, const Request&) {
    send_all(fd, "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=" +
                     std::string(shape.type) + "\r\n\r\n" + shape.before);
    for (const std::string& jpeg : jpegs) {
      const std::string length = "Content-Length: " + std::to_string(jpeg.size()) + "\r\n";
      send_all(fd, std::string(shape.delimiter) + "\r\nContent-Type: image/jpeg\r\n" +
                       (shape.length ? length : "") + "\r\n" + jpeg + "\r\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    }
    send_all(fd, std::string(shape.delimiter) + "--\r\n");
    return false;
  };
}

std::unique_ptr<media::FrameSource> open(const Server& server) {
  static const AbortSignal never;
  media::SourceOptions options;
  options.uri = server.url("http", "/video.mjpg");
  options.open_timeout_ms = options.read_timeout_ms = 5'000;
  return media::open_source(options, {1}, never);
}

}  // namespace

TEST_CASE("a camera's JPEG pictures by HTTP are all read, however they are divided") {
  const std::vector<std::string> jpegs = pictures(20);
  REQUIRE(jpegs.size() == 20);
  for (const Shape shape : {Shape{"frame", "--frame", true}, Shape{"frame", "--frame", false},
                            Shape{"--frame", "--frame", true}, Shape{"\"frame\"", "--frame", false},
                            Shape{"frame", "--frame", true, "\r\n"}}) {
    CAPTURE(std::string(shape.type));
    CAPTURE(shape.length);
    const Server server(camera(jpegs, shape));
    const auto source = open(server);
    CHECK(source->descriptor().live);
    CHECK_FALSE(source->descriptor().seekable);
    CHECK(source->descriptor().codec == "mjpeg");
    CHECK(source->descriptor().format.width == clips::kWidth);
    CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(0, 20));
  }
}

TEST_CASE("a camera's JPEG pictures by HTTP have the times at which they came") {
  const Server server(camera(pictures(6), {"frame", "--frame", true}, 100));
  const auto source = open(server);
  const std::vector<clips::Seen> seen = clips::read_all(*source);
  REQUIRE(seen.size() == 6);
  const double seconds = static_cast<double>(seen.back().pts - seen.front().pts) *
                         av_q2d(source->descriptor().format.time_base());
  CHECK(seconds > 0.45);
  CHECK(seconds < 2);
}

TEST_CASE("a camera that promises an endless picture, or none, is refused") {
  const std::string start = "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n";
  for (const std::string& body :
       {std::string("--a\r\nContent-Length: 4000000000\r\n\r\n"),
        std::string("--a\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        std::string("--a\r\nContent-Length: -1\r\n\r\n"), std::string(100'000, 'x'),
        "--a\r\n" + std::string(100'000, 'x')}) {
    CAPTURE(body.substr(0, 40));
    const Server server([&](int fd, const Request&) {
      send_all(fd, start + body);
      return false;
    });
    CHECK(error_of([&] { open(server); }).code() == ErrorCode::SourceCorrupt);
  }
}
