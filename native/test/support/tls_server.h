// A TLS server with a certificate of its own (openssl's s_server). It keeps what clients send once
// they have accepted the certificate, and answers nothing.
#pragma once

#include <stdlib.h>
#include <sys/types.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/av.h"
#include "core/log.h"

namespace videopush::test {

class TlsServer {
 public:
  /// Makes a self-signed certificate for `name` ("localhost" or an IP address) and listens on a
  /// free port of 127.0.0.1. It is its own authority: trusting its file makes it good.
  /// `answers`: openssl's option for answering by HTTP with files that hold their own headers.
  explicit TlsServer(const std::string& name, const std::string& answers = "");
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  int port() const { return port_; }
  const std::string& certificate() const { return certificate_; }  // PEM file
  /// Everything that was received through TLS until now.
  std::string received() const;
  /// A server that answers: this path leads to another address.
  void redirect(const std::string& path, const std::string& location) const;
  /// Waits at most 10 s until `bytes` were received.
  bool wait_for(const std::string& bytes) const;

 private:
  void read_output();

  std::string folder_, certificate_;
  pid_t process_ = -1;
  int input_ = -1, output_ = -1, port_ = 0;
  mutable std::mutex mutex_;
  std::string text_;
  std::thread reader_;
};

/// SSL_CERT_FILE for one test.
struct Trusting {
  explicit Trusting(const std::string& file) { setenv("SSL_CERT_FILE", file.c_str(), 1); }
  ~Trusting() { unsetenv("SSL_CERT_FILE"); }
};

/// The warnings of this program's own in the log, while it lives.
class OwnWarnings {
 public:
  OwnWarnings() {
    set_log_sink(
        [](int level, const char* line, void* self) {
          if (level != kOwnWarning) return;
          auto& warnings = *static_cast<OwnWarnings*>(self);
          const std::lock_guard lock(warnings.mutex_);
          warnings.lines_.emplace_back(line);
        },
        this);
  }
  ~OwnWarnings() { set_log_sink(nullptr, nullptr); }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace videopush::test
