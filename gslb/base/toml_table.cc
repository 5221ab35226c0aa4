#include "gslb/base/toml_table.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>

#include <toml++/toml.h>

#include "gslb/base/file.h"
#include "gslb/base/toml_syntax.h"
#include "gslb/base/units.h"

namespace gslb {
namespace {

// A configuration is written by hand; anything larger is the wrong file.
constexpr std::size_t kMaxFileOctets = std::size_t{16} << 20;

// What a count may be written in: an integer times `integer_factor`, or a string for `parse`.
struct Unit {
  std::int64_t integer_factor;
  std::optional<std::int64_t> (*parse)(std::string_view);
  std::string (*format)(std::int64_t);
  std::string_view expected;
};
constexpr Unit kDuration{1000, parse_duration_ms, format_duration_ms,
                         "a duration such as \"250ms\", \"30s\", \"10m\", \"2h\" or \"1d\""};
constexpr Unit kSize{1, parse_size_octets, format_size_octets,
                     "a size such as \"500kB\", \"64MiB\" or \"1GiB\""};

// "string \"60\"", "integer 7", "table": what stands there, short enough for one line.
std::string describe(const toml::node& node) {
  constexpr std::size_t kShown = 40;
  if (const auto* text = node.as_string()) {
    const std::string& value = text->get();
    if (value.size() > kShown || has_control_character(value)) { return "a string"; }
    return "the string \"" + value + '"';
  }
  if (const auto* number = node.as_integer()) {
    return "the integer " + std::to_string(number->get());
  }
  if (const auto* flag = node.as_boolean()) { return flag->get() ? "true" : "false"; }
  if (node.is_floating_point()) { return "a fraction"; }
  if (node.is_table()) { return "a table"; }
  if (node.is_array()) { return node.is_array_of_tables() ? "a list of tables" : "a list"; }
  return "a date or time";
}

std::string quoted(std::string_view key) { return "'" + std::string(key) + "'"; }

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) { text += (text.empty() ? "" : ", ") + word; }
  return text;
}

// The elements of a list; a bare value is a list of one.
template <typename Visitor>
void for_each_element(const toml::node* node, Visitor visit) {
  if (node == nullptr) { return; }
  if (const auto* list = node->as_array()) {
    for (const toml::node& element : *list) { visit(element); }
  } else {
    visit(*node);
  }
}

}  // namespace

struct TomlTable::State {
  std::shared_ptr<const toml::table> document;  // keeps `table` alive
  const toml::table* table;
  Problems* problems;
  FileName file;
  std::string path;   // "service.web"; "" at the top level
  bool listed;        // an element of [[path]]
  Location location;  // of the table's header
  std::set<std::string, std::less<>> known{};

  std::string where() const {
    if (path.empty()) { return " at the top level"; }
    return listed ? " in [[" + path + "]]" : " in [" + path + ']';
  }
  std::string path_of(std::string_view key) const {
    return path.empty() ? std::string(key) : path + '.' + std::string(key);
  }
  Location place(const toml::source_region& region) const {
    return region.begin ? Location{file, region.begin.line, region.begin.column} : location;
  }
  // The value, if there is one; marks the key as known and reports it when missing but required.
  const toml::node* get(std::string_view key, Need need) {
    known.emplace(key);
    const toml::node* node = table->get(key);
    if (node == nullptr && need == Need::kRequired) {
      problems->error(location, quoted(key) + " is missing" + where());
    }
    return node;
  }
  std::nullopt_t wrong_type(std::string_view key, const toml::node& node, std::string_view expected,
                            std::string hint = {}) const {
    problems->error(place(node.source()),
                    quoted(key) + " must be " + std::string(expected) + ", not " + describe(node),
                    std::move(hint));
    return std::nullopt;
  }
  std::nullopt_t out_of_range(std::string_view key, const toml::node& node,
                              const std::string& value, const std::string& low,
                              const std::string& high) const {
    problems->error(place(node.source()),
                    quoted(key) + " is " + value + ", outside " + low + " to " + high);
    return std::nullopt;
  }
  std::shared_ptr<State> child(const toml::table& inner, std::string_view key, bool in_list) const {
    return std::make_shared<State>(
        State{document, &inner, problems, file, path_of(key), in_list, place(inner.source())});
  }
  std::optional<std::int64_t> measure(std::string_view key, std::int64_t low, std::int64_t high,
                                      Need need, const Unit& unit);
  std::optional<std::int64_t> integer_of(std::string_view key, const toml::node& node,
                                         std::int64_t low, std::int64_t high) const;
  std::optional<LocatedString> string_of(std::string_view key, const toml::node& node) const;
  // Table entries in the order of the file; toml++ keeps them sorted by name.
  std::vector<std::pair<const toml::key*, const toml::node*>> in_file_order() const;
};

std::vector<std::pair<const toml::key*, const toml::node*>> TomlTable::State::in_file_order()
    const {
  std::vector<std::pair<const toml::key*, const toml::node*>> entries;
  for (const auto& [key, node] : *table) { entries.emplace_back(&key, &node); }
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    const auto& left = a.first->source().begin;
    const auto& right = b.first->source().begin;
    return std::pair(left.line, left.column) < std::pair(right.line, right.column);
  });
  return entries;
}

std::optional<std::int64_t> TomlTable::State::integer_of(std::string_view key,
                                                         const toml::node& node, std::int64_t low,
                                                         std::int64_t high) const {
  const auto* number = node.as_integer();
  if (number == nullptr) {
    const auto* text = node.as_string();
    const bool digits = text != nullptr && !text->get().empty() &&
                        text->get().find_first_not_of("0123456789") == std::string::npos;
    return wrong_type(key, node, "an integer", digits ? "write it without quotes" : "");
  }
  if (number->get() < low || number->get() > high) {
    return out_of_range(key, node, std::to_string(number->get()), std::to_string(low),
                        std::to_string(high));
  }
  return number->get();
}

std::optional<LocatedString> TomlTable::State::string_of(std::string_view key,
                                                         const toml::node& node) const {
  const auto* text = node.as_string();
  if (text == nullptr) {
    const bool scalar = node.is_value();
    return wrong_type(key, node, "a string", scalar ? "put it in quotes" : "");
  }
  // Names, paths and keys have none; a NUL would cut a path short.
  if (has_control_character(text->get())) {
    problems->error(place(node.source()), quoted(key) + " has a control character in it",
                    "keep it on one line, without escapes such as \\n");
    return std::nullopt;
  }
  return LocatedString{text->get(), place(node.source())};
}

std::optional<std::int64_t> TomlTable::State::measure(std::string_view key, std::int64_t low,
                                                      std::int64_t high, Need need,
                                                      const Unit& unit) {
  const toml::node* node = get(key, need);
  if (node == nullptr) { return std::nullopt; }
  std::optional<std::int64_t> value;
  if (const auto* text = node->as_string()) { value = unit.parse(text->get()); }
  if (const auto* count = node->as_integer()) {
    // Clamped by the range check below, which prints the number as it was written.
    if (count->get() < 0 || count->get() > high / unit.integer_factor) {
      return out_of_range(key, *node, std::to_string(count->get()), unit.format(low),
                          unit.format(high));
    }
    value = count->get() * unit.integer_factor;
  }
  if (!value) { return wrong_type(key, *node, unit.expected); }
  if (*value < low || *value > high) {
    return out_of_range(key, *node, unit.format(*value), unit.format(low), unit.format(high));
  }
  return value;
}

std::optional<TomlTable> TomlTable::open(const std::string& path, Problems& problems) {
  const auto text = read_file(path, kMaxFileOctets);
  if (!text) {
    const int cause = errno;
    problems.error({path}, "can't read the file: " + std::generic_category().message(cause),
                   cause == EFBIG ? "16 MiB is the limit; is it the right file?" : "");
    return std::nullopt;
  }
  return parse(*text, path, problems);
}

std::optional<TomlTable> TomlTable::parse(std::string_view text, const std::string& file,
                                          Problems& problems) {
  if (const auto line = find_endless_key(text)) {
    problems.error({file, *line, 1},
                   "a key of more than " + std::to_string(kMaxDotsInKey) + " dots");
    return std::nullopt;
  }
  try {
    auto document = std::make_shared<const toml::table>(toml::parse(text));
    const toml::table* root = document.get();
    return TomlTable(std::make_shared<State>(
        State{std::move(document), root, &problems, file, "", false, {file, 1, 1}}));
  } catch (const toml::parse_error& failure) {
    const toml::source_position at = failure.source().begin;
    const std::string_view message = failure.description();
    constexpr std::string_view kPreamble = "Error while parsing ";
    const bool known = message.starts_with(kPreamble);
    problems.error({file, at.line, at.column},
                   "syntax error in " + std::string(message.substr(known ? kPreamble.size() : 0)),
                   std::string(toml_syntax_hint(message)));
    return std::nullopt;
  }
}

bool TomlTable::has(std::string_view key) const { return state_->table->contains(key); }

Location TomlTable::at(std::string_view key) const {
  const toml::node* node = state_->table->get(key);
  return node == nullptr ? state_->location : state_->place(node->source());
}

Location TomlTable::at() const { return state_->location; }

std::optional<std::string> TomlTable::string(std::string_view key, Need need) {
  const toml::node* node = state_->get(key, need);
  if (node == nullptr) { return std::nullopt; }
  auto value = state_->string_of(key, *node);
  if (!value) { return std::nullopt; }
  return std::move(value->text);
}

std::optional<std::int64_t> TomlTable::integer(std::string_view key, std::int64_t low,
                                               std::int64_t high, Need need) {
  const toml::node* node = state_->get(key, need);
  return node == nullptr ? std::nullopt : state_->integer_of(key, *node, low, high);
}

std::optional<double> TomlTable::number(std::string_view key, double low, double high, Need need) {
  const toml::node* node = state_->get(key, need);
  if (node == nullptr) { return std::nullopt; }
  if (!node->is_number()) {
    return state_->wrong_type(key, *node, "a number",
                              node->is_string() ? "write it without quotes" : "");
  }
  const double value = *node->value<double>();
  // Written so that a NaN, which TOML can say, is outside every range.
  if (!(value >= low && value <= high)) {
    return state_->out_of_range(key, *node, format_number(value), format_number(low),
                                format_number(high));
  }
  return value;
}

std::optional<bool> TomlTable::boolean(std::string_view key, Need need) {
  const toml::node* node = state_->get(key, need);
  if (node == nullptr) { return std::nullopt; }
  if (const auto* flag = node->as_boolean()) { return flag->get(); }
  return state_->wrong_type(key, *node, "true or false",
                            node->is_string() ? "write it without quotes" : "");
}

std::optional<std::int64_t> TomlTable::duration_ms(std::string_view key, std::int64_t low_ms,
                                                   std::int64_t high_ms, Need need) {
  return state_->measure(key, low_ms, high_ms, need, kDuration);
}

std::optional<std::int64_t> TomlTable::size_octets(std::string_view key, std::int64_t low,
                                                   std::int64_t high, Need need) {
  return state_->measure(key, low, high, need, kSize);
}

std::vector<LocatedString> TomlTable::strings(std::string_view key, Need need) {
  std::vector<LocatedString> values;
  for_each_element(state_->get(key, need), [&](const toml::node& element) {
    if (auto value = state_->string_of(key, element)) { values.push_back(std::move(*value)); }
  });
  return values;
}

std::vector<std::int64_t> TomlTable::integers(std::string_view key, std::int64_t low,
                                              std::int64_t high, Need need) {
  std::vector<std::int64_t> values;
  for_each_element(state_->get(key, need), [&](const toml::node& element) {
    if (const auto value = state_->integer_of(key, element, low, high)) {
      values.push_back(*value);
    }
  });
  return values;
}

std::optional<std::string> TomlTable::choice(std::string_view key,
                                             const std::vector<std::string>& choices, Need need) {
  auto word = string(key, need);
  if (!word || std::find(choices.begin(), choices.end(), *word) != choices.end()) { return word; }
  const std::string near = did_you_mean(*word, choices);
  error(key, quoted(key) + " is \"" + *word + "\", not one of " + join(choices),
        near.empty() ? "" : "did you mean '" + near + "'?");
  return std::nullopt;
}

std::optional<TomlTable> TomlTable::table(std::string_view key, Need need) {
  const toml::node* node = state_->get(key, need);
  if (node == nullptr) { return std::nullopt; }
  if (const auto* inner = node->as_table()) { return TomlTable(state_->child(*inner, key, false)); }
  return state_->wrong_type(key, *node, "one table", "write [" + state_->path_of(key) + "]");
}

std::vector<TomlTable> TomlTable::tables(std::string_view key, Need need) {
  std::vector<TomlTable> elements;
  const toml::node* node = state_->get(key, need);
  if (node == nullptr) { return elements; }
  const std::string hint = "write [[" + state_->path_of(key) + "]]";
  const auto* list = node->as_array();
  if (list == nullptr) {
    state_->wrong_type(key, *node, "a list of tables", hint);
    return elements;
  }
  for (const toml::node& element : *list) {
    if (const auto* inner = element.as_table()) {
      elements.push_back(TomlTable(state_->child(*inner, key, true)));
    } else {
      state_->wrong_type(key, element, "a list of tables", hint);
    }
  }
  return elements;
}

std::vector<std::pair<LocatedString, TomlTable>> TomlTable::named_tables(std::string_view key,
                                                                         Need need) {
  std::vector<std::pair<LocatedString, TomlTable>> entries;
  const toml::node* node = state_->get(key, need);
  if (node == nullptr) { return entries; }
  const std::string hint = "write [" + state_->path_of(key) + ".NAME]";
  const auto* outer = node->as_table();
  if (outer == nullptr) {
    state_->wrong_type(key, *node, "a table of tables", hint);
    return entries;
  }
  const auto group = state_->child(*outer, key, false);
  for (const auto& [name, value] : group->in_file_order()) {
    if (const auto* inner = value->as_table()) {
      const std::string text(name->str());
      entries.emplace_back(LocatedString{text, group->place(name->source())},
                           TomlTable(group->child(*inner, text, false)));
    } else {
      group->wrong_type(name->str(), *value, "a table", hint);
    }
  }
  return entries;
}

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::string> names;
  for (const auto& [key, node] : state_->in_file_order()) { names.emplace_back(key->str()); }
  return names;
}

void TomlTable::error(std::string_view key, std::string what, std::string hint) {
  state_->problems->error(at(key), std::move(what), std::move(hint));
}

void TomlTable::warning(std::string_view key, std::string what, std::string hint) {
  state_->problems->warning(at(key), std::move(what), std::move(hint));
}

void TomlTable::finish() {
  // A key that stands there already can't be what was meant.
  std::vector<std::string> unused;
  for (const std::string& key : state_->known) {
    if (!has(key)) { unused.push_back(key); }
  }
  for (const auto& [key, node] : state_->in_file_order()) {
    const std::string name(key->str());
    if (state_->known.contains(name)) { continue; }
    const std::string near = did_you_mean(name, unused);
    std::string hint = near.empty() ? "" : "did you mean '" + near + "'?";
    if (near.empty() && !unused.empty()) { hint = "known here: " + join(unused); }
    state_->problems->error(state_->place(key->source()),
                            "unknown key " + quoted(name) + state_->where(), std::move(hint));
  }
}

}  // namespace gslb
