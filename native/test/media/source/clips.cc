#include "media/source/clips.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace clips {
namespace {

constexpr int kBlock = 16, kBits = 16, kColumns = kWidth / kBlock;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "videopush-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

const std::string& folder() {
  static const Folder folder;
  return folder.path();
}

/// One raw yuv420p frame: 16 blocks, dark for 0 and bright for 1, on grey.
void write_frame(std::ofstream& out, int index) {
  std::string picture(kWidth * kHeight * 3 / 2, '\x80');
  for (int bit = 0; bit < kBits; ++bit) {
    const int left = bit % kColumns * kBlock, top = bit / kColumns * kBlock;
    const char level = index >> bit & 1 ? '\xd8' : '\x28';
    for (int y = top; y < top + kBlock; ++y) {
      for (int x = left; x < left + kBlock; ++x) picture[y * kWidth + x] = level;
    }
  }
  out.write(picture.data(), static_cast<std::streamsize>(picture.size()));
}

std::string raw_frames(int frames) {
  const std::string path = temporary("raw" + std::to_string(frames) + ".yuv");
  if (!std::filesystem::exists(path)) {
    std::ofstream out(path, std::ios::binary);
    for (int index = 0; index < frames; ++index) write_frame(out, index);
  }
  return path;
}

}  // namespace

std::string temporary(const std::string& name) { return folder() + "/" + name; }

std::string write_file(const std::string& name, const std::string& content) {
  const std::string path = temporary(name);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string read_file(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

std::string x264(int b_frames, int gop) {
  return "-map 0:v -c:v libx264 -preset veryfast -crf 12 -bf " + std::to_string(b_frames) + " -g " +
         std::to_string(gop) + " -keyint_min " + std::to_string(gop) +
         " -sc_threshold 0 -x264-params b-adapt=0";
}

std::string make(int frames, const std::string& rate, const std::string& encode,
                 const std::string& extension) {
  static std::map<std::string, std::string> made;
  const std::string key = std::to_string(frames) + "|" + rate + "|" + encode + "|" + extension;
  const auto found = made.find(key);
  if (found != made.end()) return found->second;
  const std::string path = temporary("clip" + std::to_string(made.size()) + "." + extension);
  std::ostringstream command;
  command << "ffmpeg -nostdin -y -loglevel error -f rawvideo -pix_fmt yuv420p -s " << kWidth << "x"
          << kHeight << " -r " << rate << " -i " << raw_frames(frames)
          << " -f lavfi -i sine=frequency=440:sample_rate=48000 -shortest " << encode << " "
          << path;
  if (std::system(command.str().c_str()) != 0) throw std::runtime_error(command.str());
  return made[key] = path;
}

std::string joined_stream(const std::string& encode, double first, double second,
                          const std::string& other) {
  return joined_file(encode, first, second, "ts", other);
}

std::string joined_file(const std::string& encode, double first, double second,
                        const std::string& extension, const std::string& other) {
  static int count = 0;
  const auto part = [&](double start, const std::string& more) {
    const std::string offset = " -output_ts_offset " + std::to_string(start) + " ";
    return read_file(make(40, "25", encode + offset + more, extension));
  };
  return write_file("joined" + std::to_string(count++) + "." + extension,
                    part(first, "") + part(second, other));
}

/// The first four numbers of the track header's matrix, 16.16 fixed point
/// (ISO/IEC 14496-12 section 8.3.2: 40 bytes after the box's type in version 0).
std::string displayed(const std::string& mp4, const Matrix& matrix) {
  std::string bytes = read_file(mp4);
  const std::size_t place = bytes.find("tkhd") + 4 + 40;
  const int values[] = {matrix.a, matrix.b, 0, matrix.c, matrix.d};
  for (int i = 0; i < 5; ++i) {
    const auto fixed = static_cast<std::uint32_t>(values[i] * 65536);
    for (int byte = 0; byte < 4; ++byte) {
      bytes[place + static_cast<std::size_t>(i * 4 + byte)] =
          static_cast<char>(fixed >> (24 - 8 * byte) & 0xff);
    }
  }
  std::string name = "displayed";
  for (const int value : values) name += std::to_string(value + 1);
  return write_file(name + ".mp4", bytes);
}

int index_of(const AVFrame& frame) {
  int index = 0;
  for (int bit = 0; bit < kBits; ++bit) {
    const int x = bit % kColumns * kBlock + kBlock / 2, y = bit / kColumns * kBlock + kBlock / 2;
    if (frame.data[0][y * frame.linesize[0] + x] >= 0x80) index |= 1 << bit;
  }
  return index;
}

std::vector<Seen> read_all(videopush::media::FrameSource& source) {
  std::vector<Seen> out;
  const videopush::FramePtr frame = videopush::make_frame();
  while (source.next(*frame)) out.push_back({index_of(*frame), frame->pts});
  return out;
}

std::vector<int> indices(const std::vector<Seen>& seen) {
  std::vector<int> out;
  for (const Seen& entry : seen) out.push_back(entry.index);
  return out;
}

std::vector<int> count_from(int first, int count) {
  std::vector<int> out;
  for (int i = 0; i < count; ++i) out.push_back(first + i);
  return out;
}

}  // namespace clips
