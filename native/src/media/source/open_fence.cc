#include "media/source/open_fence.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace videopush::media {

void OpenFence::enclose(AVFormatContext& context, std::string url) {
  url_ = std::move(url);
  may_open_ = !url_.empty();
  context.opaque = this;
  context.interrupt_callback = {&OpenFence::on_interrupt, this};
  open_default_ = context.io_open;
  context.io_open = &OpenFence::on_open;
  opening_ = &context;
}

int OpenFence::on_interrupt(void* self) {
  const auto& fence = *static_cast<OpenFence*>(self);
  // The first call comes from inside the first connection: no further one is allowed (see
  // allowed_protocols). The option is a string of the context's own, cut in place.
  if (fence.opening_ && fence.location_.scheme == Scheme::Rtsp) {
    char* list = fence.opening_->protocol_whitelist;
    char* tcp = list ? std::strstr(list, "tcp") : nullptr;
    if (tcp) *(tcp == list ? tcp : tcp - 1) = '\0';
  }
  const AVIOInterruptCB limit = fence.limit_.callback();
  return limit.callback(limit.opaque);
}

int OpenFence::on_open(AVFormatContext* context, AVIOContext** io, const char* url, int flags,
                       AVDictionary** settings) {
  auto& fence = *static_cast<OpenFence*>(context->opaque);
  if (fence.may_open_ && fence.url_ == url) {
    fence.may_open_ = false;
    return fence.open_default_(context, io, url, flags, settings);
  }
  fence.broken_ = true;
  return AVERROR(EACCES);
}

}  // namespace videopush::media
