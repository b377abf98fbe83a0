#include "support/fake_rtsp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace videopush::test {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr int kLookEveryMs = 2;  // while reading is paused or slow

int listen_on_loopback(int receive_buffer, int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 8) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  port = ntohs(address.sin_port);
  return fd;
}

void close_with_reset(int fd) {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close(fd);
}

void send_all(int fd, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t sent = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent <= 0) return;
    done += static_cast<std::size_t>(sent);
  }
}

}  // namespace

std::string RtspRequestSeen::header(const std::string& name) const {
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

FakeRtspServer::FakeRtspServer(int receive_buffer)
    : listener_(listen_on_loopback(receive_buffer, port_)),
      stop_fd_(eventfd(0, EFD_CLOEXEC)),
      reset_fd_(eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread([this] { run(); });
}

FakeRtspServer::~FakeRtspServer() {
  eventfd_write(stop_fd_, 1);
  thread_.join();
  close(listener_);
  close(stop_fd_);
  close(reset_fd_);
}

void FakeRtspServer::on(const std::string& method, Handler handler) {
  const std::scoped_lock lock(mutex_);
  handlers_[method] = std::move(handler);
}

std::string FakeRtspServer::answer(const RtspRequestSeen& request, const std::string& status,
                                   const std::string& more) {
  return "RTSP/1.0 " + status + "\r\nCSeq: " + request.header("CSeq") + "\r\n" + more + "\r\n";
}

std::string FakeRtspServer::ok(const RtspRequestSeen& request, const std::string& more) {
  std::string headers = more;
  if (request.method == "OPTIONS") headers += "Public: ANNOUNCE, SETUP, RECORD, TEARDOWN\r\n";
  if (request.method == "SETUP") {
    headers += "Session: 4711;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
  }
  return answer(request, "200 OK", headers);
}

void FakeRtspServer::run() {
  for (;;) {
    pollfd fds[] = {{listener_, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    poll(fds, 2, -1);
    if (fds[1].revents != 0) return;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) serve(fd);
  }
}

void FakeRtspServer::serve(int fd) {
  {
    const std::scoped_lock lock(mutex_);
    connection_ = fd;
    connections_ += 1;
    buffer_.clear();
  }
  send_all(fd, greeting_);
  bool open = true;
  while (open) {
    if (read_bytes_ > 0) {
      pollfd stop{stop_fd_, POLLIN, 0};
      if (poll(&stop, 1, kLookEveryMs) > 0) break;
    }
    pollfd fds[] = {{paused_ ? -1 : fd, POLLIN, 0}, {stop_fd_, POLLIN, 0}, {reset_fd_, POLLIN, 0}};
    poll(fds, 3, paused_ ? kLookEveryMs : 100);
    if (fds[1].revents != 0) break;
    if (fds[2].revents != 0) {
      eventfd_t count;
      eventfd_read(reset_fd_, &count);
      reset(fd);
      break;
    }
    if (fds[0].revents != 0 && !paused_) open = consume(fd);
  }
  const std::scoped_lock lock(mutex_);
  if (connection_ == fd) {
    connection_ = -1;
    close(fd);
  }
  ended_ += 1;
  changed_.notify_all();
}

/// Reads once and handles what is whole. False when the connection is over.
bool FakeRtspServer::consume(int fd) {
  std::vector<char> piece(read_bytes_ > 0 ? read_bytes_.load() : 65'536);
  const ssize_t got = recv(fd, piece.data(), piece.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return true;
  if (got <= 0 || close_at_once_) return false;
  std::unique_lock lock(mutex_);
  buffer_.append(piece.data(), static_cast<std::size_t>(got));
  for (;;) {
    if (buffer_.starts_with('$')) {
      if (buffer_.size() < 4) break;
      const auto byte = [&](int i) {
        return static_cast<unsigned char>(buffer_[static_cast<std::size_t>(i)]);
      };
      const std::size_t length = static_cast<std::size_t>(byte(2)) * 256 + byte(3);
      if (buffer_.size() < 4 + length) break;
      frames_.push_back(
          {byte(1), {buffer_.begin() + 4, buffer_.begin() + 4 + static_cast<long>(length)}});
      buffer_.erase(0, 4 + length);
      continue;
    }
    const std::size_t end = buffer_.find("\r\n\r\n");
    if (end == std::string::npos) break;
    RtspRequestSeen request;
    request.head = buffer_.substr(0, end + 2);
    const std::string length = request.header("Content-Length");
    const std::size_t body = length.empty() ? 0 : std::stoul(length);
    if (buffer_.size() < end + 4 + body) break;
    request.method = request.head.substr(0, request.head.find(' '));
    request.uri = request.head.substr(request.method.size() + 1,
                                      request.head.find(" RTSP/1.0") - request.method.size() - 1);
    request.body = buffer_.substr(end + 4, body);
    buffer_.erase(0, end + 4 + body);
    requests_.push_back(request);
    changed_.notify_all();
    lock.unlock();
    if (!react(fd, request)) return false;
    lock.lock();
  }
  changed_.notify_all();
  return true;
}

bool FakeRtspServer::react(int fd, const RtspRequestSeen& request) {
  const Reaction reaction = reaction_to(request);
  send_all(fd, reaction.bytes);
  switch (reaction.then) {
    case Reaction::Then::GoOn:
      return request.method != "TEARDOWN";
    case Reaction::Then::StopReading:
      paused_ = true;
      return true;
    case Reaction::Then::Reset:
      reset(fd);
      return false;
    case Reaction::Then::Close:
      return false;
  }
  return false;
}

Reaction FakeRtspServer::reaction_to(const RtspRequestSeen& request) {
  if (request.method.starts_with("RTSP/")) return {};  // the client's answer to a request of ours
  Handler handler;
  {
    const std::scoped_lock lock(mutex_);
    auto found = handlers_.find(request.method);
    if (found == handlers_.end()) found = handlers_.find("*");
    if (found != handlers_.end()) handler = found->second;
  }
  return handler ? handler(request) : Reaction{.bytes = ok(request)};
}

void FakeRtspServer::say(const std::string& bytes) {
  const std::scoped_lock lock(mutex_);
  if (connection_ >= 0) send_all(connection_, bytes);
}

void FakeRtspServer::close_connection() {
  const std::scoped_lock lock(mutex_);
  if (connection_ >= 0) shutdown(connection_, SHUT_RDWR);
}

void FakeRtspServer::reset_connection() { eventfd_write(reset_fd_, 1); }

void FakeRtspServer::reset(int fd) {
  const std::scoped_lock lock(mutex_);
  connection_ = -1;
  close_with_reset(fd);
}

void FakeRtspServer::pause_reading(bool paused) { paused_ = paused; }

std::vector<RtspRequestSeen> FakeRtspServer::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

std::vector<FrameSeen> FakeRtspServer::frames() const {
  const std::scoped_lock lock(mutex_);
  return frames_;
}

std::string FakeRtspServer::rest() const {
  const std::scoped_lock lock(mutex_);
  return buffer_;
}

int FakeRtspServer::connections() const {
  const std::scoped_lock lock(mutex_);
  return connections_;
}

template <typename Predicate>
bool FakeRtspServer::wait(Predicate predicate) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, predicate);
}

bool FakeRtspServer::wait_for_frames(std::size_t count, int channel) {
  return wait([&] {
    const auto wanted = [&](const FrameSeen& frame) {
      return channel < 0 || frame.channel == channel;
    };
    return static_cast<std::size_t>(std::count_if(frames_.begin(), frames_.end(), wanted)) >= count;
  });
}

bool FakeRtspServer::wait_for_request(const std::string& method, std::size_t count) {
  return wait([&] {
    const auto wanted = [&](const RtspRequestSeen& request) { return request.method == method; };
    return static_cast<std::size_t>(std::count_if(requests_.begin(), requests_.end(), wanted)) >=
           count;
  });
}

bool FakeRtspServer::wait_for_end() {
  return wait([&] { return ended_ > 0 && connection_ < 0; });
}

}  // namespace videopush::test
