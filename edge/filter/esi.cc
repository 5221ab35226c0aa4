#include "edge/filter/esi.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace edge::filter {
namespace {

using Kind = EsiEvent::Kind;
using namespace std::string_view_literals;

constexpr std::string_view kOpen = "<esi:";
constexpr std::string_view kClose = "</esi:";
constexpr std::string_view kComment = "<!--esi";
constexpr std::string_view kCommentEnd = "-->";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// True if one begins with the other.
bool may_become(std::string_view text, std::string_view marker) {
  const std::size_t common = std::min(text.size(), marker.size());
  return text.substr(0, common) == marker.substr(0, common);
}

// Behind the ">" that ends a tag; npos: it is not there.
std::size_t end_of_tag(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) { quote = 0; }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return i + 1;
    }
  }
  return text.npos;
}

std::string without_entities(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> entities = {
      {{"&amp;"sv, '&'}, {"&lt;"sv, '<'}, {"&gt;"sv, '>'}, {"&quot;"sv, '"'}, {"&apos;"sv, '\''}}};
  std::string result;
  while (!text.empty()) {
    const auto* const entity = std::find_if(
        entities.begin(), entities.end(), [&](const auto& e) { return text.starts_with(e.first); });
    result += entity == entities.end() ? text.front() : entity->second;
    text.remove_prefix(entity == entities.end() ? 1 : entity->first.size());
  }
  return result;
}

// The value of an attribute in `text`, what follows a tag's name.
std::optional<std::string> attribute(std::string_view text, std::string_view wanted) {
  while (true) {
    while (!text.empty() && (is_space(text.front()) || text.front() == '/')) {
      text.remove_prefix(1);
    }
    const std::size_t name_end = std::min(text.find_first_of("= \t\r\n/>"), text.size());
    const std::string_view name = text.substr(0, name_end);
    if (name.empty()) { return std::nullopt; }
    text.remove_prefix(name_end);
    while (!text.empty() && is_space(text.front())) { text.remove_prefix(1); }
    if (!text.starts_with('=')) { continue; }
    text.remove_prefix(1);
    while (!text.empty() && is_space(text.front())) { text.remove_prefix(1); }
    if (text.empty() || (text.front() != '"' && text.front() != '\'')) { return std::nullopt; }
    const std::size_t end = text.find(text.front(), 1);
    if (end == text.npos) { return std::nullopt; }
    if (name == wanted) { return without_entities(text.substr(1, end - 1)); }
    text.remove_prefix(end + 1);
  }
}

std::string_view name_in(std::string_view text) {
  return text.substr(0, text.find_first_of(" \t\r\n/>"));
}

bool is_known(std::string_view name) {
  constexpr std::array<std::string_view, 6> names = {"include", "comment", "remove",
                                                     "try",     "attempt", "except"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

// Text straight within a try stands in neither of its arms.
bool EsiParser::shown() const noexcept {
  return !removing_ &&
         (frames_.empty() || (frames_.back() != Frame::kTry && frames_.back() != Frame::kDropped));
}

void EsiParser::put(std::string_view text, std::vector<EsiEvent>& out) const {
  if (text.empty() || !shown()) { return; }
  if (!out.empty() && out.back().kind == Kind::kText) {
    out.back().text.append(text);
  } else {
    out.push_back({Kind::kText, std::string(text), {}, false});
  }
}

void EsiParser::feed(std::string_view page, std::vector<EsiEvent>& out) {
  std::string joined;
  if (!held_.empty()) {
    joined = std::exchange(held_, {}).append(page);
    page = joined;
  }
  while (!page.empty()) {
    const std::size_t plain = text_until(page);
    put(page.substr(0, plain), out);
    page.remove_prefix(plain);
    if (page.empty()) { return; }
    const std::size_t used = markup(page, false, out);
    if (used == 0) {
      held_ = page;
      return;
    }
    page.remove_prefix(used);
  }
}

void EsiParser::finish(std::vector<EsiEvent>& out) {
  const std::string held = std::exchange(held_, {});
  std::string_view rest = held;
  while (!rest.empty()) {
    const std::size_t plain = text_until(rest);
    put(rest.substr(0, plain), out);
    rest.remove_prefix(plain);
    if (!rest.empty()) { rest.remove_prefix(markup(rest, true, out)); }
  }
  while (!frames_.empty()) { close_frame(out); }
}

std::size_t EsiParser::text_until(std::string_view rest) const noexcept {
  return std::min(commented_ ? rest.find_first_of("<-") : rest.find('<'), rest.size());
}

std::size_t EsiParser::markup(std::string_view rest, bool last, std::vector<EsiEvent>& out) {
  for (const std::string_view marker : {kComment, kCommentEnd}) {
    const bool ends = marker == kCommentEnd;
    if (ends != commented_ || !may_become(rest, marker)) { continue; }
    if (rest.size() >= marker.size()) {
      commented_ = !ends;
      return marker.size();
    }
    if (!last) { return 0; }
  }
  for (const std::string_view marker : {kOpen, kClose}) {
    if (!may_become(rest, marker)) { continue; }
    if (rest.size() < marker.size()) {
      if (!last) { return 0; }
      continue;
    }
    const std::string_view front = rest.substr(0, kMaxTag);
    const std::size_t end = end_of_tag(front);
    if (end != front.npos) {
      tag(front.substr(0, end), out);
      return end;
    }
    if (!last && rest.size() < kMaxTag) { return 0; }
  }
  put(rest.substr(0, 1), out);
  return 1;
}

void EsiParser::tag(std::string_view text, std::vector<EsiEvent>& out) {
  const bool closes = text.starts_with(kClose);
  const std::string_view rest = text.substr(closes ? kClose.size() : kOpen.size());
  const std::string_view name = name_in(rest);
  if (!is_known(name)) {
    put(text, out);
  } else if (closes) {
    close_tag(name, out);
  } else if (!removing_) {
    open_tag(name, rest.substr(name.size(), rest.size() - name.size() - 1), out);
  }
}

void EsiParser::open_tag(std::string_view name, std::string_view text, std::vector<EsiEvent>& out) {
  const bool empty = text.ends_with('/');
  if (name == "remove") {
    removing_ = !empty;
  } else if (name == "include" && shown()) {
    EsiEvent include{Kind::kInclude, attribute(text, "src").value_or(""),
                     attribute(text, "alt").value_or(""), false};
    include.may_fail = attribute(text, "onerror") == "continue";
    out.push_back(std::move(include));
  } else if (name == "try" && !empty) {
    // Each level is a try and one of its arms.
    const bool dropped = frames_.size() >= 2 * kMaxNesting || !shown();
    if (frames_.size() < 4 * kMaxNesting) {
      frames_.push_back(dropped ? Frame::kDropped : Frame::kTry);
    }
  } else if (!empty && !frames_.empty() && frames_.back() == Frame::kTry) {
    if (name == "attempt") {
      frames_.push_back(Frame::kAttempt);
      out.push_back({Kind::kAttempt, {}, {}, false});
    } else if (name == "except") {
      frames_.push_back(Frame::kExcept);
      out.push_back({Kind::kExcept, {}, {}, false});
    }
  }
}

void EsiParser::close_tag(std::string_view name, std::vector<EsiEvent>& out) {
  if (name == "remove") {
    removing_ = false;
    return;
  }
  if (removing_ || frames_.empty()) { return; }
  const Frame open = frames_.back();
  const bool fits = (name == "try" && (open == Frame::kTry || open == Frame::kDropped)) ||
                    (name == "attempt" && open == Frame::kAttempt) ||
                    (name == "except" && open == Frame::kExcept);
  if (fits) { close_frame(out); }
}

void EsiParser::close_frame(std::vector<EsiEvent>& out) {
  const Frame frame = frames_.back();
  frames_.pop_back();
  if (frame == Frame::kAttempt) { out.push_back({Kind::kAttemptEnd, {}, {}, false}); }
  if (frame == Frame::kExcept) { out.push_back({Kind::kExceptEnd, {}, {}, false}); }
}

}  // namespace edge::filter
