#include "sinks/srt_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/url.h"

namespace videopush::sinks {
namespace {

enum class Kind { Int, Int64, Bool, Text, Microseconds };  // libsrt takes milliseconds for the last

struct Parameter {
  std::string_view name;
  SRT_SOCKOPT option;
  Kind kind;
};

constexpr std::array kParameters = {
    Parameter{"ffs", SRTO_FC, Kind::Int},
    Parameter{"mss", SRTO_MSS, Kind::Int},
    Parameter{"sndbuf", SRTO_SNDBUF, Kind::Int},
    Parameter{"send_buffer_size", SRTO_UDP_SNDBUF, Kind::Int},
    Parameter{"recv_buffer_size", SRTO_UDP_RCVBUF, Kind::Int},
    Parameter{"ipttl", SRTO_IPTTL, Kind::Int},
    Parameter{"iptos", SRTO_IPTOS, Kind::Int},
    Parameter{"maxbw", SRTO_MAXBW, Kind::Int64},
    Parameter{"inputbw", SRTO_INPUTBW, Kind::Int64},
    Parameter{"oheadbw", SRTO_OHEADBW, Kind::Int},
    Parameter{"latency", SRTO_LATENCY, Kind::Microseconds},
    Parameter{"tsbpddelay", SRTO_LATENCY, Kind::Microseconds},
    Parameter{"rcvlatency", SRTO_RCVLATENCY, Kind::Microseconds},
    Parameter{"peerlatency", SRTO_PEERLATENCY, Kind::Microseconds},
    Parameter{"snddropdelay", SRTO_SNDDROPDELAY, Kind::Microseconds},
    Parameter{"tlpktdrop", SRTO_TLPKTDROP, Kind::Bool},
    Parameter{"nakreport", SRTO_NAKREPORT, Kind::Bool},
    Parameter{"lossmaxttl", SRTO_LOSSMAXTTL, Kind::Int},
    Parameter{"minversion", SRTO_MINVERSION, Kind::Int},
    Parameter{"passphrase", SRTO_PASSPHRASE, Kind::Text},
    Parameter{"pbkeylen", SRTO_PBKEYLEN, Kind::Int},
    Parameter{"enforced_encryption", SRTO_ENFORCEDENCRYPTION, Kind::Bool},
    Parameter{"kmrefreshrate", SRTO_KMREFRESHRATE, Kind::Int},
    Parameter{"kmpreannounce", SRTO_KMPREANNOUNCE, Kind::Int},
    Parameter{"smoother", SRTO_CONGESTION, Kind::Text},
};

void for_each_parameter(
    std::string_view query,
    const std::function<void(std::string_view name, const std::string& value)>& visit) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(item.find('='), item.size());
    visit(item.substr(0, equals), percent_decode(item.substr(std::min(equals + 1, item.size()))));
  }
}

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

template <typename Value>
bool set(SRTSOCKET socket, SRT_SOCKOPT option, Value value) {
  return srt_setsockflag(socket, option, &value, sizeof value) == 0;
}

bool set_parameter(SRTSOCKET socket, const Parameter& parameter, const std::string& text) {
  if (parameter.kind == Kind::Text)
    return srt_setsockflag(socket, parameter.option, text.data(), static_cast<int>(text.size())) ==
           0;
  const auto value = number(text);
  if (!value) return false;
  switch (parameter.kind) {
    case Kind::Int64:
      return set(socket, parameter.option, *value);
    case Kind::Bool:
      return set(socket, parameter.option, *value != 0);
    case Kind::Microseconds:
      return set(socket, parameter.option, static_cast<int>(*value < 0 ? -1 : *value / 1'000));
    default:
      return set(socket, parameter.option, static_cast<int>(*value));
  }
}

}  // namespace

SrtMode srt_mode(std::string_view query) {
  SrtMode mode = SrtMode::Caller;
  for_each_parameter(query, [&mode](std::string_view name, const std::string& value) {
    if (name != "mode") return;
    if (value == "listener") {
      mode = SrtMode::Listener;
    } else if (value == "rendezvous") {
      mode = SrtMode::Rendezvous;
    } else if (value != "caller") {
      throw Error(ErrorCode::UrlInvalid, "the SRT URL has an unknown mode '" + value + "'",
                  "write caller, listener or rendezvous");
    }
  });
  return mode;
}

void set_srt_options(SRTSOCKET socket, std::string_view query) {
  for_each_parameter(query, [socket](std::string_view name, const std::string& value) {
    const auto known = std::ranges::find(kParameters, name, &Parameter::name);
    if (known == kParameters.end() || set_parameter(socket, *known, value)) return;
    // The value may be a secret.
    throw Error(ErrorCode::UrlInvalid,
                "the SRT URL's parameter " + std::string(name) + " has a value that SRT refuses",
                name == "passphrase" ? "give 10 to 79 characters" : "correct it, or leave it out");
  });
}

}  // namespace videopush::sinks
