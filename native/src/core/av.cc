#include "core/av.h"

#include <algorithm>
#include <cstdarg>
#include <mutex>
#include <new>
#include <string>
#include <utility>

#include "core/log.h"
#include "core/redact.h"

namespace videopush {
namespace {

struct LogSink {
  std::mutex mutex;
  void (*function)(int, const char*, void*) = nullptr;
  void* user = nullptr;
};

LogSink& log_sink() {
  // Never destroyed: libav threads may log while static objects go.
  static LogSink* sink = new LogSink;
  return *sink;
}

/// What this thread's calls have reported since the last take_av_error(). All of it is kept, since
/// an outer protocol says less than the inner one that failed before it.
thread_local std::string errors;
constexpr std::size_t kMaxErrors = 1024;  // bytes

/// libav*'s lines begin with "[rtmp @ 0x...] ".
std::string_view without_prefix(std::string_view line) {
  const std::size_t end = line.starts_with('[') ? line.find("] ") : std::string_view::npos;
  return end == std::string_view::npos ? line : line.substr(end + 2);
}

void keep_error(std::string_view line) {
  if (errors.size() > kMaxErrors) return;
  if (!errors.empty()) errors += "; ";
  errors += without_prefix(line);
}

/// Whole, however long: what is left of a secret that was cut could not be recognised.
std::string formatted(void* object, int level, const char* format, va_list arguments,
                      int& print_prefix) {
  std::string piece(1024, '\0');
  const int prefix_before = print_prefix;
  va_list again;
  va_copy(again, arguments);
  int size = av_log_format_line2(object, level, format, arguments, piece.data(),
                                 static_cast<int>(piece.size()), &print_prefix);
  if (size >= static_cast<int>(piece.size())) {
    piece.resize(static_cast<std::size_t>(size) + 1);
    print_prefix = prefix_before;
    size = av_log_format_line2(object, level, format, again, piece.data(),
                               static_cast<int>(piece.size()), &print_prefix);
  }
  va_end(again);
  piece.resize(static_cast<std::size_t>(std::max(size, 0)));
  return piece;
}

void write_line(int level, const std::string& line) {
  LogSink& sink = log_sink();
  std::lock_guard lock(sink.mutex);
  if (sink.function) sink.function(level, line.c_str(), sink.user);
}

/// libav* hands over pieces of lines; each thread gathers its own until the newline.
void log_callback(void* object, int level, const char* format, va_list arguments) {
  if (level > av_log_get_level()) return;
  thread_local std::string pending;
  thread_local int print_prefix = 1;
  pending += formatted(object, level, format, arguments, print_prefix);
  constexpr std::size_t kLongestLine = 8192;
  for (std::size_t end; (end = pending.find_first_of("\n\r")) != std::string::npos ||
                        pending.size() > kLongestLine;) {
    const std::string line = redact(std::string_view(pending).substr(0, end));
    pending.erase(0, end == std::string::npos ? end : end + 1);
    if (line.empty()) continue;
    if (level <= AV_LOG_ERROR) keep_error(line);
    write_line(level, line);
  }
}

// Without this libav* would write to stderr, with passwords in its URLs, until a sink is set.
[[maybe_unused]] const bool log_installed = [] {
  av_log_set_level(AV_LOG_ERROR);
  av_log_set_callback(log_callback);
  return true;
}();

}  // namespace

FramePtr make_frame() {
  FramePtr frame(av_frame_alloc());
  if (!frame) throw std::bad_alloc();
  return frame;
}

PacketPtr make_packet() {
  PacketPtr packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  return packet;
}

std::int64_t frame_duration(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  return frame.duration;
#else
  return frame.pkt_duration;
#endif
}

void set_frame_duration(AVFrame& frame, std::int64_t duration) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  frame.duration = duration;
#else
  frame.pkt_duration = duration;
#endif
}

bool is_key_frame(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame.flags & AV_FRAME_FLAG_KEY) != 0;
#else
  return frame.key_frame != 0;
#endif
}

void set_log_level(int level) {
  av_log_set_level(level <= 0 ? AV_LOG_ERROR : level == 1 ? AV_LOG_INFO : AV_LOG_DEBUG);
}

std::string take_av_error() { return std::exchange(errors, {}); }

void log_warning(const std::string& line) { write_line(kOwnWarning, redact(line)); }

void set_log_sink(void (*sink)(int av_level, const char* line, void* user), void* user) {
  LogSink& current = log_sink();
  std::lock_guard lock(current.mutex);
  current.function = sink;
  current.user = user;
}

}  // namespace videopush
