// A server that does what a script says, and remembers what it was sent and when.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "sessions/encode/options.h"
#include "sinks/sink.h"

namespace videopush::test {

struct Received {
  Nanoseconds at;
  std::int64_t pts, dts;  // ticks
  bool key;
  int connection;  // 1, 2 ...
};

/// One server; its sinks may come and go.
class FakeServer {
 public:
  explicit FakeServer(Clock& clock) : clock_(clock) {}

  // The script. Each may throw what a sink throws, or wait on the clock.
  std::function<void(int attempt, const AbortSignal&)> on_connect = [](int, const AbortSignal&) {};
  std::function<void(int index, const AbortSignal&)> on_send = [](int, const AbortSignal&) {};
  /// How many of the units of a connection it has acknowledged; asked at any time.
  std::function<std::uint64_t(int connection, std::uint64_t offered)> acknowledged =
      [](int, std::uint64_t offered) { return offered; };
  /// What closing a connection that is open comes to.
  std::function<std::optional<Error>(int connection)> on_close = [](int) { return std::nullopt; };
  bool from_zero = false;
  Nanoseconds capacity = kForever;  // media that one connection carries

  std::vector<Received> received() const {
    const std::scoped_lock lock(mutex_);
    return received_;
  }
  int connects() const {
    const std::scoped_lock lock(mutex_);
    return connects_;
  }
  std::vector<Nanoseconds> attempts() const {
    const std::scoped_lock lock(mutex_);
    return attempts_;
  }
  std::vector<Nanoseconds> closes() const {
    const std::scoped_lock lock(mutex_);
    return closes_;
  }
  sinks::SinkOptions options() const {
    const std::scoped_lock lock(mutex_);
    return options_;
  }

  std::unique_ptr<sinks::Sink> make(const sinks::SinkOptions& options) {
    const std::scoped_lock lock(mutex_);
    options_ = options;
    return std::make_unique<FakeSink>(*this);
  }

 private:
  class FakeSink final : public sinks::Sink {
   public:
    explicit FakeSink(FakeServer& server) : server_(server) {}
    void connect(const sinks::TrackInfo&, const AbortSignal& abort) override {
      int attempt;
      {
        const std::scoped_lock lock(server_.mutex_);
        server_.attempts_.push_back(server_.clock_.now());
        attempt = static_cast<int>(server_.attempts_.size());
        if (server_.options_.credentials) server_.options_.credentials();
      }
      server_.on_connect(attempt, abort);
      const std::scoped_lock lock(server_.mutex_);
      ++server_.connects_;
      offered_ = 0;
      open_ = true;
    }
    sinks::SendResult send(const sinks::Unit& unit, const AbortSignal& abort) override {
      const Nanoseconds offered = server_.clock_.now();
      server_.on_send(static_cast<int>(server_.received().size()), abort);
      const std::scoped_lock lock(server_.mutex_);
      server_.received_.push_back(
          {offered, unit.packet->pts, unit.packet->dts, unit.key, server_.connects_});
      const auto bytes = static_cast<std::size_t>(unit.packet->size);
      return {offered, server_.clock_.now(), bytes, ++offered_};
    }
    std::uint64_t acknowledged() const override {
      return server_.acknowledged(server_.connects(), offered_);
    }
    std::size_t backlog_bytes() const override { return offered_ - acknowledged(); }
    std::optional<Error> close(Nanoseconds, const AbortSignal&) override {
      const std::scoped_lock lock(server_.mutex_);
      if (!std::exchange(open_, false)) return std::nullopt;
      server_.closes_.push_back(server_.clock_.now());
      return server_.on_close(server_.connects_);
    }
    bool wants_global_header() const override { return true; }
    Nanoseconds capacity() const override { return server_.capacity; }
    bool timestamps_from_zero() const override { return server_.from_zero; }

   private:
    FakeServer& server_;
    bool open_ = false;
    std::uint64_t offered_ = 0;
  };

  Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Received> received_;
  std::vector<Nanoseconds> attempts_, closes_;
  int connects_ = 0;
  sinks::SinkOptions options_;
};

/// Sinks of the servers, by the last character of the URL: rtsp://server/0 is servers[0].
inline sessions::EncodeHooks hooks_to(std::vector<FakeServer*> servers, std::uint64_t seed = 1) {
  return {
      .make_sink =
          [servers](const sinks::SinkOptions& options, Clock&) {
            return servers.at(static_cast<std::size_t>(options.url.back() - '0'))->make(options);
          },
      .seed = seed};
}

}  // namespace videopush::test
