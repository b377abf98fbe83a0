#include "core/abort.h"

#include <doctest/doctest.h>
#include <poll.h>

#include "core/av.h"
#include "core/error.h"

using videopush::AbortSignal;
using videopush::IoLimit;

namespace {

bool readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

bool interrupted(IoLimit& limit) {
  const AVIOInterruptCB callback = limit.callback();
  return callback.callback(callback.opaque) != 0;
}

}  // namespace

TEST_CASE("an abort is seen by flag, by descriptor and by exception, and stays") {
  AbortSignal signal;
  CHECK_FALSE(signal.aborted());
  CHECK_FALSE(readable(signal.fd()));
  CHECK_NOTHROW(signal.throw_if_aborted());
  signal.abort();
  signal.abort();
  CHECK(signal.aborted());
  CHECK(readable(signal.fd()));
  CHECK_THROWS_AS(signal.throw_if_aborted(), videopush::Error);
}

TEST_CASE("a limit interrupts libav once it has passed, and runs again after a restart") {
  AbortSignal signal;
  IoLimit limit(signal, std::chrono::milliseconds(0));
  CHECK(limit.expired());
  CHECK(interrupted(limit));
  limit.restart(std::chrono::hours(1));
  CHECK_FALSE(interrupted(limit));
  signal.abort();
  CHECK(interrupted(limit));
  CHECK_FALSE(limit.expired());
}
