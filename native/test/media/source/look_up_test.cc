// Name servers that never answer.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "media/source/net_address.h"
#include "sinks/resolve.h"
#include "sinks/tcp_socket.h"
#include "support/error_of.h"

using namespace videopush;

namespace {

constexpr std::string_view kSilent = "silent.example";

struct Silence {
  std::mutex mutex;
  std::condition_variable changed;
  bool over = true;
  int waiting = 0;
};
Silence silence;

/// While it lives, nobody answers for kSilent.
struct Silenced {
  Silenced() {
    const std::lock_guard lock(silence.mutex);
    silence.over = false;
  }
  ~Silenced() {
    std::unique_lock lock(silence.mutex);
    silence.over = true;
    silence.changed.notify_all();
    silence.changed.wait(lock, [] { return silence.waiting == 0; });
  }
};

constexpr int kAtOnce = 16;

}  // namespace

// Takes the place of the C library's, for all tests: only one name is special.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** list) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const bool numeric = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
  if (host == nullptr || host != kSilent || numeric) return real(host, service, hints, list);
  std::unique_lock lock(silence.mutex);
  ++silence.waiting;
  silence.changed.wait(lock, [] { return silence.over; });
  --silence.waiting;
  silence.changed.notify_all();
  return EAI_AGAIN;
}

TEST_CASE("look-ups of a source that nobody answers do not pile up without bound") {
  const AbortSignal never;
  const auto look_up = [&] {
    const IoLimit limit(never, std::chrono::milliseconds(1));
    return test::error_of([&] { media::require_resolvable(std::string(kSilent), never, limit); });
  };
  {
    const Silenced silenced;
    for (int i = 0; i < kAtOnce; ++i) {
      CHECK(look_up().message().find("no answer from the name server") != std::string::npos);
    }
    const Error refused = look_up();
    CHECK(refused.code() == ErrorCode::HostUnknown);
    CHECK(refused.message().find("earlier look-ups") != std::string::npos);
    const IoLimit limit(never, std::chrono::seconds(5));
    CHECK(test::error_of([&] { media::require_resolvable("localhost", never, limit); }).code() ==
          ErrorCode::HostUnknown);
  }
  // The threads end a moment after the answer.
  for (int i = 0; i < 500 && look_up().message().find("earlier") != std::string::npos; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(look_up().message().find("earlier") == std::string::npos);
}

TEST_CASE("look-ups of an output that nobody answers do not pile up without bound") {
  const AbortSignal never;
  const auto look_up = [&] {
    return test::error_of(
        [&] { sinks::resolve(std::string(kSilent), 1, sinks::io_deadline(1), never); });
  };
  const Silenced silenced;
  for (int i = 0; i < kAtOnce; ++i) CHECK(look_up().code() == ErrorCode::ConnectTimeout);
  CHECK(look_up().message().find("earlier look-ups") != std::string::npos);
}
