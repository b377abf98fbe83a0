#include "media/source/video_track.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>

#include "core/error.h"

namespace videopush::media {
namespace {

constexpr std::string_view kById = "id:", kByLanguage = "lang:";
constexpr int kCovers = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS;

std::vector<int> programs_of(const AVFormatContext& context, unsigned stream) {
  std::vector<int> numbers;
  for (unsigned i = 0; i < context.nb_programs; ++i) {
    const AVProgram& program = *context.programs[i];
    const std::span<const unsigned> streams(program.stream_index, program.nb_stream_indexes);
    if (std::ranges::find(streams, stream) != streams.end()) numbers.push_back(program.id);
  }
  return numbers;
}

/// ISO 639; empty when the container says nothing or "undetermined".
std::string language_of(const AVStream& stream) {
  const AVDictionaryEntry* entry = av_dict_get(stream.metadata, "language", nullptr, 0);
  const std::string language = entry != nullptr ? entry->value : "";
  return language == "und" ? "" : language;
}

/// A number in decimal or, after 0x, in hexadecimal digits: PIDs are written either way.
std::optional<int> number_in(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x");
  if (hexadecimal) text.remove_prefix(2);
  int value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

bool has_decoder(const AVFormatContext& context, const VideoTrack& track) {
  return avcodec_find_decoder(context.streams[track.index]->codecpar->codec_id) != nullptr;
}

/// A track whose codec is for pictures, and that has no more than one as far as is known.
bool is_still(const AVStream& stream) {
  constexpr AVCodecID kPictures[] = {AV_CODEC_ID_MJPEG, AV_CODEC_ID_PNG,  AV_CODEC_ID_BMP,
                                     AV_CODEC_ID_GIF,   AV_CODEC_ID_TIFF, AV_CODEC_ID_WEBP};
  const bool picture =
      std::ranges::find(kPictures, stream.codecpar->codec_id) != std::end(kPictures);
  return picture && stream.nb_frames <= 1;
}

/// `ordinal`: the track's, among the video tracks of the program that was asked for.
bool is_named(const VideoTrack& track, std::string_view name, int ordinal) {
  if (name.starts_with(kByLanguage)) return track.language == name.substr(kByLanguage.size());
  const bool by_id = name.starts_with(kById);
  const std::optional<int> number = number_in(by_id ? name.substr(kById.size()) : name);
  return number == (by_id ? track.id : ordinal);
}

/// Every track by what it can be named by.
std::string listing(const std::vector<VideoTrack>& tracks) {
  std::string text;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    const VideoTrack& track = tracks[i];
    if (i > 0) text += ", ";
    text += track.id >= 0 ? "id:" + std::to_string(track.id) : std::to_string(i);
    text += " (";
    if (!track.language.empty()) text += "lang:" + track.language + ", ";
    for (const int program : track.programs) text += "program " + std::to_string(program) + ", ";
    text += track.codec + " " + std::to_string(track.width) + "x" + std::to_string(track.height);
    text += track.cover ? ", a cover)" : ")";
  }
  return text;
}

/// What was asked for; without a choice all but the covers.
std::vector<VideoTrack> candidates(const std::vector<VideoTrack>& tracks,
                                   const TrackChoice& choice) {
  std::vector<VideoTrack> found;
  int ordinal = 0;
  for (const VideoTrack& track : tracks) {
    const auto in_program = [&](int program) {
      return std::ranges::find(track.programs, program) != track.programs.end();
    };
    if (choice.program && !in_program(*choice.program)) continue;
    const bool named = choice.name.empty() || is_named(track, choice.name, ordinal);
    if (named && !track.cover) found.push_back(track);
    ++ordinal;
  }
  return found;
}

}  // namespace

std::vector<VideoTrack> video_tracks(const AVFormatContext& context) {
  const AVInputFormat* format = context.iformat;
  const bool has_ids = format != nullptr && (format->flags & AVFMT_SHOW_IDS) != 0;
  std::vector<VideoTrack> tracks;
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    const AVStream& stream = *context.streams[i];
    const AVCodecParameters& parameters = *stream.codecpar;
    if (parameters.codec_type != AVMEDIA_TYPE_VIDEO) continue;
    tracks.push_back({.index = static_cast<int>(i),
                      .id = has_ids ? stream.id : -1,
                      .language = language_of(stream),
                      .codec = avcodec_get_name(parameters.codec_id),
                      .width = parameters.width,
                      .height = parameters.height,
                      .is_default = (stream.disposition & AV_DISPOSITION_DEFAULT) != 0,
                      .cover = (stream.disposition & kCovers) != 0,
                      .programs = programs_of(context, i)});
  }
  return tracks;
}

int choose_video(const AVFormatContext& context, const TrackChoice& choice,
                 const std::string& what) {
  const std::vector<VideoTrack> all = video_tracks(context);
  std::vector<VideoTrack> tracks = candidates(all, choice);
  if (tracks.empty() && candidates(all, {}).empty()) {
    throw Error(ErrorCode::SourceNoVideo, what + " has no video track", "give a source with video");
  }
  if (tracks.empty()) {
    throw Error(ErrorCode::SourceNoVideo, what + " has no such video track; it has " + listing(all),
                "choose one of these");
  }
  std::erase_if(tracks, [&](const VideoTrack& track) { return !has_decoder(context, track); });
  if (tracks.empty()) {
    throw Error(ErrorCode::SourceUnsupported, what + ": a decoder for its video was not found",
                "convert it to H.264 first");
  }
  // Beside a film, one picture is its cover, also where the container doesn't say so.
  const auto rank = [&](const VideoTrack& track) {
    return std::tuple(!is_still(*context.streams[track.index]), track.is_default,
                      std::int64_t{track.width} * track.height, -track.index);
  };
  return std::ranges::max_element(tracks, {}, rank)->index;
}

}  // namespace videopush::media
