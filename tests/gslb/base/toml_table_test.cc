#include "gslb/base/toml_table.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace gslb {
namespace {

class TomlTableTest : public ::testing::Test {
 protected:
  TomlTable parse(std::string_view text) {
    auto table = TomlTable::parse(text, "f", problems_);
    EXPECT_TRUE(table) << problems_.to_string();
    return table.value();
  }
  std::string syntax(std::string_view text) {
    Problems problems;
    EXPECT_FALSE(TomlTable::parse(text, "f", problems));
    EXPECT_EQ(problems.error_count(), 1U);
    return problems.to_string();
  }
  std::string said() { return problems_.to_string(); }

  Problems problems_;
};

TEST_F(TomlTableTest, ReadsEveryType) {
  TomlTable root = parse(
      "s = 'x'\ni = -7\nn = 0.5\nwhole = 3\nb = true\nd = '250ms'\nseconds = 2\n"
      "size = '64KiB'\noctets = 7\nlist = ['a', 'b']\none = 'c'\nnumbers = [1, 2]\nnumber = 3\n");
  EXPECT_EQ(root.string("s"), "x");
  EXPECT_EQ(root.integer("i", -7, 0), -7);
  EXPECT_EQ(root.number("n", 0, 1), 0.5);
  EXPECT_EQ(root.number("whole", 0, 3), 3.0);
  EXPECT_EQ(root.boolean("b"), true);
  EXPECT_EQ(root.duration_ms("d", 0, 1000), 250);
  EXPECT_EQ(root.duration_ms("seconds", 0, 2000), 2000);
  EXPECT_EQ(root.size_octets("size", 0, 1 << 20), 65536);
  EXPECT_EQ(root.size_octets("octets", 0, 10), 7);
  const auto list = root.strings("list");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[1].text, "b");
  EXPECT_EQ(list[1].at.line, 10U);
  EXPECT_EQ(list[1].at.column, 14U);
  ASSERT_EQ(root.strings("one").size(), 1U);
  EXPECT_EQ(root.integers("numbers", 0, 9), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(root.integers("number", 0, 9), (std::vector<std::int64_t>{3}));
  root.finish();
  EXPECT_EQ(said(), "");
}

TEST_F(TomlTableTest, SaysNothingOfAbsentOptionalKeys) {
  TomlTable root = parse("");
  EXPECT_FALSE(root.string("a"));
  EXPECT_FALSE(root.duration_ms("b", 0, 1));
  EXPECT_TRUE(root.strings("c").empty());
  EXPECT_TRUE(root.tables("d").empty());
  EXPECT_TRUE(root.named_tables("e").empty());
  EXPECT_FALSE(root.table("f"));
  root.finish();
  EXPECT_EQ(said(), "");
}

TEST_F(TomlTableTest, ReportsMissingKeysAtTheirTable) {
  TomlTable root = parse("x = 1\n[a.b]\n[[c]]\n");
  root.string("name", Need::kRequired);
  root.named_tables("a")[0].second.integer("i", 0, 1, Need::kRequired);
  root.tables("c")[0].boolean("b", Need::kRequired);
  EXPECT_EQ(said(),
            "f:1:1: error: 'name' is missing at the top level\n"
            "f:2:1: error: 'i' is missing in [a.b]\n"
            "f:3:1: error: 'b' is missing in [[c]]\n");
}

TEST_F(TomlTableTest, SaysWhatWasExpectedAndWhatStandsThere) {
  TomlTable root = parse(
      "s = 60\ni = '60'\nn = 'x'\nb = 'true'\nd = 1.5\nd2 = '1 s'\nz = '5M'\nl = ['a', 2]\n"
      "m = [1, 'b']\nt = 1979-05-27\nk = [1]\n");
  root.string("s");
  root.integer("i", 0, 99);
  root.number("n", 0, 1);
  root.boolean("b");
  root.duration_ms("d", 0, 9000);
  root.duration_ms("d2", 0, 9000);
  root.size_octets("z", 0, 9000);
  EXPECT_EQ(root.strings("l").size(), 1U);
  EXPECT_EQ(root.integers("m", 0, 9).size(), 1U);
  root.string("t");
  root.boolean("k");
  const std::string duration =
      " must be a duration such as \"250ms\", \"30s\", \"10m\", \"2h\" or \"1d\", not ";
  EXPECT_EQ(
      said(),
      "f:1:5: error: 's' must be a string, not the integer 60 (put it in quotes)\n"
      "f:2:5: error: 'i' must be an integer, not the string \"60\" (write it without "
      "quotes)\n"
      "f:3:5: error: 'n' must be a number, not the string \"x\" (write it without quotes)\n"
      "f:4:5: error: 'b' must be true or false, not the string \"true\" (write it without "
      "quotes)\n"
      "f:5:5: error: 'd'" +
          duration + "a fraction\n" + "f:6:6: error: 'd2'" + duration + "the string \"1 s\"\n" +
          "f:7:5: error: 'z' must be a size such as \"500kB\", \"64MiB\" or \"1GiB\", not the "
          "string \"5M\"\n"
          "f:8:11: error: 'l' must be a string, not the integer 2 (put it in quotes)\n"
          "f:9:9: error: 'm' must be an integer, not the string \"b\"\n"
          "f:10:5: error: 't' must be a string, not a date or time (put it in quotes)\n"
          "f:11:5: error: 'k' must be true or false, not a list\n");
}

TEST_F(TomlTableTest, SaysTheRange) {
  TomlTable root = parse(
      "i = 70\nn = -90.5\nnan = nan\ninf = inf\nd = '2d'\nneg = -1\nbig = 9223372036854775807\n"
      "z = 0\n");
  EXPECT_FALSE(root.integer("i", 0, 64));
  EXPECT_FALSE(root.number("n", -90, 90));
  EXPECT_FALSE(root.number("nan", 0, 1));
  EXPECT_FALSE(root.number("inf", 0, 1));
  EXPECT_FALSE(root.duration_ms("d", 50, 3'600'000));
  EXPECT_FALSE(root.duration_ms("neg", 0, 1000));
  EXPECT_FALSE(root.duration_ms("big", 0, 1000));  // times 1000 would overflow
  EXPECT_FALSE(root.size_octets("z", 1, 1 << 20));
  EXPECT_EQ(said(),
            "f:1:5: error: 'i' is 70, outside 0 to 64\n"
            "f:2:5: error: 'n' is -90.5, outside -90 to 90\n"
            "f:3:7: error: 'nan' is nan, outside 0 to 1\n"
            "f:4:7: error: 'inf' is inf, outside 0 to 1\n"
            "f:5:5: error: 'd' is 2d, outside 50ms to 1h\n"
            "f:6:7: error: 'neg' is -1, outside 0s to 1s\n"
            "f:7:7: error: 'big' is 9223372036854775807, outside 0s to 1s\n"
            "f:8:5: error: 'z' is 0B, outside 1B to 1MiB\n");
}

TEST_F(TomlTableTest, NamesUnknownKeysWithTheLikelyOne) {
  TomlTable root = parse("[service.web]\ntll = 60\ntiers = 'a'\nteirs = 'b'\ncolour = 1\n");
  auto service = root.named_tables("service")[0].second;
  service.integer("ttl", 0, 100);
  service.strings("tiers");
  service.finish();
  root.finish();
  // "tiers" stands there already, so "teirs" can't mean it.
  EXPECT_EQ(said(),
            "f:2:1: error: unknown key 'tll' in [service.web] (did you mean 'ttl'?)\n"
            "f:4:1: error: unknown key 'teirs' in [service.web] (known here: ttl)\n"
            "f:5:1: error: unknown key 'colour' in [service.web] (known here: ttl)\n");
}

TEST_F(TomlTableTest, ReportsUnknownTablesInFileOrder) {
  TomlTable root = parse("[zebra]\nx = 1\n[[apple]]\ny = 1\n");
  root.finish();
  EXPECT_EQ(said(),
            "f:1:2: error: unknown key 'zebra' at the top level\n"
            "f:3:3: error: unknown key 'apple' at the top level\n");
}

TEST_F(TomlTableTest, ListsTheChoices) {
  TomlTable root = parse("a = 'last-good'\nb = 'x'\n");
  EXPECT_FALSE(root.choice("a", {"all", "last_good"}));
  EXPECT_FALSE(root.choice("b", {"all", "none"}));
  EXPECT_EQ(said(),
            "f:1:5: error: 'a' is \"last-good\", not one of all, last_good (did you mean "
            "'last_good'?)\n"
            "f:2:5: error: 'b' is \"x\", not one of all, none\n");
}

TEST_F(TomlTableTest, TellsTablesFromListsOfTables) {
  TomlTable root = parse("[zone]\nname = 'a'\n[[server]]\n[service]\nweb = 1\n");
  EXPECT_TRUE(root.tables("zone").empty());
  EXPECT_FALSE(root.table("server"));
  EXPECT_TRUE(root.named_tables("service").empty());
  EXPECT_EQ(said(),
            "f:1:1: error: 'zone' must be a list of tables, not a table (write [[zone]])\n"
            "f:3:1: error: 'server' must be one table, not a list of tables (write [server])\n"
            "f:5:7: error: 'web' must be a table, not the integer 1 (write [service.NAME])\n");
}

TEST_F(TomlTableTest, KeepsFileOrderAndPlacesOfNames) {
  TomlTable root = parse("[c.zulu]\n[c.alpha]\n[[c.alpha.node]]\nid = 'a'\n[[c.alpha.node]]\n");
  auto entries = root.named_tables("c");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].first.text, "zulu");
  EXPECT_EQ(entries[1].first.text, "alpha");
  EXPECT_EQ(entries[1].first.at.line, 2U);
  EXPECT_EQ(entries[1].first.at.column, 4U);
  auto nodes = entries[1].second.tables("node");
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[1].at().line, 5U);
  nodes[1].string("id", Need::kRequired);
  EXPECT_EQ(said(), "f:5:1: error: 'id' is missing in [[c.alpha.node]]\n");
  EXPECT_EQ(root.keys(), (std::vector<std::string>{"c"}));
}

TEST_F(TomlTableTest, TakesInlineTables) {
  TomlTable root = parse("t = { a = 1 }\nl = [ { b = 2 }, 3 ]\n");
  EXPECT_EQ(root.table("t")->integer("a", 0, 9), 1);
  EXPECT_EQ(root.tables("l").size(), 1U);
  EXPECT_EQ(said(),
            "f:2:18: error: 'l' must be a list of tables, not the integer 3 (write [[l]])\n");
}

TEST_F(TomlTableTest, RefusesControlCharactersInText) {
  TomlTable root = parse("path = \"a\\u0000b\"\nok = \"grüße\"\n");
  EXPECT_FALSE(root.string("path"));
  EXPECT_EQ(root.string("ok"), "grüße");
  EXPECT_EQ(problems_.error_count(), 1U);
}

TEST_F(TomlTableTest, OutlivesTheRoot) {
  std::optional<TomlTable> inner;
  {
    TomlTable root = parse("[a]\nx = 'text'\n");
    inner = root.table("a");
  }
  EXPECT_EQ(inner->string("x"), "text");
}

TEST_F(TomlTableTest, ReportsSyntaxErrorsWithAHint) {
  EXPECT_EQ(syntax("a = 1\na = 2\n"),
            "f:2:5: error: syntax error in key-value pair: cannot redefine existing integer 'a' (a "
            "key may be set once in a table)\n");
  EXPECT_EQ(syntax("[a]\n[a]\n"),
            "f:2:1: error: syntax error in table header: cannot redefine existing table 'a' (a "
            "table may stand once; put its keys together)\n");
  EXPECT_NE(syntax("a = word\n").find("(text needs quotes: key = \"text\")"), std::string::npos);
  EXPECT_NE(syntax("a = [1,\n").find("(something is not closed"), std::string::npos);
  EXPECT_NE(syntax("a = 'x\n").find("(close the quote on the same line"), std::string::npos);
  EXPECT_NE(syntax("a 1\n").find("(write key = value)"), std::string::npos);
  EXPECT_NE(syntax("a =\n").find("(write a value after the '=')"), std::string::npos);
  EXPECT_NE(syntax("a = 007\n").find("(drop the leading zeros"), std::string::npos);
  EXPECT_NE(syntax("a = 1 b = 2\n").find("(one key = value a line"), std::string::npos);
  EXPECT_NE(syntax("[a]\n[[a]]\n").find("(a list of tables is written [[name]]"),
            std::string::npos);
  syntax(std::string("a = \"\xff\"\n"));
  syntax(std::string(1000, '['));
}

TEST_F(TomlTableTest, RefusesKeysNestedWithoutEnd) {
  std::string key = "x = 1\na";
  for (int i = 0; i < 100'000; ++i) { key += ".a"; }
  EXPECT_EQ(syntax(key + " = 1\n"), "f:2:1: error: a key of more than 256 dots\n");
  // Lists of addresses and comments have many dots too.
  std::string list = "l = [";
  for (int i = 0; i < 200; ++i) { list += "'192.0.2.1', "; }
  parse(list + "]  # " + std::string(500, '.') + "\n");
}

TEST_F(TomlTableTest, ReportsFilesItCannotRead) {
  EXPECT_FALSE(TomlTable::open("/nonexistent.toml", problems_));
  EXPECT_EQ(said(), "/nonexistent.toml: error: can't read the file: No such file or directory\n");
}

}  // namespace
}  // namespace gslb
