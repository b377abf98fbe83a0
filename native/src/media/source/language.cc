#include "media/source/language.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>

#include "core/url.h"

namespace videopush::media {
namespace {

/// libavformat has such a table, but does not export it. `bibliographic` is set where ISO 639-2 has
/// a code of its own for it (all twenty are here).
struct Language {
  std::string_view terminological, two_letters, bibliographic;
};

constexpr Language kLanguages[] = {
    {"bod", "bo", "tib"}, {"ces", "cs", "cze"}, {"cym", "cy", "wel"}, {"deu", "de", "ger"},
    {"ell", "el", "gre"}, {"eus", "eu", "baq"}, {"fas", "fa", "per"}, {"fra", "fr", "fre"},
    {"hye", "hy", "arm"}, {"isl", "is", "ice"}, {"kat", "ka", "geo"}, {"mkd", "mk", "mac"},
    {"mri", "mi", "mao"}, {"msa", "ms", "may"}, {"mya", "my", "bur"}, {"nld", "nl", "dut"},
    {"ron", "ro", "rum"}, {"slk", "sk", "slo"}, {"sqi", "sq", "alb"}, {"zho", "zh", "chi"},
    {"afr", "af", {}},    {"ara", "ar", {}},    {"aze", "az", {}},    {"bel", "be", {}},
    {"ben", "bn", {}},    {"bos", "bs", {}},    {"bul", "bg", {}},    {"cat", "ca", {}},
    {"dan", "da", {}},    {"eng", "en", {}},    {"est", "et", {}},    {"fin", "fi", {}},
    {"gle", "ga", {}},    {"glg", "gl", {}},    {"heb", "he", {}},    {"hin", "hi", {}},
    {"hrv", "hr", {}},    {"hun", "hu", {}},    {"ind", "id", {}},    {"ita", "it", {}},
    {"jpn", "ja", {}},    {"kaz", "kk", {}},    {"khm", "km", {}},    {"kor", "ko", {}},
    {"lao", "lo", {}},    {"lav", "lv", {}},    {"lit", "lt", {}},    {"mon", "mn", {}},
    {"nno", "nn", {}},    {"nob", "nb", {}},    {"nor", "no", {}},    {"pol", "pl", {}},
    {"por", "pt", {}},    {"rus", "ru", {}},    {"slv", "sl", {}},    {"spa", "es", {}},
    {"srp", "sr", {}},    {"swa", "sw", {}},    {"swe", "sv", {}},    {"tam", "ta", {}},
    {"tel", "te", {}},    {"tgl", "tl", {}},    {"tha", "th", {}},    {"tur", "tr", {}},
    {"ukr", "uk", {}},    {"urd", "ur", {}},    {"uzb", "uz", {}},    {"vie", "vi", {}},
};

/// The terminological code where the table has one, else the code itself in lower case.
std::string canonical(std::string_view code) {
  std::string lower = ascii_lower(code.substr(0, code.find_first_of("-_")));
  const auto* const found = std::ranges::find_if(kLanguages, [&](const Language& language) {
    return lower == language.two_letters || lower == language.bibliographic;
  });
  return found == std::end(kLanguages) ? lower : std::string(found->terminological);
}

}  // namespace

bool speaks(std::string_view written, std::string_view named) {
  const std::string wanted = canonical(named);
  while (!written.empty()) {
    const std::size_t end = std::min(written.find(','), written.size());
    if (end > 0 && canonical(written.substr(0, end)) == wanted) return true;
    written.remove_prefix(std::min(end + 1, written.size()));
  }
  return false;
}

}  // namespace videopush::media
