// Sources whose frame rate changes, through an encoder.
#pragma once

#include <vector>

#include "media/encode/encoder.h"
#include "media/encode/pictures.h"

namespace videopush::test {

/// A stretch of a source's time: its length in seconds and the frames in each of them.
struct Stretch {
  double seconds, rate;
};

/// Timestamps of frames in ticks of `time_base`, one stretch behind the other.
inline std::vector<std::int64_t> time_stamps(const std::vector<Stretch>& stretches,
                                             AVRational time_base) {
  std::vector<std::int64_t> stamps;
  double begin = 0;
  for (const Stretch& stretch : stretches) {
    const auto count = static_cast<int>(stretch.seconds * stretch.rate + 0.5);
    for (int i = 0; i < count; ++i)
      stamps.push_back(
          static_cast<std::int64_t>((begin + i / stretch.rate) / av_q2d(time_base) + 0.5));
    begin += stretch.seconds;
  }
  return stamps;
}

/// One packet for each timestamp, in the order of coding.
inline std::vector<media::EncodedPacket> encode_at(media::Encoder& encoder,
                                                   const VideoFormat& format,
                                                   const std::vector<std::int64_t>& stamps) {
  std::vector<media::EncodedPacket> packets;
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    const FramePtr frame = picture(format, static_cast<std::int64_t>(i));
    frame->pts = stamps[i];
    encoder.encode(*frame, i, false, packets);
  }
  encoder.flush(packets);
  return packets;
}

}  // namespace videopush::test
