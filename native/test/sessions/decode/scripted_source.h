// A source whose frames, ends and errors a test writes down beforehand. Each picture carries its
// number in every pixel.
#pragma once

#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "media/source/source.h"

namespace videopush::test {

struct Script {
  std::vector<std::int64_t> pts;             // of a pass, strictly increasing
  std::vector<std::int64_t> durations = {};  // "" = the nominal one
  AVRational time_base{1, 1000};
  AVRational rate{25, 1};
  int width = 64, height = 36;
  bool seekable = true, live = false, finite = true;
  bool web = false;                      // with `live`: it may be a file without length
  std::optional<Error> end = {};         // thrown in place of the end
  std::optional<Error> open_error = {};  // thrown by the opening
  bool seeks_to_end = false;             // its index is wrong
  std::size_t seeks_past = 0;            // frames behind the one that was asked for
  std::function<void()> on_frame = {};   // called with each frame
};

inline Script even_script(int frames, std::int64_t step = 40) {
  Script script;
  for (int i = 0; i < frames; ++i) script.pts.push_back(i * step);
  return script;
}

class ScriptedSource final : public media::FrameSource {
 public:
  explicit ScriptedSource(const Script& script) : script_(script) {
    descriptor_.container = "script";
    descriptor_.codec = "none";
    descriptor_.seekable = script.seekable;
    descriptor_.live = script.live;
    descriptor_.real_time = script.live && !script.web;
    descriptor_.finite = script.finite;
    VideoFormat& format = descriptor_.format;
    format.width = script.width;
    format.height = script.height;
    format.pixel_format = AV_PIX_FMT_GRAY8;
    format.time_base_num = script.time_base.num;
    format.time_base_den = script.time_base.den;
    format.frame_rate_num = script.rate.num;
    format.frame_rate_den = script.rate.den;
  }
  const media::SourceDescriptor& descriptor() const override { return descriptor_; }

  bool next(AVFrame& out) override {
    if (at_ >= script_.pts.size()) {
      if (script_.end) throw *script_.end;
      return false;
    }
    out.width = script_.width;
    out.height = script_.height;
    out.format = AV_PIX_FMT_GRAY8;
    if (av_frame_get_buffer(&out, 0) < 0) throw std::bad_alloc();
    std::memset(out.data[0], static_cast<int>(at_ % 251),
                static_cast<std::size_t>(out.linesize[0]) * script_.height);
    out.pts = script_.pts[at_];
    set_frame_duration(out, at_ < script_.durations.size() ? script_.durations[at_] : 40);
    ++at_;
    if (script_.on_frame) script_.on_frame();
    return true;
  }
  media::Place place() const override { return {.pts = script_.pts[at_ - 1]}; }
  void seek(const media::Place& place) override {
    if (!script_.seekable) throw Error(ErrorCode::NotSeekable, "scripted");
    for (at_ = 0; at_ < script_.pts.size() && script_.pts[at_] < place.pts;) ++at_;
    at_ = script_.seeks_to_end ? script_.pts.size() : at_ + script_.seeks_past;
  }
  media::Discontinuities discontinuities() const override { return {}; }
  std::uint64_t decode_errors() const override { return 0; }
  std::uint64_t packets_read() const override { return at_; }

 private:
  const Script script_;
  media::SourceDescriptor descriptor_;
  std::size_t at_ = 0;
};

/// Opens one script after another; the last one again and again. Thread-safe.
class Scripts {
 public:
  explicit Scripts(std::vector<Script> scripts) : scripts_(std::move(scripts)) {}
  std::unique_ptr<media::FrameSource> open(const media::SourceOptions& options) {
    const std::lock_guard lock(mutex_);
    const Script script = scripts_[std::min(opened_, scripts_.size() - 1)];
    ++opened_;
    users_.push_back(options.user + ":" + options.password);
    if (script.open_error) throw *script.open_error;
    return std::make_unique<ScriptedSource>(script);
  }
  std::size_t opened() const {
    const std::lock_guard lock(mutex_);
    return opened_;
  }
  std::vector<std::string> users() const {
    const std::lock_guard lock(mutex_);
    return users_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Script> scripts_;
  std::size_t opened_ = 0;
  std::vector<std::string> users_;
};

}  // namespace videopush::test
