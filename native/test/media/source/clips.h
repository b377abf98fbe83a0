// Small clips whose frames carry their index in their luma, made with the ffmpeg command.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/av.h"
#include "media/source/source.h"

namespace clips {

constexpr int kWidth = 128, kHeight = 64;

/// `frames` stamped frames at `rate`, encoded with `encode` (arguments of ffmpeg after the inputs;
/// input 0 is the video, input 1 a tone) into a file with `extension`. Made once per process.
std::string make(int frames, const std::string& rate, const std::string& encode,
                 const std::string& extension);

/// libx264 arguments for a fixed GOP with `b_frames`.
std::string x264(int b_frames, int gop);

/// Two clips of 40 stamped frames each in one transport stream, whose clock begins at `first`
/// seconds and again at `second`. `encode`: as for make(); `other`: more of it for the second one.
std::string joined_stream(const std::string& encode, double first, double second,
                          const std::string& other = "");
/// The same in another container: ts, mkv, flv.
std::string joined_file(const std::string& encode, double first, double second,
                        const std::string& extension, const std::string& other = "");

/// A path in the process's temporary folder, which goes when the process ends.
std::string temporary(const std::string& name);
std::string write_file(const std::string& name, const std::string& content);
std::string read_file(const std::string& path);

/// The part of a display matrix that turns and mirrors: (x, y), y downwards, is shown at
/// (a * x + c * y, b * x + d * y).
struct Matrix {
  int a, b, c, d;
};
/// All that turn by a quarter or mirror.
constexpr Matrix kMatrices[] = {{1, 0, 0, 1},  {0, 1, -1, 0}, {-1, 0, 0, -1}, {0, -1, 1, 0},
                                {-1, 0, 0, 1}, {0, 1, 1, 0},  {1, 0, 0, -1},  {0, -1, -1, 0}};

/// A copy of an mp4 with one track that is to be shown with this display matrix.
std::string displayed(const std::string& mp4, const Matrix& matrix);

/// The index in a frame's luma; 8-bit planar YUV or grey of kWidth x kHeight.
int index_of(const AVFrame& frame);

struct Seen {
  int index;
  std::int64_t pts;
  bool operator==(const Seen&) const = default;
};
/// Reads to the end.
std::vector<Seen> read_all(videopush::media::FrameSource& source);
std::vector<int> indices(const std::vector<Seen>& seen);
std::vector<int> count_from(int first, int count);

}  // namespace clips
