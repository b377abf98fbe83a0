// The socket that libavformat opens for RTMP(S), which hands out no descriptor of it: rtmpproto.c
// has no url_get_file_handle, and in RTMPS the socket lies below TLS. But options reach it. What no
// option of a protocol takes goes on to its url_open2 (ffurl_open_whitelist and ffurl_connect,
// avio.c); rtmp_open passes it to tcp or to tls, tls_open to tcp (ff_tls_open_underlying, tls.c),
// and tcp.c sets "send_buffer_size" before it connects (FFmpeg 5.1 and later). So the socket is
// given a mark, a size of its send buffer that no other socket of this process has, and is found by
// that among the process's descriptors.
//
// Two ways around lose the option. An HTTP proxy for RTMPS (http_proxy in the environment) is
// connected to without any (http_proxy_open, http.c), so that its socket bears no mark. And
// rtmp_open's second connection, by which it answers an authmod challenge, comes after the first
// one has taken the option; it would need user-info in the URL, which target_address() never gives.
#pragma once

#include "sinks/tcp_socket.h"

namespace videopush::sinks {

class SocketMark {
 public:
  SocketMark();
  /// For libavformat's option "send_buffer_size", in bytes.
  int send_buffer_bytes() const { return bytes_; }
  /// A descriptor of its own for the marked socket, which stays open until both are closed; not
  /// open when no socket bears the mark.
  TcpSocket find() const;

 private:
  int bytes_;
};

}  // namespace videopush::sinks
