// Publishes MPEG-TS to an SRT server, by libsrt itself: libavformat does not hand on what the
// server has acknowledged, why it rejected a stream, and how long it holds what it got.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sinks/muxer.h"
#include "sinks/sink.h"
#include "sinks/srt_socket.h"

namespace videopush::sinks {

class SrtSink final : public Sink {
 public:
  SrtSink(const SinkOptions& options, Clock& clock);
  ~SrtSink() override;

  void connect(const TrackInfo& track, const AbortSignal& abort) override;
  SendResult send(const Unit& unit, const AbortSignal& abort) override;
  void on_readable() override;
  std::size_t backlog_bytes() const override;
  std::uint64_t acknowledged() const override;
  std::optional<Error> close(Nanoseconds limit, const AbortSignal& abort) override;
  /// The peer gives what it got to its reader only after the negotiated latency, and forgets it
  /// when the connection ends before.
  Nanoseconds closing_time() const override;
  bool wants_global_header() const override { return false; }  // parameter sets stay in band
  bool timestamps_from_zero() const override { return false; }

 private:
  struct IoDelete {
    void operator()(AVIOContext* io) const;
  };

  void open_muxer(const TrackInfo& track);

  SinkOptions options_;
  Clock& clock_;
  std::vector<std::uint8_t> unit_bytes_;  // what the muxer made of the unit at hand
  std::unique_ptr<AVIOContext, IoDelete> io_;
  std::optional<Muxer> muxer_;
  SrtSocket socket_;
  mutable HeldByPeer held_;   // moves on when somebody asks what was acknowledged
  Nanoseconds held_for_ = 0;  // how long the peer holds what it got, at most
  Trial trial_;
  bool open_ = false;  // connected, no failure since
};

}  // namespace videopush::sinks
