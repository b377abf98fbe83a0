// Everything that libavformat can publish to by itself: RTMP(S) and files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/abort.h"
#include "core/av.h"
#include "sinks/muxer.h"
#include "sinks/sink.h"
#include "sinks/tcp_socket.h"

namespace videopush::sinks {

class MuxedSink final : public Sink {
 public:
  MuxedSink(const SinkOptions& options, Protocol protocol, Clock& clock);
  ~MuxedSink() override;

  /// An existing file is overwritten by the first connection of a push; what a later one sends goes
  /// to a file beside it (SinkOptions::continues), so that nothing already sent is lost.
  /// FileNotWritable.
  void connect(const TrackInfo& track, const AbortSignal& abort) override;
  SendResult send(const Unit& unit, const AbortSignal& abort) override;
  void on_readable() override;
  std::size_t backlog_bytes() const override { return socket_.open() ? socket_.backlog() : 0; }
  /// RTMP: nothing during the trial. Where the socket can't be watched (marked_socket.h), all that
  /// was written behind it.
  std::uint64_t acknowledged() const override;
  std::optional<Error> close(Nanoseconds limit, const AbortSignal& abort) override;
  bool wants_global_header() const override;
  bool timestamps_from_zero() const override { return true; }
  Nanoseconds capacity() const override { return capacity_; }
  int file_part() const override { return part_; }

 private:
  void open_target(const AbortSignal& abort);
  std::string network_target(AVDictionary** options, const AbortSignal& abort);
  std::optional<Error> await_end(TcpSocket& socket, Nanoseconds until, const AbortSignal& abort);
  std::string file_path();
  void note_media(const Unit& unit);
  void warn_if_short() const;
  [[noreturn]] void fail(int averror, bool writing, const AbortSignal& abort);

  SinkOptions options_;
  Protocol protocol_;
  Clock& clock_;
  std::optional<IoLimit> limit_;  // outlives the context, which polls it
  std::optional<Muxer> muxer_;
  TcpSocket socket_;  // RTMP: libavformat's, by a descriptor of our own, if it can be watched
  Trial trial_;       // of RTMP
  AVRational time_base_{0, 1};
  Nanoseconds capacity_ = kForever;
  std::optional<std::int64_t> first_dts_;  // of the connection
  std::int64_t media_end_ = 0;             // of its last unit, as far as units say
  std::int64_t bit_rate_ = 0;
  bool with_credentials_ = false;
  bool open_ = false;  // header written, no failure since
  bool continues_;
  int part_ = 0;
};

}  // namespace videopush::sinks
