// An RTSP/TCP recorder (RFC 2326 ANNOUNCE/SETUP/RECORD, interleaved) that says when each access
// unit arrived.
//
//   recorder [--port N] [--address A] [--dump PREFIX] [--rcvbuf BYTES]
//
// JSON lines on standard output; times are CLOCK_MONOTONIC nanoseconds:
//   {"e":"listening","port":N}
//   {"e":"connect"|"request"|"close", "c":connection, "at":…, …}
//   {"e":"unit","c":…,"t":track,"at":…,"k":1 = kernel
//   stamp,"rtp":…,"seq":first,"packets":…,"bytes":…,"gap":lost,"nals":[…]}
//   {"e":"sr","c":…,"t":…,"at":…,"ntp":seconds since 1970,"rtp":…,"packets":…}
// --dump writes the first video track of connection N as PREFIX.N.h264. Ends on SIGTERM.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "rtp.h"
#include "wire.h"

namespace recorder {
namespace {

struct Options {
  std::string address = "127.0.0.1";
  int port = 0;
  std::string dump;
  int receive_buffer = 0;
};

void print(const std::string& line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c == '\r') continue;
    if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out.push_back(c);
  }
  return out + '"';
}

struct Track {
  int index = 0;
  AccessUnit unit;
  bool started = false;
  std::uint16_t first = 0, next = 0;
  std::uint32_t timestamp = 0;
  unsigned lost = 0;
};

class Connection {
 public:
  Connection(int fd, int number, const Options& options)
      : wire_(fd), number_(number), options_(options) {}

  void run() {
    say("connect", "");
    while (step()) {
    }
    say("close", ",\"errno\":" + std::to_string(wire_.error()));
  }

 private:
  bool step() {
    char first;
    if (!wire_.read(&first, 1)) return false;
    return first == '$' ? interleaved() : request(first);
  }

  bool interleaved() {
    std::uint8_t head[3];
    if (!wire_.read(head, sizeof head)) return false;
    buffer_.resize(be16(head + 1));
    if (!wire_.read(buffer_.data(), buffer_.size())) return false;
    const auto track = tracks_.find(head[0] & ~1);
    if (track == tracks_.end()) return true;
    if ((head[0] & 1) != 0)
      control(track->second);
    else
      media(track->second);
    return true;
  }

  void media(Track& track) {
    const auto packet = parse_rtp(buffer_.data(), buffer_.size());
    if (!packet) return;
    if (track.started && packet->sequence != track.next) {
      track.lost += static_cast<std::uint16_t>(packet->sequence - track.next);
    }
    if (track.unit.packets == 0) {
      track.first = packet->sequence;
      track.timestamp = packet->timestamp;
    }
    track.started = true;
    track.next = static_cast<std::uint16_t>(packet->sequence + 1);
    track.unit.add(*packet);
    if (packet->marker) finish(track);
  }

  void finish(Track& track) {
    const Arrival arrival = wire_.arrival();
    std::string types;
    for (const int type : track.unit.types)
      types += (types.empty() ? "" : ",") + std::to_string(type);
    print("{\"e\":\"unit\",\"c\":" + std::to_string(number_) +
          ",\"t\":" + std::to_string(track.index) + ",\"at\":" + std::to_string(arrival.at) +
          ",\"k\":" + (arrival.kernel ? "1" : "0") + ",\"rtp\":" + std::to_string(track.timestamp) +
          ",\"seq\":" + std::to_string(track.first) + ",\"packets\":" +
          std::to_string(track.unit.packets) + ",\"bytes\":" + std::to_string(track.unit.bytes) +
          ",\"gap\":" + std::to_string(track.lost) + ",\"nals\":[" + types + "]}");
    if (track.index == 0 && dump_.is_open()) {
      dump_ << track.unit.annex_b;
      dump_.flush();
    }
    track.unit = {};
    track.lost = 0;
  }

  void control(const Track& track) {
    const auto report = parse_sender_report(buffer_.data(), buffer_.size());
    if (!report) return;
    constexpr double kNtpToUnix = 2'208'988'800.0;
    char ntp[32];
    std::snprintf(ntp, sizeof ntp, "%.6f",
                  static_cast<double>(report->ntp) / 4294967296.0 - kNtpToUnix);
    say("sr", ",\"t\":" + std::to_string(track.index) + ",\"ntp\":" + ntp + ",\"rtp\":" +
                  std::to_string(report->rtp) + ",\"packets\":" + std::to_string(report->packets));
  }

  bool request(char first) {
    std::string head(1, first);
    while (!head.ends_with("\r\n\r\n")) {
      char next;
      if (head.size() > 65'536 || !wire_.read(&next, 1)) return false;
      head.push_back(next);
    }
    const std::string length = header(head, "content-length");
    std::string body(length.empty() ? 0 : std::min(std::stoul(length), 1'000'000UL), '\0');
    if (!wire_.read(body.data(), body.size())) return false;
    const std::string method = head.substr(0, head.find(' '));
    say("request",
        ",\"method\":" + quote(method) + (body.empty() ? "" : ",\"body\":" + quote(body)));
    return answer(method, head, body);
  }

  bool answer(const std::string& method, const std::string& head, const std::string& body) {
    std::string extra = "Session: 1\r\n";
    if (method == "OPTIONS") {
      extra += "Public: OPTIONS, ANNOUNCE, SETUP, RECORD, GET_PARAMETER, TEARDOWN\r\n";
    } else if (method == "ANNOUNCE" && !options_.dump.empty()) {
      dump_.open(options_.dump + "." + std::to_string(number_) + ".h264", std::ios::binary);
      dump_ << parameter_sets(body);
    } else if (method == "SETUP") {
      const std::string transport = header(head, "transport");
      const std::size_t at = transport.find("interleaved=");
      if (at == std::string::npos) {
        return wire_.write("RTSP/1.0 461 Unsupported Transport\r\nCSeq: " + header(head, "cseq") +
                           "\r\n\r\n");
      }
      Track track;
      track.index = static_cast<int>(tracks_.size());
      tracks_.emplace(std::stoi(transport.substr(at + 12)), std::move(track));
      extra += "Transport: " + transport + "\r\n";
    }
    const bool sent =
        wire_.write("RTSP/1.0 200 OK\r\nCSeq: " + header(head, "cseq") + "\r\n" + extra + "\r\n");
    return sent && method != "TEARDOWN";
  }

  /// The value of a header field, without surrounding blanks; names compare without case.
  static std::string header(const std::string& head, std::string_view name) {
    std::string lower = head;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    const std::size_t at = lower.find("\r\n" + std::string(name) + ":");
    if (at == std::string::npos) return {};
    const std::size_t start = head.find_first_not_of(' ', at + name.size() + 3);
    return head.substr(start, head.find("\r\n", start) - start);
  }

  void say(const std::string& event, const std::string& rest) {
    print("{\"e\":\"" + event + "\",\"c\":" + std::to_string(number_) +
          ",\"at\":" + std::to_string(now_ns(CLOCK_MONOTONIC)) + rest + "}");
  }

  Wire wire_;
  const int number_;
  const Options& options_;
  std::map<int, Track> tracks_;  // by the even (RTP) channel
  std::vector<std::uint8_t> buffer_;
  std::ofstream dump_;
};

int listen_on(const Options& options) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (options.receive_buffer > 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof options.receive_buffer);
  }
  Wire::enable_stamps(fd);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(options.port));
  ::inet_pton(AF_INET, options.address.c_str(), &address.sin_addr);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, 16) != 0) {
    std::perror("recorder: cannot listen");
    std::exit(1);
  }
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  print("{\"e\":\"listening\",\"port\":" + std::to_string(ntohs(address.sin_port)) + "}");
  return fd;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--port")
      options.port = std::atoi(argv[i + 1]);
    else if (name == "--address")
      options.address = argv[i + 1];
    else if (name == "--dump")
      options.dump = argv[i + 1];
    else if (name == "--rcvbuf")
      options.receive_buffer = std::atoi(argv[i + 1]);
  }
  return options;
}

}  // namespace
}  // namespace recorder

int main(int argc, char** argv) {
  const recorder::Options options = recorder::parse(argc, argv);
  const int listener = recorder::listen_on(options);
  for (int number = 1;; ++number) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread([fd, number, &options] {
      recorder::Connection(fd, number, options).run();
    }).detach();
  }
}
