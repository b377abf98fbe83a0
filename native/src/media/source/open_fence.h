// What libavformat may open by itself: one named URL, once; never anything that the media names.
#pragma once

extern "C" {
#include <libavformat/avformat.h>
}

#include <string>

#include "core/abort.h"
#include "media/source/location.h"

namespace videopush::media {

/// Stands behind the callbacks of one AVFormatContext, which it outlives.
class OpenFence {
 public:
  /// `limit` interrupts what runs too long.
  OpenFence(const Location& location, IoLimit& limit) : location_(location), limit_(limit) {}
  OpenFence(const OpenFence&) = delete;
  OpenFence& operator=(const OpenFence&) = delete;

  /// Takes the callbacks of `context`. `url`: what may be opened; empty: nothing.
  void enclose(AVFormatContext& context, std::string url);
  const std::string& url() const { return url_; }
  /// avformat_open_input has returned: the context may have gone, and no first connection follows.
  void opened() { opening_ = nullptr; }
  bool broken() const { return broken_; }  // the media named something else

 private:
  static int on_interrupt(void* self);
  static int on_open(AVFormatContext* context, AVIOContext** io, const char* url, int flags,
                     AVDictionary** settings);

  const Location& location_;
  IoLimit& limit_;
  AVFormatContext* opening_ = nullptr;  // while avformat_open_input runs
  decltype(AVFormatContext::io_open) open_default_ = nullptr;
  std::string url_;
  bool may_open_ = false, broken_ = false;
};

}  // namespace videopush::media
