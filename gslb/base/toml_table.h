// A TOML file read by schema: typed getters that collect every problem with its place, and a list
// of keys nobody asked for ("did you mean").
//
// Source: TOML 1.0.  toml++ is fenced into toml_table.cc (5 s of compile time a translation unit).
//
// Use: open the root, ask for every key the schema has, call finish() on each table.  A getter
// that meets a wrong type or range records the problem and returns nothing, so one pass shows
// everything that is wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/problem.h"

namespace gslb {

enum class Need : std::uint8_t { kOptional, kRequired };

// A string with the place it was written at, for later checks that need both.
struct LocatedString {
  std::string text;
  Location at;

  friend bool operator==(const LocatedString&, const LocatedString&) = default;
};

// One table of a parsed file.  Cheap to copy (shares the document).  Thread-compatible.
class TomlTable {
 public:
  // Reads and parses `path`.  A missing file or a syntax error is put into `problems` and gives
  // nullopt.  `problems` must outlive the returned table and all tables got from it.
  static std::optional<TomlTable> open(const std::string& path, Problems& problems);
  // The same from text; `file` is the name shown in problems.
  static std::optional<TomlTable> parse(std::string_view text, const std::string& file,
                                        Problems& problems);

  bool has(std::string_view key) const;
  // Where the key's value stands, or the table itself when there is no such key.
  Location at(std::string_view key) const;
  Location at() const;

  // Each marks the key as known.  Absent: nullopt, plus an error when kRequired.  Wrong type or
  // out of range: an error and nullopt.  A string with a control character is refused: it would
  // cut a path or forge a line.
  std::optional<std::string> string(std::string_view key, Need need = Need::kOptional);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t low, std::int64_t high,
                                      Need need = Need::kOptional);
  // Integers are accepted where a number is asked for.
  std::optional<double> number(std::string_view key, double low, double high,
                               Need need = Need::kOptional);
  std::optional<bool> boolean(std::string_view key, Need need = Need::kOptional);
  // A duration: an integer of seconds, or a string "250ms", "30s", "10m", "2h", "1d"; in ms.
  std::optional<std::int64_t> duration_ms(std::string_view key, std::int64_t low_ms,
                                          std::int64_t high_ms, Need need = Need::kOptional);
  // An octet count: an integer, or a string "64MiB", "1GiB", "500kB".
  std::optional<std::int64_t> size_octets(std::string_view key, std::int64_t low, std::int64_t high,
                                          Need need = Need::kOptional);
  // An array of strings (a bare string is an array of one); empty when absent.
  std::vector<LocatedString> strings(std::string_view key, Need need = Need::kOptional);
  // An array of integers (a bare integer is an array of one).
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t low, std::int64_t high,
                                     Need need = Need::kOptional);
  // One of `choices`; an unknown word is an error that lists them, with "did you mean".
  std::optional<std::string> choice(std::string_view key, const std::vector<std::string>& choices,
                                    Need need = Need::kOptional);

  // [key] as one table.
  std::optional<TomlTable> table(std::string_view key, Need need = Need::kOptional);
  // [[key]]: an array of tables, in file order (also an inline array of inline tables).
  std::vector<TomlTable> tables(std::string_view key, Need need = Need::kOptional);
  // [key.NAME]: every sub-table with its name, in file order.
  std::vector<std::pair<LocatedString, TomlTable>> named_tables(std::string_view key,
                                                                Need need = Need::kOptional);
  // The keys of this table in file order, for tables whose keys are the operator's own names
  // (a map of resource → number).  Marks nothing as known.
  std::vector<std::string> keys() const;

  // Reports an error at a key's place.
  void error(std::string_view key, std::string what, std::string hint = {});
  void warning(std::string_view key, std::string what, std::string hint = {});

  // Every key that no getter asked for becomes an error with a "did you mean".  Call once, last.
  void finish();

 private:
  struct State;
  explicit TomlTable(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace gslb
