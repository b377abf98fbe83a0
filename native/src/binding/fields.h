// Reading an options object from JavaScript: every mistake is an InvalidArgument that names the
// field.
#pragma once

#include <napi.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/av.h"
#include "core/error.h"
#include "core/limits.h"

namespace videopush::binding {

[[noreturn]] void bad_argument(const std::string& field, const std::string& expected);

class Fields {
 public:
  /// `path` prefixes field names in messages, e.g. "source"; "" for the top level.
  Fields(const Napi::Value& value, std::string path);

  // Each returns nothing for an absent, undefined or null field.
  std::optional<std::string> text(const char* key);
  std::optional<std::int64_t> integer(const char* key, Range range);
  std::optional<double> number(const char* key, double min, double max);
  std::optional<bool> boolean(const char* key);
  std::optional<std::int64_t> big(const char* key);     // a BigInt of 64 bits
  std::optional<AVRational> rational(const char* key);  // "30000/1001" or "25"
  /// A rational number up to limits::kMaxFrameRate, for rates that are asked for and those of test
  /// patterns.
  std::optional<AVRational> frame_rate(const char* key);
  std::optional<Fields> object(const char* key);
  std::vector<Fields> objects(const char* key);
  std::vector<std::string> texts(const char* key);
  std::map<std::string, std::string> text_map(const char* key);
  template <typename T>
  std::optional<T> choice(const char* key,
                          std::initializer_list<std::pair<const char*, T>> choices) {
    const auto given = text(key);
    if (!given) return std::nullopt;
    std::string names;
    for (const auto& [name, value] : choices) {
      if (*given == name) return value;
      names += (names.empty() ? "one of " : ", ") + std::string(name);
    }
    bad_argument(name_of(key), names);
  }

  std::string required_text(const char* key);
  /// Refuses keys that nobody asked for.
  void finish() const;
  std::string name_of(const char* key) const { return path_.empty() ? key : path_ + "." + key; }

 private:
  std::optional<Napi::Value> get(const char* key);

  Napi::Object object_;
  std::string path_;
  std::set<std::string> known_;
};

/// "30000/1001" or "25"; both parts positive 31-bit numbers.
std::optional<AVRational> parse_rational(const std::string& text);

}  // namespace videopush::binding
