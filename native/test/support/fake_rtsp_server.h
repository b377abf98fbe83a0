// An RTSP server that does what a test asks, faults included. It records what a publisher sends.
// Shares no code with the publisher.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace videopush::test {

struct RtspRequestSeen {
  std::string method, uri, head, body;  // `head`: start line and headers
  /// Value of a header; "" when absent.
  std::string header(const std::string& name) const;
};

struct FrameSeen {
  int channel;
  std::vector<std::uint8_t> data;
};

/// What the server does with a request.
struct Reaction {
  enum class Then { GoOn, Close, Reset, StopReading };
  std::string bytes;  // sent as they are; empty = no answer
  Then then = Then::GoOn;
};

class FakeRtspServer {
 public:
  using Handler = std::function<Reaction(const RtspRequestSeen&)>;

  /// `receive_buffer` > 0 sets SO_RCVBUF. Listens on a free port of 127.0.0.1 at once.
  explicit FakeRtspServer(int receive_buffer = 0);
  ~FakeRtspServer();
  FakeRtspServer(const FakeRtspServer&) = delete;
  FakeRtspServer& operator=(const FakeRtspServer&) = delete;

  int port() const { return port_; }
  std::string url() const { return "rtsp://127.0.0.1:" + std::to_string(port_) + "/live/test"; }

  /// Replaces the answer to a method ("*" = all without their own). Before a client connects.
  void on(const std::string& method, Handler handler);
  /// Sent as soon as a connection is accepted.
  void greet(std::string bytes) { greeting_ = std::move(bytes); }
  /// Connections are closed as soon as the client has said something.
  void close_at_once() { close_at_once_ = true; }
  /// The polite answer to a request, with more header lines.
  static std::string ok(const RtspRequestSeen& request, const std::string& more = "");
  static std::string answer(const RtspRequestSeen& request, const std::string& status,
                            const std::string& more = "");

  /// From the test's thread, on the connection of the moment.
  void say(const std::string& bytes);
  void close_connection();
  void reset_connection();
  void pause_reading(bool paused);
  /// Reads `bytes` at a time and waits a moment in between: the client's sends come through in
  /// pieces.
  void read_slowly(std::size_t bytes) { read_bytes_ = bytes; }

  std::vector<RtspRequestSeen> requests() const;
  std::vector<FrameSeen> frames() const;
  /// What arrived after the last whole request or frame: must be empty at an orderly end.
  std::string rest() const;
  int connections() const;

  // All wait at most 10 s and return whether it happened.
  bool wait_for_frames(std::size_t count, int channel = -1);
  bool wait_for_request(const std::string& method, std::size_t count = 1);
  bool wait_for_end();  // the client closed, or the server did

 private:
  void run();
  void serve(int fd);
  void reset(int fd);
  bool consume(int fd);
  bool react(int fd, const RtspRequestSeen& request);
  Reaction reaction_to(const RtspRequestSeen& request);
  template <typename Predicate>
  bool wait(Predicate predicate);

  int port_ = 0;  // before the listener, which sets it
  int listener_ = -1, stop_fd_ = -1, reset_fd_ = -1;
  std::map<std::string, Handler> handlers_;
  std::string greeting_;
  std::atomic<std::size_t> read_bytes_{0};
  std::atomic<bool> paused_{false}, close_at_once_{false};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int connection_ = -1, connections_ = 0, ended_ = 0;
  std::string buffer_;
  std::vector<RtspRequestSeen> requests_;
  std::vector<FrameSeen> frames_;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace videopush::test
