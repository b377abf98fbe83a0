// Everything that libavformat can publish to by itself: RTMP(S), SRT, and files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/abort.h"
#include "core/av.h"
#include "sinks/sink.h"

namespace videopush::sinks {

/// True for "file:..." and for a name without a scheme.
bool is_file_url(std::string_view url);

/// The muxer for a target; a file's is known by its ending (.mkv, .mp4, .ts, .flv), else
/// SchemeUnsupported.
const AVOutputFormat* muxer_of(Protocol protocol, std::string_view url);

/// Where the connection is opened: credentials as MediaMTX takes them (RTMP "?user=&pass=", SRT
/// "streamid=publish:path:user:pass"). Pure.
std::string address_with_credentials(Protocol protocol, const std::string& url,
                                     const Credentials& credentials);

/// The first of "a.mkv", "a-2.mkv", "a-3.mkv" ... that does not exist.
std::string unused_name(const std::string& path);

class MuxedSink final : public Sink {
 public:
  MuxedSink(const SinkOptions& options, Protocol protocol, Clock& clock);
  ~MuxedSink() override;

  /// An existing file is overwritten by the first connection of a push; what a later one sends goes
  /// to a file beside it (SinkOptions::continues), so that nothing already sent is lost.
  /// FileNotWritable.
  void connect(const TrackInfo& track, const AbortSignal& abort) override;
  SendResult send(const Unit& unit, const AbortSignal& abort) override;
  void close(Nanoseconds limit, std::string* error) override;
  bool wants_global_header() const override;
  bool timestamps_from_zero() const override { return protocol_ == Protocol::File; }

 private:
  struct FormatDelete {
    void operator()(AVFormatContext* context) const;
  };

  void open_muxer(const TrackInfo& track);
  void open_target(const AbortSignal& abort);
  std::string file_path();
  /// Turns what a call of libavformat's returned into a typed error; `during` connect or write.
  enum class During { Connect, Write };
  [[noreturn]] void fail(int averror, During during);

  SinkOptions options_;
  Protocol protocol_;
  Clock& clock_;
  std::optional<IoLimit> limit_;  // outlives the context, which polls it
  std::unique_ptr<AVFormatContext, FormatDelete> context_;
  PacketPtr scratch_;
  AVRational time_base_{1, 1};
  std::optional<std::int64_t> origin_;  // dts of the first unit, where timestamps begin at zero
  bool open_ = false;                   // header written, no failure since
  bool continues_;
};

}  // namespace videopush::sinks
