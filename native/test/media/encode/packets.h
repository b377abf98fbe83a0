// What an encoder made of pictures, for comparison.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "media/encode/encoder.h"
#include "media/encode/pictures.h"

namespace videopush::test {

/// `count` numbered pictures through the encoder to its end; key frames forced at `forced`.
inline std::vector<media::EncodedPacket> encode_all(media::Encoder& encoder,
                                                    const VideoFormat& format, int count,
                                                    const std::set<int>& forced = {}) {
  std::vector<media::EncodedPacket> packets;
  for (int i = 0; i < count; ++i)
    encoder.encode(*picture(format, i), static_cast<std::uint64_t>(i), forced.contains(i), packets);
  encoder.flush(packets);
  return packets;
}

/// The packets' payload, one behind the other.
inline std::string bytes(const std::vector<media::EncodedPacket>& packets) {
  std::string all;
  for (const media::EncodedPacket& p : packets)
    all.append(reinterpret_cast<const char*>(p.packet->data),
               static_cast<std::size_t>(p.packet->size));
  return all;
}

}  // namespace videopush::test
