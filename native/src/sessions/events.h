// How a session reports that its state has changed.
#pragma once

#include <functional>
#include <string_view>

namespace videopush::sessions {

/// Events are few (state changes), called on native threads.
using EventSink = std::function<void(std::string_view kind, std::string_view detail)>;

}  // namespace videopush::sessions
