#include "binding/fields.h"

#include <charconv>
#include <cmath>

namespace videopush::binding {

void bad_argument(const std::string& field, const std::string& expected) {
  throw Error(ErrorCode::InvalidArgument, field + ": expected " + expected);
}

std::optional<AVRational> parse_rational(const std::string& text) {
  AVRational value{0, 1};
  const char* const end = text.data() + text.size();
  auto [at, failed] = std::from_chars(text.data(), end, value.num);
  if (failed != std::errc() || value.num <= 0) return std::nullopt;
  if (at == end) return value;
  if (*at != '/') return std::nullopt;
  auto [last, failed_den] = std::from_chars(at + 1, end, value.den);
  if (failed_den != std::errc() || last != end || value.den <= 0) return std::nullopt;
  return value;
}

Fields::Fields(const Napi::Value& value, std::string path) : path_(std::move(path)) {
  if (!value.IsObject() || value.IsArray())
    bad_argument(path_.empty() ? "options" : path_, "an object");
  object_ = value.As<Napi::Object>();
}

std::optional<Napi::Value> Fields::get(const char* key) {
  known_.insert(key);
  const Napi::Value value = object_.Get(key);
  if (value.IsUndefined() || value.IsNull()) return std::nullopt;
  return value;
}

std::optional<std::string> Fields::text(const char* key) {
  const auto value = get(key);
  if (!value) return std::nullopt;
  if (!value->IsString()) bad_argument(name_of(key), "a string");
  std::string text = value->As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos)
    bad_argument(name_of(key), "a string without NUL characters");
  return text;
}

std::string Fields::required_text(const char* key) {
  auto value = text(key);
  if (!value || value->empty()) bad_argument(name_of(key), "a non-empty string");
  return *std::move(value);
}

std::optional<bool> Fields::boolean(const char* key) {
  const auto value = get(key);
  if (!value) return std::nullopt;
  if (!value->IsBoolean()) bad_argument(name_of(key), "true or false");
  return value->As<Napi::Boolean>().Value();
}

std::optional<double> Fields::number(const char* key, double min, double max) {
  const auto value = get(key);
  if (!value) return std::nullopt;
  const double number = value->IsNumber() ? value->As<Napi::Number>().DoubleValue() : NAN;
  if (!(number >= min && number <= max)) {
    const auto text = [&](double bound) {
      return Napi::Number::New(value->Env(), bound).ToString().Utf8Value();
    };
    throw Error(ErrorCode::InvalidArgument,
                name_of(key) + ": must be a number from " + text(min) + " to " + text(max));
  }
  return number;
}

std::optional<std::int64_t> Fields::integer(const char* key, Range range) {
  const auto value = get(key);
  if (!value) return std::nullopt;
  const double number = value->IsNumber() ? value->As<Napi::Number>().DoubleValue() : NAN;
  if (!(number >= static_cast<double>(range.least) && number <= static_cast<double>(range.most)) ||
      number != std::floor(number)) {
    throw Error(ErrorCode::InvalidArgument, name_of(key) + ": " + whole_number_from(range));
  }
  return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> Fields::big(const char* key) {
  const auto value = get(key);
  if (!value) return std::nullopt;
  bool lossless = false;
  const std::int64_t number =
      value->IsBigInt() ? value->As<Napi::BigInt>().Int64Value(&lossless) : 0;
  if (!lossless) bad_argument(name_of(key), "a BigInt of 64 bits");
  return number;
}

std::optional<AVRational> Fields::rational(const char* key) {
  const auto given = text(key);
  if (!given) return std::nullopt;
  const auto value = parse_rational(*given);
  if (!value) bad_argument(name_of(key), "a rate such as \"25\" or \"30000/1001\"");
  return value;
}

std::optional<AVRational> Fields::frame_rate(const char* key) {
  const auto rate = rational(key);
  if (rate && av_q2d(*rate) > limits::kMaxFrameRate)
    throw Error(ErrorCode::InvalidArgument, name_of(key) + ": must be at most " +
                                                std::to_string(limits::kMaxFrameRate) +
                                                " frames per second");
  return rate;
}

std::optional<Fields> Fields::object(const char* key) {
  const auto value = get(key);
  if (!value) return std::nullopt;
  return Fields(*value, name_of(key));
}

std::vector<Fields> Fields::objects(const char* key) {
  const auto value = get(key);
  if (!value) return {};
  if (!value->IsArray()) bad_argument(name_of(key), "a list");
  const auto array = value->As<Napi::Array>();
  std::vector<Fields> items;
  items.reserve(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    items.emplace_back(array.Get(i), name_of(key) + "[" + std::to_string(i) + "]");
  }
  return items;
}

std::vector<std::string> Fields::texts(const char* key) {
  const auto value = get(key);
  if (!value) return {};
  if (!value->IsArray()) bad_argument(name_of(key), "a list of strings");
  const auto array = value->As<Napi::Array>();
  std::vector<std::string> items;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    if (!item.IsString()) bad_argument(name_of(key), "a list of strings");
    items.push_back(item.As<Napi::String>().Utf8Value());
  }
  return items;
}

std::map<std::string, std::string> Fields::text_map(const char* key) {
  const auto value = get(key);
  if (!value) return {};
  if (!value->IsObject() || value->IsArray()) bad_argument(name_of(key), "an object of strings");
  const auto object = value->As<Napi::Object>();
  const auto keys = object.GetPropertyNames();
  std::map<std::string, std::string> map;
  for (std::uint32_t i = 0; i < keys.Length(); ++i) {
    const std::string name = keys.Get(i).ToString().Utf8Value();
    const Napi::Value item = object.Get(name);
    if (!item.IsString()) bad_argument(name_of(key) + "." + name, "a string");
    map[name] = item.As<Napi::String>().Utf8Value();
  }
  return map;
}

void Fields::finish() const {
  const auto keys = object_.GetPropertyNames();
  for (std::uint32_t i = 0; i < keys.Length(); ++i) {
    const std::string name = keys.Get(i).ToString().Utf8Value();
    if (known_.contains(name)) continue;
    if (object_.Get(name).IsUndefined()) continue;
    std::string names;
    for (const std::string& known : known_) names += (names.empty() ? "" : ", ") + known;
    throw Error(ErrorCode::InvalidArgument, name_of(name.c_str()) + ": unknown option",
                "known options: " + names);
  }
}

}  // namespace videopush::binding
