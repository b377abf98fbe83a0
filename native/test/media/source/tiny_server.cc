#include "media/source/tiny_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace tiny {
namespace {

std::optional<Request> read_request(int fd) {
  std::string text;
  char byte;
  while (text.find("\r\n\r\n") == std::string::npos) {
    if (text.size() > 1 << 16 || recv(fd, &byte, 1, 0) != 1) return {};
    text += byte;
  }
  Request request;
  std::istringstream lines(text);
  std::getline(lines, request.line);
  const std::size_t begin = request.line.find(' ') + 1;
  request.path = request.line.substr(begin, request.line.find(' ', begin) - begin);
  for (std::string line; std::getline(lines, line) && line.size() > 1;) {
    const std::size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = line.substr(colon + 2, line.size() - colon - 3);
  }
  return request;
}

}  // namespace

bool send_all(int fd, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t count = send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

void wait_for_close(int fd) {
  char bytes[256];
  while (recv(fd, bytes, sizeof bytes, 0) > 0) {
  }
}

Server::Server(Handler handler)
    : handler_(std::move(handler)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("no port for a test server");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Server::~Server() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    std::lock_guard lock(mutex_);
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& worker : workers_) worker.join();
  close(listener_);
}

std::string Server::url(const std::string& scheme, const std::string& path) const {
  return scheme + "://127.0.0.1:" + std::to_string(port_) + path;
}

bool Server::wait_for_connection() {
  std::unique_lock lock(mutex_);
  return connected_.wait_for(lock, std::chrono::seconds(10), [&] { return connections_ > 0; });
}

void Server::accept_all() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    std::lock_guard lock(mutex_);
    ++connections_;
    connected_.notify_all();
    open_.push_back(fd);
    workers_.emplace_back([this, fd] { serve(fd); });
  }
}

void Server::serve(int fd) {
  while (const std::optional<Request> request = read_request(fd)) {
    ++requests_;
    if (!handler_(fd, *request)) break;
  }
  std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), fd));
  close(fd);
}

std::string answer(const std::string& status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

Server::Handler file_handler(std::string content, bool ranges, std::string etag) {
  return [content = std::move(content), ranges, etag = std::move(etag)](int fd,
                                                                        const Request& request) {
    const auto range = request.headers.find("range");
    if (!ranges || range == request.headers.end())
      return send_all(fd, answer("200 OK", "", content));
    const auto begin =
        static_cast<std::size_t>(std::strtoll(range->second.c_str() + 6, nullptr, 10));
    if (begin >= content.size()) {
      return send_all(fd,
                      answer("416 Range Not Satisfiable",
                             "Content-Range: bytes */" + std::to_string(content.size()) + "\r\n"));
    }
    return send_all(
        fd, answer("206 Partial Content",
                   "ETag: " + etag + "\r\nContent-Range: bytes " + std::to_string(begin) + "-" +
                       std::to_string(content.size() - 1) + "/" + std::to_string(content.size()) +
                       "\r\n",
                   content.substr(begin)));
  };
}

}  // namespace tiny
