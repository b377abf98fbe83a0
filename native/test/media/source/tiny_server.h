// A server on a free loopback port whose answers a test writes itself.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tiny {

struct Request {
  std::string line;  // "GET /a HTTP/1.1"
  std::string path;
  std::map<std::string, std::string> headers;  // lower-case names
};

/// Sends all of it; false when the peer is gone.
bool send_all(int fd, const std::string& text);
/// Returns once the peer has closed or the server stops.
void wait_for_close(int fd);

class Server {
 public:
  /// Called in a thread per connection, once for each request on it; false = close the connection.
  using Handler = std::function<bool(int fd, const Request& request)>;
  explicit Server(Handler handler);
  ~Server();
  int port() const { return port_; }
  std::string url(const std::string& scheme, const std::string& path) const;
  /// Waits until somebody has connected; false after 10 s.
  bool wait_for_connection();
  int connections() const { return connections_.load(); }
  int requests() const { return requests_.load(); }

 private:
  void accept_all();
  void serve(int fd);

  Handler handler_;
  int listener_, port_ = 0;
  std::atomic<int> connections_{0}, requests_{0};
  std::mutex mutex_;
  std::condition_variable connected_;
  std::vector<int> open_;
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

/// Answers GET with `content`, by the Range header where `ranges`.
Server::Handler file_handler(std::string content, bool ranges, std::string etag = "\"one\"");
std::string answer(const std::string& status, const std::string& headers = "",
                   const std::string& body = "");

}  // namespace tiny
