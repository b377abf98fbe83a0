#include "core/secrets.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "core/redact.h"
#include "core/url.h"

namespace videopush {
namespace {

constexpr std::size_t kMaxSecrets = 64;
constexpr std::size_t kShortest = 3;   // what is shorter stands in any text by chance
constexpr std::size_t kWordOnly = 12;  // below this length only as whole words
/// libavformat cuts long paths, so that this much of a secret gives the rest of it away.
constexpr std::size_t kSignificant = 32;

struct LongestFirst {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  }
};

struct Registry {
  std::shared_mutex mutex;
  std::map<std::string, int, LongestFirst> uses;
};

Registry& registry() {
  // Never destroyed: threads of libav* may log while static objects go.
  static Registry* instance = new Registry;
  return *instance;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// Whether text[begin, end) is not a part of a longer word.
bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  const bool before = begin > 0 && is_word(text[begin]) && is_word(text[begin - 1]);
  const bool after = end < text.size() && is_word(text[end - 1]) && is_word(text[end]);
  return !before && !after;
}

void hide(std::string& text, const std::string& secret, std::string_view mark) {
  const std::string_view start = std::string_view(secret).substr(0, kSignificant);
  for (std::size_t at = 0; (at = text.find(start, at)) != std::string::npos;) {
    std::size_t end = at + start.size();
    while (end < text.size() && end - at < secret.size() && text[end] == secret[end - at]) ++end;
    if (secret.size() < kWordOnly && !stands_alone(text, at, end)) {
      ++at;
      continue;
    }
    text.replace(at, end - at, mark);
    at += mark.size();
  }
}

}  // namespace

std::string hide_secrets(std::string_view text, std::string_view mark) {
  std::string out(text);
  Registry& known = registry();
  const std::shared_lock lock(known.mutex);
  for (const auto& [secret, uses] : known.uses) hide(out, secret, mark);
  return out;
}

Secrets::~Secrets() { set({}); }

void Secrets::set(const std::vector<std::string>& secrets) {
  std::set<std::string, LongestFirst> kept(secrets.begin(), secrets.end());
  while (kept.size() > kMaxSecrets) kept.erase(std::prev(kept.end()));
  std::set<std::string> forms;
  for (const std::string& secret : kept) {
    const std::string decoded = percent_decode(secret);
    forms.insert({secret, decoded, percent_encode(decoded)});
  }
  std::erase_if(forms, [](const std::string& form) {
    return form.size() < kShortest || form.find_first_not_of('*') == std::string::npos;
  });
  Registry& known = registry();
  const std::unique_lock lock(known.mutex);
  for (const std::string& form : forms) ++known.uses[form];
  for (const std::string& form : forms_) {
    const auto found = known.uses.find(form);
    if (--found->second == 0) known.uses.erase(found);
  }
  forms_.assign(forms.begin(), forms.end());
}

}  // namespace videopush
