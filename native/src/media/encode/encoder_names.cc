#include "media/encode/encoder_names.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "core/av.h"
#include "core/error.h"
#include "core/url.h"

namespace videopush::media {
namespace {

struct Family {
  const char* codec;  // lower case, as users write it
  AVCodecID id;
  std::vector<const char*> preferred;
};

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {"h264", AV_CODEC_ID_H264, {"libx264", "libopenh264"}},
      {"avc", AV_CODEC_ID_H264, {"libx264", "libopenh264"}},
      {"h265", AV_CODEC_ID_HEVC, {"libx265"}},
      {"hevc", AV_CODEC_ID_HEVC, {"libx265"}},
      {"vp8", AV_CODEC_ID_VP8, {"libvpx"}},
      {"vp9", AV_CODEC_ID_VP9, {"libvpx-vp9"}},
      {"av1", AV_CODEC_ID_AV1, {"libsvtav1", "libaom-av1"}},
      {"mpeg4", AV_CODEC_ID_MPEG4, {"mpeg4"}},
      {"mpeg2", AV_CODEC_ID_MPEG2VIDEO, {"mpeg2video"}},
      {"mjpeg", AV_CODEC_ID_MJPEG, {"mjpeg"}},
  };
  return all;
}

/// The names of interfaces to devices as they occur in libavcodec's names of encoders (h264_vaapi,
/// nvenc_hevc). resources/src/limits.ts and crds/videopush.yaml have the same list.
constexpr std::array<std::string_view, 13> kDevices = {
    "vaapi",        "nvenc", "qsv",        "amf",   "v4l2m2m", "omx", "vulkan",
    "videotoolbox", "mf",    "mediacodec", "rkmpp", "d3d12va", "oh"};

/// The words between the underscores of an encoder's name.
std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  std::istringstream text(name);
  for (std::string word; std::getline(text, word, '_');) words.push_back(word);
  return words;
}

bool needs_device(const std::string& name) {
  return std::ranges::any_of(words_of(name), [](const std::string& word) {
    return std::ranges::find(kDevices, word) != kDevices.end();
  });
}

const AVCodec* video_encoder(const std::string& name) {
  const AVCodec* codec = avcodec_find_encoder_by_name(name.c_str());
  return codec != nullptr && codec->type == AVMEDIA_TYPE_VIDEO ? codec : nullptr;
}

/// FFmpeg's first encoder of the codec that needs no device, an experimental one only where there
/// is no other; nullptr when there is none.
const AVCodec* software_encoder(AVCodecID id) {
  const AVCodec* experimental = nullptr;
  void* position = nullptr;
  while (const AVCodec* codec = av_codec_iterate(&position)) {
    if (!av_codec_is_encoder(codec) || codec->id != id || needs_device(codec->name)) continue;
    if ((codec->capabilities & AV_CODEC_CAP_EXPERIMENTAL) == 0) return codec;
    if (experimental == nullptr) experimental = codec;
  }
  return experimental;
}

/// The preferred encoder of a codec, "" when `name` is no codec, or one without an encoder here.
std::string encoder_of_codec(const std::string& name) {
  AVCodecID id = AV_CODEC_ID_NONE;
  for (const Family& family : families()) {
    if (name != family.codec) continue;
    id = family.id;
    for (const char* preferred : family.preferred)
      if (video_encoder(preferred) != nullptr) return preferred;
  }
  if (id == AV_CODEC_ID_NONE) {
    const AVCodecDescriptor* descriptor = avcodec_descriptor_get_by_name(name.c_str());
    if (descriptor == nullptr || descriptor->type != AVMEDIA_TYPE_VIDEO) return "";
    id = descriptor->id;
  }
  const AVCodec* codec = software_encoder(id);
  return codec != nullptr ? codec->name : "";
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

/// The three names most like `wanted`, nearest first.
std::string near_names(const std::string& wanted) {
  std::vector<std::pair<std::size_t, std::string>> names;
  for (const Family& family : families())
    if (!encoder_of_codec(family.codec).empty())
      names.emplace_back(edit_distance(wanted, family.codec), family.codec);
  void* position = nullptr;
  while (const AVCodec* codec = av_codec_iterate(&position))
    if (av_codec_is_encoder(codec) && codec->type == AVMEDIA_TYPE_VIDEO &&
        !needs_device(codec->name))
      names.emplace_back(edit_distance(wanted, codec->name), codec->name);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names, {}, &decltype(names)::value_type::second).begin(),
              names.end());
  std::string list;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, names.size()); ++i)
    list += (i == 0 ? "" : ", ") + names[i].second;
  return list;
}

[[noreturn]] void refuse_device(const std::string& name) {
  std::string instead;
  for (const std::string& word : words_of(name))
    if (instead.empty()) instead = encoder_of_codec(word);
  throw Error(ErrorCode::EncoderRejected,
              "'" + name + "' needs a graphics processor or another device, which is not used",
              "take a software encoder, such as " + (instead.empty() ? "libx264" : instead));
}

}  // namespace

std::string resolve_encoder(const std::string& codec, const std::string& encoder) {
  const std::string& wanted = encoder.empty() ? codec : encoder;
  if (needs_device(ascii_lower(wanted))) refuse_device(ascii_lower(wanted));
  if (video_encoder(wanted) != nullptr && !encoder.empty()) return wanted;
  std::string name = ascii_lower(wanted);
  if (std::string found = encoder_of_codec(name); !found.empty()) return found;
  if (video_encoder(name) != nullptr) return name;
  throw Error(
      ErrorCode::EncoderUnknown, "no video encoder or codec is called '" + wanted + "'",
      "near names: " + near_names(name) + "; `ffmpeg -encoders` lists what this FFmpeg has");
}

}  // namespace videopush::media
