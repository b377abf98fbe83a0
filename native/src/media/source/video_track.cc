#include "media/source/video_track.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "core/error.h"
#include "media/source/language.h"

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

/// A track and its place among the video tracks of the program that was asked for.
struct Candidate {
  VideoTrack track;
  int ordinal;
};

bool is_cover(const Candidate& candidate) { return candidate.track.cover; }

bool is_named(const Candidate& candidate, std::string_view name) {
  const VideoTrack& track = candidate.track;
  if (name.starts_with(kByLanguage)) return speaks(track.language, name.substr(kByLanguage.size()));
  const bool by_id = name.starts_with(kById);
  const std::optional<int> number = number_in(by_id ? name.substr(kById.size()) : name);
  return number == (by_id ? track.id : candidate.ordinal);
}

/// The tracks of `program`, or all; covers count, but can't be chosen.
std::vector<Candidate> of_program(const std::vector<VideoTrack>& tracks,
                                  std::optional<int> program) {
  std::vector<Candidate> found;
  for (const VideoTrack& track : tracks) {
    const bool inside =
        !program || std::ranges::find(track.programs, *program) != track.programs.end();
    if (inside) found.push_back({track, static_cast<int>(found.size())});
  }
  return found;
}

std::string text_of(const Candidate& candidate) {
  const VideoTrack& track = candidate.track;
  std::string text = std::to_string(candidate.ordinal) + " (";
  if (track.id >= 0) text += "id:" + std::to_string(track.id) + ", ";
  if (!track.language.empty()) text += "lang:" + track.language + ", ";
  for (const int program : track.programs) text += "program " + std::to_string(program) + ", ";
  return text + track.codec + " " + std::to_string(track.width) + "x" +
         std::to_string(track.height) + ")";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Error no_such_program(const std::vector<VideoTrack>& tracks, int program, const std::string& what) {
  std::set<int> numbers;
  for (const VideoTrack& track : tracks) {
    if (!track.cover) numbers.insert(track.programs.begin(), track.programs.end());
  }
  const std::string missing = what + " has no program " + std::to_string(program);
  if (numbers.empty()) {
    return {ErrorCode::SourceNoVideo, missing + ", since its container has no programs",
            "leave the program out"};
  }
  std::vector<std::string> words;
  words.reserve(numbers.size());
  for (const int number : numbers) words.push_back(std::to_string(number));
  return {ErrorCode::SourceNoVideo, missing + " with video; those with video are " + joined(words),
          "choose one of these"};
}

Error no_such_track(std::vector<Candidate> candidates, const TrackChoice& choice,
                    const std::string& what) {
  const bool names_cover = std::ranges::any_of(candidates, [&](const Candidate& candidate) {
    return is_cover(candidate) && is_named(candidate, choice.name);
  });
  std::erase_if(candidates, is_cover);
  std::vector<std::string> words;
  words.reserve(candidates.size());
  for (const Candidate& candidate : candidates) words.push_back(text_of(candidate));
  const std::string place =
      choice.program ? " in program " + std::to_string(*choice.program) : std::string();
  return {ErrorCode::SourceNoVideo,
          what + (names_cover ? " has only a cover as video track '" : " has no video track '") +
              choice.name + "'" + place + "; it has " + joined(words),
          "choose by the number, the id or the language that stands here"};
}

/// What was asked for; without a choice all but the covers. Throws when there is none.
std::vector<VideoTrack> chosen(const std::vector<VideoTrack>& tracks, const TrackChoice& choice,
                               const std::string& what) {
  if (std::ranges::all_of(tracks, &VideoTrack::cover)) {
    throw Error(ErrorCode::SourceNoVideo, what + " has no video track", "give a source with video");
  }
  const std::vector<Candidate> candidates = of_program(tracks, choice.program);
  if (std::ranges::all_of(candidates, is_cover)) {
    throw no_such_program(tracks, choice.program.value_or(0), what);
  }
  std::vector<VideoTrack> found;
  for (const Candidate& candidate : candidates) {
    const bool named = choice.name.empty() || is_named(candidate, choice.name);
    if (named && !is_cover(candidate)) found.push_back(candidate.track);
  }
  if (found.empty()) throw no_such_track(candidates, choice, what);
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
  std::vector<VideoTrack> tracks = chosen(video_tracks(context), choice, what);
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
