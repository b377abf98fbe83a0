// What the frame queue costs: 1080p yuv420p frames through the ring between two processes, against
// memcpy into 20 rotating buffers in one, alternating.
//
//   queue_bench [pairs = 5] [frames per run = 3000] [seconds paced = 10]
//
// The producer copies each frame in from one picture in its own memory, as memcpy does. The
// consumer reads in place: one load from every cache line of the picture, summed. CPU is user +
// system time from frame 100 on, of producer and consumer together. The hand-off is the time from
// before the slot is reserved until the consumer has the frame, copy included, at 60 frames/s. One
// JSON object a line; `stolen` is the share of a core that the hypervisor took meanwhile, `others`
// what other processes used. The last line is the verdict.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "ring/ring.h"

namespace {

using namespace videopush;
using namespace videopush::ring;

constexpr int kWidth = 1920, kHeight = 1080;
constexpr std::size_t kFrameBytes = std::size_t{kWidth} * kHeight * 3 / 2;
constexpr int kBuffers = 20;
constexpr int kWarmUp = 100;
constexpr Nanoseconds kInterval = kSecond / 60;

Nanoseconds read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * kSecond + t.tv_nsec;
}
Nanoseconds now() { return read_clock(CLOCK_MONOTONIC); }
Nanoseconds cpu() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

/// Both children report here.
struct Shared {
  std::atomic<Nanoseconds> producer_cpu, consumer_cpu, elapsed;
  std::atomic<std::uint64_t> sum;
  Nanoseconds handoff[1 << 20];
};

/// Jiffies of all cores since boot: busy, stolen.
struct MachineLoad {
  double busy = 0, stolen = 0;
  static MachineLoad read() {
    std::ifstream stat("/proc/stat");
    std::string name;
    double user, nice, system, idle, iowait, irq, softirq, steal;
    stat >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
    return {(user + nice + system + irq + softirq) / static_cast<double>(sysconf(_SC_CLK_TCK)),
            steal / static_cast<double>(sysconf(_SC_CLK_TCK))};
  }
};

/// How disturbed a measurement was, in cores.
class Disturbance {
 public:
  Disturbance() : before_(MachineLoad::read()), began_(now()), own_(own()) {}
  std::string json() const {
    const MachineLoad after = MachineLoad::read();
    const double seconds = static_cast<double>(now() - began_) / kSecond;
    char text[80];
    std::snprintf(text, sizeof text, "\"stolen\":%.3f,\"others\":%.3f",
                  (after.stolen - before_.stolen) / seconds,
                  std::max(0.0, after.busy - before_.busy - (own() - own_)) / seconds);
    return text;
  }

 private:
  static double own() {
    rusage self{}, children{};
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    double seconds = 0;
    for (const timeval& t : {self.ru_utime, self.ru_stime, children.ru_utime, children.ru_stime}) {
      seconds += static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    }
    return seconds;
  }
  MachineLoad before_;
  Nanoseconds began_;
  double own_;
};

VideoFormat full_hd() {
  VideoFormat format;
  format.width = kWidth;
  format.height = kHeight;
  format.pixel_format = AV_PIX_FMT_YUV420P;
  format.time_base_num = 1;
  format.time_base_den = 90'000;
  format.frame_rate_num = 60;
  return format;
}

std::vector<std::uint8_t> picture() {
  std::vector<std::uint8_t> bytes(kFrameBytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 >> 4);
  return bytes;
}

/// 1080p rows are a multiple of 64 bytes in all planes, so a slot's planes hold exactly what the
/// picture's do.
void copy_in(const SlotWriter& slot, const std::vector<std::uint8_t>& from) {
  const std::size_t luma = std::size_t{kWidth} * kHeight;
  std::memcpy(slot.data[0], from.data(), luma);
  std::memcpy(slot.data[1], from.data() + luma, luma / 4);
  std::memcpy(slot.data[2], from.data() + luma + luma / 4, luma / 4);
}

std::uint64_t read_in_place(const TakenFrame& frame) {
  std::uint64_t sum = 0;
  for (int plane = 0; plane < 3; ++plane) {
    const std::size_t bytes = std::size_t{kWidth} * kHeight / (plane == 0 ? 1 : 4);
    for (std::size_t i = 0; i < bytes; i += 64) {
      std::uint64_t word;
      std::memcpy(&word, frame.data[plane] + i, sizeof word);
      sum += word;
    }
  }
  return sum;
}

void produce(const std::string& path, int frames, bool paced, Shared& shared) {
  const AbortSignal never;
  RingOptions options;
  options.path = path;
  options.outputs = {"bench"};
  const auto producer = Producer::open(options, full_hd(), never, kSecond);
  const std::vector<std::uint8_t> source = picture();
  Nanoseconds cpu_before = 0, began = 0, due = now() + kSecond / 10;
  for (int i = 0; i < frames; ++i) {
    if (i == kWarmUp) cpu_before = cpu(), began = now();
    if (paced) {
      const timespec at{due / kSecond, due % kSecond};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
      due += kInterval;
    }
    const Nanoseconds produced = now();
    SlotWriter slot;
    if (producer->reserve(slot, never, 60 * kSecond) != Reserve::Slot) std::_Exit(2);
    copy_in(slot, source);
    slot.header->produced_at = produced;
    producer->publish(slot);
  }
  shared.producer_cpu = cpu() - cpu_before;
  shared.elapsed = now() - began;
  producer->end();
}

void consume(const std::string& path, Shared& shared) {
  const AbortSignal never;
  const auto consumer = Consumer::open(path, never, 60 * kSecond);
  TakenFrame frame;
  Nanoseconds cpu_before = 0;
  std::uint64_t sum = 0;
  while (consumer->take(frame, never, 60 * kSecond) == Take::Frame) {
    if (frame.position == kWarmUp) cpu_before = cpu();
    shared.handoff[frame.position] = now() - frame.header->produced_at;
    sum += read_in_place(frame);
    consumer->release(frame.position);
    consumer->ack(frame.position + 1);
  }
  shared.consumer_cpu = cpu() - cpu_before;
  shared.sum = sum;
}

void in_child(const std::function<void()>& body, std::vector<pid_t>& children) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      body();
      std::_Exit(0);
    } catch (const Error& error) {
      std::fprintf(stderr, "queue_bench: %s; %s\n", error.what(), error.action().c_str());
      std::_Exit(1);
    }
  }
  children.push_back(child);
}

void through_ring(int frames, bool paced, Shared& shared) {
  const std::string path = "/dev/shm/videopush-queue-bench-" + std::to_string(getpid());
  std::vector<pid_t> children;
  in_child([&] { produce(path, frames, paced, shared); }, children);
  in_child([&] { consume(path, shared); }, children);
  bool failed = false;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    failed |= status != 0;
  }
  unlink(path.c_str());
  if (failed) std::exit(1);
}

double per_frame(Nanoseconds total, int frames) {
  return static_cast<double>(total) / 1e6 / (frames - kWarmUp);
}

double ring_run(int pair, int frames, Shared& shared) {
  const Disturbance disturbance;
  through_ring(frames, false, shared);
  const double producer = per_frame(shared.producer_cpu, frames),
               consumer = per_frame(shared.consumer_cpu, frames);
  std::printf(
      "{\"kind\":\"ring\",\"pair\":%d,\"cpuMilliseconds\":%.4f,\"producer\":%.4f,\"consumer\":%.4f,"
      "\"framesPerSecond\":%.0f,%s}\n",
      pair, producer + consumer, producer, consumer,
      (frames - kWarmUp) / to_seconds(shared.elapsed), disturbance.json().c_str());
  return producer + consumer;
}

double memcpy_run(int pair, int frames) {
  const Disturbance disturbance;
  const std::vector<std::uint8_t> source = picture();
  std::vector<std::vector<std::uint8_t>> buffers(kBuffers, std::vector<std::uint8_t>(kFrameBytes));
  Nanoseconds cpu_before = 0, began = 0;
  for (int i = 0; i < frames; ++i) {
    if (i == kWarmUp) cpu_before = cpu(), began = now();
    std::uint8_t* to = buffers[static_cast<std::size_t>(i % kBuffers)].data();
    std::memcpy(to, source.data(), kFrameBytes);
    asm volatile("" : : "r"(to) : "memory");  // keeps the copy
  }
  const double cost = per_frame(cpu() - cpu_before, frames);
  std::printf(
      "{\"kind\":\"memcpy\",\"pair\":%d,\"cpuMilliseconds\":%.4f,\"framesPerSecond\":%.0f,%s}\n",
      pair, cost, (frames - kWarmUp) / to_seconds(now() - began), disturbance.json().c_str());
  return cost;
}

struct Handoff {
  double p50, p99, most;  // milliseconds
};

Handoff handoff_run(int seconds, Shared& shared) {
  const int frames = kWarmUp + seconds * 60;
  const Disturbance disturbance;
  through_ring(frames, true, shared);
  std::vector<Nanoseconds> times(shared.handoff + kWarmUp, shared.handoff + frames);
  std::sort(times.begin(), times.end());
  const auto quantile = [&](double q) {
    return static_cast<double>(
               times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))]) /
           1e6;
  };
  const Handoff result{quantile(0.5), quantile(0.99), quantile(1)};
  std::printf(
      "{\"kind\":\"handoff\",\"frames\":%zu,\"p50Milliseconds\":%.3f,\"p99Milliseconds\":%.3f,"
      "\"mostMilliseconds\":%.3f,%s}\n",
      times.size(), result.p50, result.p99, result.most, disturbance.json().c_str());
  return result;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int argument(int argc, char** argv, int index, int otherwise, int least, int most) {
  return argc > index ? std::clamp(std::atoi(argv[index]), least, most) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const int pairs = argument(argc, argv, 1, 5, 1, 100);
  const int frames = argument(argc, argv, 2, 3'000, kWarmUp + 1, 1 << 20);
  const int seconds = argument(argc, argv, 3, 10, 1, 600);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  Shared& shared = *new (memory) Shared;

  std::vector<double> ring, copy, ratio;
  for (int pair = 0; pair < pairs; ++pair) {
    ring.push_back(ring_run(pair, frames, shared));
    copy.push_back(memcpy_run(pair, frames));
    ratio.push_back(ring.back() / copy.back());
  }
  const Handoff handoff = handoff_run(seconds, shared);
  std::printf(
      "{\"kind\":\"summary\",\"pairs\":%d,\"ringCpuMilliseconds\":%.4f,\"memcpyCpuMilliseconds\":%."
      "4f,"
      "\"ratio\":%.3f,\"ratioLeast\":%.3f,\"ratioMost\":%.3f,\"handoffP50Milliseconds\":%.3f,"
      "\"handoffP99Milliseconds\":%.3f,\"reached\":%s}\n",
      pairs, median(ring), median(copy), median(ratio),
      *std::min_element(ratio.begin(), ratio.end()), *std::max_element(ratio.begin(), ratio.end()),
      handoff.p50, handoff.p99, median(ratio) <= 2.5 && handoff.p99 < 1 ? "true" : "false");
  return 0;
}
