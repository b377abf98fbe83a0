#include "support/tls_server.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace videopush::test {
namespace {

constexpr std::string_view kListening = "ACCEPT 127.0.0.1:";

void make_certificate(const std::string& folder, const std::string& name) {
  const bool address = name.find_first_not_of("0123456789.") == std::string::npos;
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
      "/CN=" +
      name + " -addext subjectAltName=" + (address ? "IP:" : "DNS:") + name + " -keyout " + folder +
      "/key.pem -out " + folder + "/certificate.pem 2>/dev/null";
  REQUIRE(system(command.c_str()) == 0);
}

}  // namespace

TlsServer::TlsServer(const std::string& name, const std::string& answers) {
  folder_ = (std::filesystem::temp_directory_path() / "videopush-tls-XXXXXX").string();
  REQUIRE(mkdtemp(folder_.data()) != nullptr);
  make_certificate(folder_, name);
  certificate_ = folder_ + "/certificate.pem";
  const std::string key = folder_ + "/key.pem";
  int ends[2], input[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(pipe2(input, O_CLOEXEC) == 0);
  process_ = fork();
  REQUIRE(process_ >= 0);
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(input[0], STDIN_FILENO);  // never written to: s_server ends with its input
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    if (chdir(folder_.c_str()) != 0) _exit(127);
    execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
           certificate_.c_str(), "-key", key.c_str(), answers.empty() ? nullptr : answers.c_str(),
           nullptr);
    _exit(127);
  }
  close(ends[1]);
  close(input[0]);
  output_ = ends[0];
  input_ = input[1];
  reader_ = std::thread([this] { read_output(); });
  REQUIRE(wait_for(std::string(kListening)));
  const std::string text = received();
  port_ = std::stoi(text.substr(text.find(kListening) + kListening.size()));
}

TlsServer::~TlsServer() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  reader_.join();
  close(output_);
  close(input_);
  std::filesystem::remove_all(folder_);
}

void TlsServer::read_output() {
  char bytes[4096];
  for (ssize_t count; (count = read(output_, bytes, sizeof bytes)) > 0;) {
    const std::lock_guard lock(mutex_);
    text_.append(bytes, static_cast<std::size_t>(count));
  }
}

void TlsServer::redirect(const std::string& path, const std::string& location) const {
  const std::filesystem::path file = folder_ + path;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << "HTTP/1.1 302 Found\r\nLocation: " << location
                      << "\r\nContent-Length: 0\r\n\r\n";
}

std::string TlsServer::received() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

bool TlsServer::wait_for(const std::string& bytes) const {
  for (int i = 0; i < 1'000; ++i) {
    if (received().find(bytes) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace videopush::test
