// Opens and reads damaged copies of clips: each must end in frames or in a typed error, in bounded
// time, without opening anything but the named file.
//
//   mutate_sources [COUNT [SEED [CLIP...]]]     500 files from seed 1 of small clips of its own
//
// Prints the seed of every failure; file N of seed S is made again by `mutate_sources 1 S+N`.
// VERBOSE=1 prints every seed before it is used, for a crash.
#include <fcntl.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "media/picture/convert.h"
#include "media/source/clips.h"
#include "media/source/source.h"

namespace {

std::mutex opened_mutex;
std::vector<std::string> opened;  // while `watching`
std::atomic<bool> watching{false};

void record(const std::string& name) {
  if (!watching) return;
  std::lock_guard lock(opened_mutex);
  opened.push_back(name);
}

}  // namespace

// A program's own definitions come before the C library's, for the libraries it uses too.
extern "C" {
int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, int) : 0;
  va_end(arguments);
  record(path);
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int open64(const char* path, int flags, ...) __attribute__((alias("open")));

int connect(int, const sockaddr*, socklen_t) {
  record("(a network connection)");
  errno = EACCES;
  return -1;
}

int getaddrinfo(const char* host, const char*, const addrinfo*, addrinfo**) {
  record(std::string("(a look-up of ") + (host ? host : "") + ")");
  return EAI_FAIL;
}
}

namespace {

using namespace videopush;
using Random = std::mt19937;

constexpr int kMaxFrames = 400;
constexpr double kLongest = 10;  // seconds for one file; a whole one takes some hundredths
int current_seed = 0;

std::size_t below(Random& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

/// Damage is likelier where headers are.
std::size_t place(Random& random, std::size_t size) {
  return below(random, below(random, 2) ? size : std::min<std::size_t>(size, 4096));
}

void mutate_once(Random& random, std::string& bytes, const std::vector<std::string>& corpus) {
  if (bytes.size() < 16) return;
  const std::size_t at = place(random, bytes.size() - 8);
  const std::size_t length = std::min(bytes.size() - at, 1 + below(random, 2000));
  static const std::uint32_t kExtremes[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0};
  switch (below(random, 8)) {
    case 0:
      for (std::size_t n = 1 + below(random, 64); n > 0; --n) {
        bytes[place(random, bytes.size())] = static_cast<char>(random());
      }
      break;
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
      break;
    case 2:
      std::memcpy(&bytes[at], &kExtremes[below(random, 6)], 4);
      break;
    case 3:
      bytes.resize(at + 8);
      break;
    case 4:
      bytes.erase(at, length);
      break;
    case 5:
      bytes.insert(place(random, bytes.size()), bytes.substr(at, length));
      break;
    case 6:
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), length, '\0');
      break;
    default: {
      const std::string& other = corpus[below(random, corpus.size())];
      bytes = bytes.substr(0, at) + other.substr(std::min(at, other.size()));
    }
  }
}

/// How it ended: "frames" or the error's code.
std::string read_all(const std::string& path) {
  const AbortSignal never;
  media::SourceOptions options;
  options.uri = path;
  try {
    const auto source = media::open_source(options, {2}, never);
    media::ConvertOptions conversion;
    conversion.width = conversion.height = 64;
    conversion.orientation = source->descriptor().orientation;
    conversion.pixel_format = AV_PIX_FMT_RGB24;
    media::Converter converter(source->descriptor().format, conversion);
    FramePtr frame = make_frame();
    std::int64_t middle = 0, last = INT64_MIN;
    for (int n = 0; n < kMaxFrames && source->next(*frame); ++n, frame = make_frame()) {
      if (frame->pts <= last) return "timestamps that go back";
      last = frame->pts;
      if (n == 20) middle = last;
      converter.convert(std::move(frame));
    }
    if (source->descriptor().seekable) {
      source->seek({.pts = middle});
      if (source->next(*frame) && frame->pts < middle) return "a seek that lands early";
    }
    return "frames";
  } catch (const Error& error) {
    return std::string(to_string(error.code()));
  } catch (const std::exception& error) {
    return std::string("an untyped error: ") + error.what();
  }
}

/// Names that the process may open by itself, whatever it reads: its own and the system's.
bool is_harmless(const std::string& name, const std::string& named) {
  return name == named || name.rfind("/proc/", 0) == 0 || name.rfind("/sys/", 0) == 0;
}

bool run(const std::string& bytes, std::map<std::string, int>& endings) {
  const std::string path = clips::write_file("mutated", bytes);
  {
    std::lock_guard lock(opened_mutex);
    opened.clear();
  }
  watching = true;
  const auto start = std::chrono::steady_clock::now();
  alarm(static_cast<unsigned>(kLongest * 6));
  const std::string ending = read_all(path);
  alarm(0);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  watching = false;
  ++endings[ending];
  bool good = ending.find(' ') == std::string::npos;
  if (!good) std::fprintf(stderr, "seed %d: %s\n", current_seed, ending.c_str());
  if (seconds > kLongest) {
    std::fprintf(stderr, "seed %d: took %.1f s\n", current_seed, seconds);
    good = false;
  }
  std::lock_guard lock(opened_mutex);
  // Proof that the watch works: the named file at least is always seen.
  if (std::find(opened.begin(), opened.end(), path) == opened.end()) {
    std::fprintf(stderr, "seed %d: the opening of the file itself was not seen\n", current_seed);
    good = false;
  }
  for (const std::string& name : opened) {
    if (is_harmless(name, path)) continue;
    std::fprintf(stderr, "seed %d: opened %s\n", current_seed, name.c_str());
    good = false;
  }
  return good;
}

/// Names other files and hosts in the ways that containers and playlists know.
std::vector<std::string> lures() {
  std::string alias = clips::read_file(clips::make(30, "25", clips::x264(0, 20), "mov"));
  const std::size_t entry = alias.find("url ", alias.find("dref"));
  if (entry != std::string::npos) {
    alias.replace(entry, 4, "alis");
    alias[entry + 7] = '\0';  // flags: the media is elsewhere
  }
  return {alias, "ffconcat version 1.0\nfile /etc/passwd\nfile http://127.0.0.1:9/a.mp4\n",
          "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n/etc/passwd\n"
          "#EXTINF:4,\nhttp://127.0.0.1:9/b.ts\n#EXT-X-ENDLIST\n",
          "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
          "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
          "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period>"
          "<BaseURL>http://127.0.0.1:9/</BaseURL></Period></MPD>"};
}

std::vector<std::string> default_corpus() {
  std::vector<std::string> out = lures();
  for (const std::string extension : {"mp4", "mkv", "ts", "flv"}) {
    out.push_back(clips::read_file(clips::make(60, "25", clips::x264(2, 20), extension)));
    out.push_back(clips::read_file(
        clips::make(60, "25", "-map 1:a -c:a aac " + clips::x264(0, 20), extension)));
  }
  const std::string fragmented = clips::x264(2, 20) + " -movflags frag_keyframe+empty_moov";
  out.push_back(clips::read_file(clips::make(60, "25", fragmented, "mp4")));
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  const int files = count > 1 ? std::atoi(arguments[1]) : 500;
  const int first_seed = count > 2 ? std::atoi(arguments[2]) : 1;
  const bool verbose = std::getenv("VERBOSE") != nullptr;  // names the seed of a crash beforehand
  std::signal(SIGALRM, [](int) {
    static const char text[] = "a file hangs the reader\n";
    [[maybe_unused]] const ssize_t written = write(2, text, sizeof text - 1);
    _exit(3);
  });
  std::vector<std::string> corpus;
  for (int i = 3; i < count; ++i) corpus.push_back(clips::read_file(arguments[i]));
  if (corpus.empty()) corpus = default_corpus();
  std::printf("%d mutated files from seed %d on\n", files, first_seed);
  std::fflush(stdout);

  int failures = 0;
  std::map<std::string, int> endings;
  for (int file = 0; file < files; ++file) {
    current_seed = first_seed + file;
    if (verbose) std::fprintf(stderr, "seed %d\n", current_seed);
    Random random(static_cast<unsigned>(first_seed + file));
    std::string bytes = corpus[below(random, corpus.size())];
    for (std::size_t n = below(random, 5); n > 0; --n) mutate_once(random, bytes, corpus);
    failures += !run(bytes, endings);
  }
  for (const auto& [ending, times] : endings) std::printf("%6d %s\n", times, ending.c_str());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%d failures, peak memory %ld MB\n", failures, usage.ru_maxrss / 1024);
  return failures ? 1 : 0;
}
