#include <doctest/doctest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "core/av.h"
#include "core/error.h"
#include "media/source/clips.h"
#include "media/source/http_input.h"
#include "media/source/source.h"
#include "media/source/tiny_server.h"

using namespace videopush;
using media::SourceOptions;
using tiny::answer;
using tiny::Request;
using tiny::send_all;
using tiny::Server;

namespace {

const AbortSignal never;

SourceOptions source_at(const std::string& url) {
  SourceOptions options;
  options.uri = url;
  options.open_timeout_ms = 5'000;
  options.read_timeout_ms = 5'000;
  return options;
}

std::optional<Error> error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return {};
}

ErrorCode open_error(const SourceOptions& options) {
  const auto error = error_of([&] { media::open_source(options, {1}, never); });
  REQUIRE(error);
  CHECK(error->message().find("s3cret") == std::string::npos);
  return error->code();
}

ErrorCode answered(const std::string& text) {
  const Server server([&](int fd, const Request&) { return send_all(fd, text); });
  return open_error(source_at(server.url("http", "/clip.mp4")));
}

/// Everything that `input` gives, in odd sizes.
std::string drain(media::ByteInput& input) {
  std::string out;
  std::uint8_t bytes[7919];
  for (int count; (count = input.read(bytes, sizeof bytes)) > 0;) {
    out.append(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(count));
  }
  return out;
}

std::unique_ptr<media::ByteInput> open_bytes(const std::string& url) {
  media::HttpOptions options;
  options.url = options.shown = url;
  options.local_redirects = true;
  const IoLimit limit(never, std::chrono::seconds(5));
  auto input = media::open_http(options, never, limit);
  input->opened();
  return input;
}

std::string pseudo_random(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 1;
  for (char& c : out) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return out;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("a file on a web server is read whole, sought and described like a local one") {
  for (const std::string extension : {"mp4", "mkv", "ts"}) {  // the mp4 has its index at the end
    CAPTURE(extension);
    const std::string content =
        clips::read_file(clips::make(90, "25", clips::x264(2, 20), extension));
    const Server server(tiny::file_handler(content, true));
    const auto source = media::open_source(source_at(server.url("http", "/clip")), {2}, never);
    CHECK(source->descriptor().seekable);
    CHECK(source->descriptor().finite);
    CHECK_FALSE(source->descriptor().live);
    const auto all = clips::read_all(*source);
    REQUIRE(clips::indices(all) == clips::count_from(0, 90));
    source->seek({.pts = all[47].pts});
    CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(47, 43));
  }
}

TEST_CASE("a server without ranges is read in sequence, and says that it can't be sought") {
  const std::string content = clips::read_file(clips::make(90, "25", clips::x264(2, 20), "ts"));
  const Server server(tiny::file_handler(content, false));
  const auto source = media::open_source(source_at(server.url("http", "/clip.ts")), {2}, never);
  CHECK_FALSE(source->descriptor().seekable);
  CHECK(clips::indices(clips::read_all(*source)) == clips::count_from(0, 90));
  const auto error = error_of([&] { source->seek({}); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::NotSeekable);
}

TEST_CASE("a truncated file on a web server is reported as truncated") {
  std::string content =
      clips::read_file(clips::make(120, "25", clips::x264(2, 20) + " -movflags faststart", "mp4"));
  content.resize(content.size() * 3 / 4);
  const Server server(tiny::file_handler(content, true));
  const auto source = media::open_source(source_at(server.url("http", "/clip.mp4")), {2}, never);
  const auto error = error_of([&] { clips::read_all(*source); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::SourceTruncated);
}

TEST_CASE("an answer of a web server becomes the error of that name") {
  CHECK(answered(answer("404 Not Found")) == ErrorCode::SourceNotFound);
  CHECK(answered(answer("410 Gone", "", "gone")) == ErrorCode::SourceNotFound);
  CHECK(answered(answer("401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n")) ==
        ErrorCode::CredentialsMissing);
  CHECK(answered(answer("403 Forbidden", "", "no")) == ErrorCode::CredentialsRefused);
  CHECK(answered(answer("500 Oops", "", "stack trace")) == ErrorCode::ServerRefused);
  CHECK(answered(answer("503 Busy")) == ErrorCode::ServerRefused);
  CHECK(answered(answer("504 Gateway Timeout")) == ErrorCode::SourceTimeout);
  CHECK(answered(answer("416 Range Not Satisfiable")) == ErrorCode::SourceEmpty);
  CHECK(answered(answer("200 OK")) == ErrorCode::SourceEmpty);
  CHECK(answered(answer("200 OK", "", "<html>hello</html>")) == ErrorCode::SourceUnsupported);
  CHECK(answered("HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nabcd") == ErrorCode::ProtocolError);
  CHECK(answered("garbage garbage garbage\r\n\r\n") == ErrorCode::SourceDisconnected);
  CHECK(answered(answer("200 OK", "", "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n")) ==
        ErrorCode::SourceUnsupported);
  const Server hangs_up([](int, const Request&) { return false; });
  CHECK(open_error(source_at(hangs_up.url("http", "/"))) == ErrorCode::SourceDisconnected);
}

TEST_CASE(
    "credentials are sent, from the options or the URL, and wrong ones are reported as refused") {
  const std::string content = clips::read_file(clips::make(20, "25", clips::x264(0, 20), "mp4"));
  const auto serve = tiny::file_handler(content, true);
  const Server server([&](int fd, const Request& request) {
    const auto sent = request.headers.find("authorization");
    const bool right = sent != request.headers.end() && sent->second == "Basic Ym9iOnMzY3JldA==";
    return right ? serve(fd, request)
                 : send_all(fd,
                            answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n"));
  });
  SourceOptions options = source_at(server.url("http", "/clip.mp4"));
  options.user = "bob";
  options.password = "s3cret";
  CHECK(clips::read_all(*media::open_source(options, {1}, never)).size() == 20);
  options.password = "wrong";
  CHECK(open_error(options) == ErrorCode::CredentialsRefused);
  const std::string in_url =
      "http://bob:s3cret@127.0.0.1:" + std::to_string(server.port()) + "/c.mp4";
  CHECK(clips::read_all(*media::open_source(source_at(in_url), {1}, never)).size() == 20);
}

TEST_CASE("a redirect to another server of this machine is refused, and nothing is fetched there") {
  const Server target(tiny::file_handler("secret", true));
  const Server server([&](int fd, const Request&) {
    return send_all(fd, answer("302 Found", "Location: " + target.url("http", "/x") + "\r\n"));
  });
  CHECK(open_error(source_at(server.url("http", "/a"))) == ErrorCode::SourceForbidden);
  CHECK(target.connections() == 0);
}

TEST_CASE("a server of this machine that was named may redirect to itself") {
  const std::string content = clips::read_file(clips::make(20, "25", clips::x264(0, 20), "mp4"));
  const auto serve = tiny::file_handler(content, true);
  const Server self([&](int fd, const Request& request) {
    if (request.path == "/other") return serve(fd, request);
    return send_all(fd, answer("302 Found", "Location: /other\r\n"));
  });
  const auto source = media::open_source(source_at(self.url("http", "/a")), {1}, never);
  CHECK(clips::read_all(*source).size() == 20);
}

TEST_CASE("a redirect without an address is refused as such") {
  const Server server([](int fd, const Request&) { return send_all(fd, answer("302 Found")); });
  const auto error =
      error_of([&] { media::open_source(source_at(server.url("http", "/a")), {1}, never); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::ProtocolError);
  CHECK(error->message().find("answered 302 (a redirect) without saying where to") !=
        std::string::npos);
}

TEST_CASE("a body that ends before its length is reported by how much of it came") {
  const std::string body(3000, 'x');
  for (const std::string head :
       {"200 OK\r\nContent-Length: 5000\r\n",
        "206 Partial Content\r\nContent-Length: 3000\r\nContent-Range: bytes 0-4999/5000\r\n"}) {
    CAPTURE(head);
    const Server server([&](int fd, const Request& request) {
      if (request.headers.at("range") != "bytes=0-") return false;
      send_all(fd, "HTTP/1.1 " + head + "Accept-Ranges: none\r\n\r\n" + body);
      return false;
    });
    const auto error = error_of([&] { drain(*open_bytes(server.url("http", "/"))); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::SourceDisconnected);
    CHECK(error->message().find("No error") == std::string::npos);
    if (head.starts_with("200")) {
      CHECK(error->message().find("sent 3000 of 5000 bytes") != std::string::npos);
    }
  }
}

TEST_CASE("a film whose server names too great a length is played before that is an error") {
  for (const int count : {20, 90}) {
    CAPTURE(count);
    const std::string encode = clips::x264(0, 20) + " -movflags faststart";
    const std::string content = clips::read_file(clips::make(count, "25", encode, "mp4"));
    const Server server([&](int fd, const Request&) {
      send_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size() + 5000) +
                       "\r\n\r\n" + content);
      return false;
    });
    const auto source = media::open_source(source_at(server.url("http", "/a.mp4")), {1}, never);
    int frames = 0;
    const auto error = error_of([&] {
      const FramePtr frame = make_frame();
      while (source->next(*frame)) ++frames;
    });
    CHECK(frames == count);
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::SourceDisconnected);
  }
}

TEST_CASE("a body that was compressed on the way is refused by the name of its compression") {
  const std::string_view magic("\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
  const Server server([&](int fd, const Request&) {
    return send_all(fd, answer("200 OK", "Content-Encoding: gzip\r\n",
                               std::string(magic) + pseudo_random(5000)));
  });
  const auto error =
      error_of([&] { media::open_source(source_at(server.url("http", "/a.mp4")), {1}, never); });
  REQUIRE(error);
  CHECK(error->message().find("it is compressed (gzip)") != std::string::npos);
}

TEST_CASE("a redirect to anything but http and https is refused") {
  for (const std::string target : {"file:///etc/passwd", "ftp://127.0.0.1/a", "rtsp://127.0.0.1/a",
                                   "gopher://127.0.0.1/", "tcp://127.0.0.1:1"}) {
    CAPTURE(target);
    CHECK(answered(answer("302 Found", "Location: " + target + "\r\n")) ==
          ErrorCode::SourceForbidden);
  }
}

TEST_CASE("a web source follows five redirects and no sixth") {
  std::atomic<int> hops{5};
  const std::string content = pseudo_random(5000);
  const auto serve = tiny::file_handler(content, true);
  const Server server([&](int fd, const Request& request) {
    const int hop = std::stoi("0" + request.path.substr(1));
    if (hop >= hops) return serve(fd, request);
    return send_all(
        fd, answer("307 Temporary Redirect", "Location: /" + std::to_string(hop + 1) + "\r\n"));
  });
  CHECK(drain(*open_bytes(server.url("http", "/0"))) == content);
  hops = 6;
  const auto error = error_of([&] { open_bytes(server.url("http", "/0")); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::SourceForbidden);
}

TEST_CASE("credentials do not follow a redirect to another server") {
  std::atomic<bool> leaked{false};
  const Server other([&](int fd, const Request& request) {
    leaked = leaked || request.headers.count("authorization");
    return send_all(fd, answer("200 OK", "", "hello"));
  });
  const Server server([&](int fd, const Request&) {
    return send_all(fd, answer("302 Found", "Location: " + other.url("http", "/") + "\r\n"));
  });
  media::HttpOptions options;
  options.url = options.shown = server.url("http", "/");
  options.user = "bob";
  options.password = "s3cret";
  options.local_redirects = true;
  const IoLimit limit(never, std::chrono::seconds(5));
  CHECK(drain(*media::open_http(options, never, limit)) == "hello");
  CHECK(other.requests() == 1);
  CHECK_FALSE(leaked);
}

TEST_CASE("a transfer that breaks off is continued where it stopped") {
  const std::string content = pseudo_random(3'000'000);
  std::atomic<int> breaks{0};
  const Server server([&](int fd, const Request& request) {
    const auto begin = static_cast<std::size_t>(std::stoll(request.headers.at("range").substr(6)));
    const std::string head = "HTTP/1.1 206 Partial Content\r\nETag: \"one\"\r\nContent-Length: " +
                             std::to_string(content.size() - begin) + "\r\nContent-Range: bytes " +
                             std::to_string(begin) + "-" + std::to_string(content.size() - 1) +
                             "/" + std::to_string(content.size()) + "\r\n\r\n";
    ++breaks;
    send_all(fd, head + content.substr(begin, 400'000));
    return false;
  });
  const auto input = open_bytes(server.url("http", "/"));
  CHECK(drain(*input) == content);
  CHECK(breaks == 8);
}

TEST_CASE("a transfer that breaks off and can't be continued ends in an error, not in an end") {
  const std::string content = pseudo_random(100'000);
  std::atomic<bool> changed{false};
  const Server server([&](int fd, const Request&) {
    const std::string total = std::to_string(content.size());
    if (changed) return send_all(fd, answer("200 OK", "ETag: \"two\"\r\n", content));
    changed = true;
    send_all(fd, "HTTP/1.1 206 Partial Content\r\nETag: \"one\"\r\nContent-Length: " + total +
                     "\r\nContent-Range: bytes 0-99999/" + total + "\r\n\r\n" +
                     content.substr(0, 50'000));
    return false;
  });
  const auto other_file = error_of([&] { drain(*open_bytes(server.url("http", "/"))); });
  REQUIRE(other_file);
  CHECK(other_file->code() == ErrorCode::SourceDisconnected);
  CHECK(other_file->message().find("changed") != std::string::npos);

  const Server no_ranges([&](int fd, const Request&) {
    send_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + content.substr(0, 50'000));
    return false;
  });
  const auto lost = error_of([&] { drain(*open_bytes(no_ranges.url("http", "/"))); });
  REQUIRE(lost);
  CHECK(lost->code() == ErrorCode::SourceDisconnected);
}

TEST_CASE(
    "a web source gives the bytes of the place after seeks forward, backward and past the end") {
  const std::string content = pseudo_random(4'000'000);
  const Server server(tiny::file_handler(content, true));
  const auto input = open_bytes(server.url("http", "/"));
  CHECK(input->size() == 4'000'000);
  std::uint8_t bytes[100];
  for (const std::int64_t place : {0, 50, 300'000, 299'000, 3'999'950, 10, 2'000'000, 2'400'000}) {
    CAPTURE(place);
    input->seek(place);
    std::string got;
    while (got.size() < 50) {
      const int count = input->read(bytes, 50 - static_cast<int>(got.size()));
      REQUIRE(count > 0);
      got.append(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(count));
    }
    CHECK(got == content.substr(static_cast<std::size_t>(place), 50));
  }
  input->seek(4'000'000);
  CHECK(input->read(bytes, 100) == 0);
  input->seek(5'000'000);
  CHECK(input->read(bytes, 100) == 0);
}

TEST_CASE("a web source does not use the proxies of the environment") {
  const std::string content = pseudo_random(1000);
  const Server server(tiny::file_handler(content, true));
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  CHECK(drain(*open_bytes(server.url("http", "/"))) == content);
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
}

TEST_CASE("a web server that does not answer is reported within the limit") {
  CHECK(open_error(source_at("http://127.0.0.1:1/a.mp4")) == ErrorCode::ConnectRefused);
  CHECK(open_error(source_at("http://no-such-host.invalid/a.mp4")) == ErrorCode::HostUnknown);
  const Server silent([](int fd, const Request&) {
    tiny::wait_for_close(fd);
    return false;
  });
  SourceOptions options = source_at(silent.url("http", "/a.mp4"));
  options.open_timeout_ms = 300;
  const auto start = std::chrono::steady_clock::now();
  CHECK(open_error(options) == ErrorCode::SourceTimeout);
  CHECK(seconds_since(start) >= 0.3);
  CHECK(seconds_since(start) < 4);
}

TEST_CASE(
    "a server that falls silent in mid-file is reported within the limit, after all its frames") {
  const std::string content = clips::read_file(clips::make(90, "25", clips::x264(0, 20), "ts"));
  const Server server([&](int fd, const Request&) {
    send_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) +
                     "\r\n\r\n" + content.substr(0, content.size() / 2));
    tiny::wait_for_close(fd);
    return false;
  });
  SourceOptions options = source_at(server.url("http", "/a.ts"));
  options.read_timeout_ms = 300;
  options.open_timeout_ms = 300;
  // Either the opening or the reading meets the silence; both must end.
  const auto error = error_of([&] {
    const auto source = media::open_source(options, {1}, never);
    clips::read_all(*source);
  });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::SourceTimeout);
}

TEST_CASE(
    "a web server whose headers never end is given up, and so is one that sends a wrong range") {
  const Server endless([](int fd, const Request&) {
    send_all(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 10'000; ++i) {
      if (!send_all(fd, "X-" + std::to_string(i) + ": " + std::string(1000, 'x') + "\r\n"))
        return false;
    }
    return false;
  });
  CHECK(open_error(source_at(endless.url("http", "/a.mp4"))) == ErrorCode::ProtocolError);
  CHECK(answered("HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\nContent-Range: bytes "
                 "100-103/200\r\n\r\nabcd") == ErrorCode::ProtocolError);
}

TEST_CASE("a length that a web server makes up is taken for unknown") {
  for (const std::string total : {"-5", "99999999999999999999", "12x", "", "*"}) {
    CAPTURE(total);
    const Server server([&](int fd, const Request&) {
      send_all(fd,
               "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\nContent-Range: bytes 0-3/" +
                   total + "\r\n\r\nabcd");
      return false;
    });
    const auto input = open_bytes(server.url("http", "/"));
    CHECK(input->size() == -1);
    CHECK_FALSE(input->seekable());
    CHECK(drain(*input) == "abcd");
  }
}
