// The machine's limit: RTP packets at absolute instants of CLOCK_MONOTONIC, with nothing before
// them but clock_nanosleep.
//
//   metronome --port N --fps F --seconds S [--bytes B]
//
// Speaks just enough RTSP to the recorder to be recorded like a publisher: each beat is one unit of
// B payload bytes (default 1200) in one send, so that what the recorder sees is the timer's
// deviation plus the loopback's.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kPayload = 1'200;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

void send_all(int fd, const void* data, std::size_t size) {
  const auto* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::send(fd, at, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("metronome: send");
    at += n;
    size -= static_cast<std::size_t>(n);
  }
}

void request(int fd, int cseq, const std::string& line, const std::string& fields,
             const std::string& body = "") {
  std::string text = line + " RTSP/1.0\r\nCSeq: " + std::to_string(cseq) + "\r\n" + fields;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n" + body;
  send_all(fd, text.data(), text.size());
  std::string answer;
  char c;
  while (!answer.ends_with("\r\n\r\n")) {
    if (::recv(fd, &c, 1, 0) != 1) fail("metronome: no answer");
    answer.push_back(c);
  }
}

/// One access unit as interleaved RTP packets, marker on the last.
std::vector<std::uint8_t> unit(std::size_t bytes, std::uint16_t& sequence,
                               std::uint32_t timestamp) {
  std::vector<std::uint8_t> out;
  do {
    const std::size_t part = std::min(bytes, kPayload);
    bytes -= part;
    const std::size_t size = part + 12;
    const std::uint8_t head[] = {'$',
                                 0,
                                 static_cast<std::uint8_t>(size >> 8),
                                 static_cast<std::uint8_t>(size),
                                 0x80,
                                 static_cast<std::uint8_t>(96 | (bytes == 0 ? 0x80 : 0)),
                                 static_cast<std::uint8_t>(sequence >> 8),
                                 static_cast<std::uint8_t>(sequence),
                                 static_cast<std::uint8_t>(timestamp >> 24),
                                 static_cast<std::uint8_t>(timestamp >> 16),
                                 static_cast<std::uint8_t>(timestamp >> 8),
                                 static_cast<std::uint8_t>(timestamp),
                                 0,
                                 0,
                                 0,
                                 1};
    out.insert(out.end(), head, head + sizeof head);
    out.insert(out.end(), part, 0x41);
    ++sequence;
  } while (bytes > 0);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, double> options{
      {"--port", 0}, {"--fps", 30}, {"--seconds", 10}, {"--bytes", 1'200}};
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = std::atof(argv[i + 1]);

  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(options["--port"]));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail("metronome: connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  request(fd, 1, "ANNOUNCE rtsp://127.0.0.1/beat", "",
          "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n");
  request(fd, 2, "SETUP rtsp://127.0.0.1/beat/0",
          "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
  request(fd, 3, "RECORD rtsp://127.0.0.1/beat", "");

  const double fps = options["--fps"];
  const auto count = static_cast<std::int64_t>(fps * options["--seconds"]);
  timespec start{};
  clock_gettime(CLOCK_MONOTONIC, &start);
  const std::int64_t origin = start.tv_sec * 1'000'000'000LL + start.tv_nsec + 100'000'000;
  std::uint16_t sequence = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto beat = unit(static_cast<std::size_t>(options["--bytes"]), sequence,
                           static_cast<std::uint32_t>(static_cast<double>(i) * 90'000 / fps));
    const std::int64_t due = origin + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / fps);
    const timespec at{due / 1'000'000'000, due % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
    }
    send_all(fd, beat.data(), beat.size());
  }
  request(fd, 4, "TEARDOWN rtsp://127.0.0.1/beat", "");
  ::close(fd);
}
