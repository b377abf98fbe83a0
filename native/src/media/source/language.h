// Names of languages, which containers and people write in different ways.
#pragma once

#include <string_view>

namespace videopush::media {

/// True when `named` is the language that `written` names, or one of several ("deu,eng"). Codes of
/// ISO 639-1 ("de"), 639-2/B ("ger") and 639-2/T ("deu") count as equal, in either case; regions
/// ("de-AT") don't count.
bool speaks(std::string_view written, std::string_view named);

}  // namespace videopush::media
