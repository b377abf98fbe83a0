#include "sinks/marked_socket.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include <libavformat/avio.h>
#include <libavutil/dict.h>
}

#include <string>

using namespace videopush;

namespace {

/// A listener of the loopback that accepts nobody: its kernel completes the connections.
struct Listener {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int port = 0;
  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(fd, 4) == 0);
    REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
  ~Listener() { close(fd); }
};

ino_t inode(int fd) {
  struct stat status{};
  REQUIRE(fstat(fd, &status) == 0);
  return status.st_ino;
}

}  // namespace

TEST_CASE("a socket that libavformat opened with a mark is found by it, and by no other mark") {
  const Listener listener;
  const sinks::SocketMark mark, other;
  AVDictionary* options = nullptr;
  av_dict_set_int(&options, "send_buffer_size", mark.send_buffer_bytes(), 0);
  AVIOContext* io = nullptr;
  const std::string url = "tcp://127.0.0.1:" + std::to_string(listener.port);
  REQUIRE(avio_open2(&io, url.c_str(), AVIO_FLAG_WRITE, nullptr, &options) == 0);
  av_dict_free(&options);

  CHECK_FALSE(other.find().open());
  sinks::TcpSocket found = mark.find();
  REQUIRE(found.open());
  const ino_t socket = inode(found.fd());
  found.bound_send_buffer(1'000'000, 0);
  CHECK_FALSE(mark.find().open());  // its buffer has another size now

  avio_closep(&io);
  CHECK(inode(found.fd()) == socket);  // still open
}
