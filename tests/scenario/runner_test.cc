// What the runner must refuse: a suite that passes whatever it says proves nothing.
#include <gtest/gtest.h>

#include "tests/scenario/scenario.h"

namespace {

// 17 lines; steps begin on line 18.
const std::string kHead =
    "config:\n"
    "  [cluster.fra]\n"
    "  latitude = 50\n"
    "  longitude = 8\n"
    "  health = \"none\"\n"
    "  [[cluster.fra.node]]\n"
    "  id = \"n1\"\n"
    "  ipv4 = \"203.0.113.11\"\n"
    "  [service.web]\n"
    "  [[route]]\n"
    "  name = \"*.example.\"\n"
    "  service = \"web\"\n"
    "zone example.:\n"
    "  @ 60 IN SOA ns1 host 1 3600 900 604800 60\n"
    "  @ 60 NS ns1\n"
    "  ns1 60 A 203.0.113.1\n"
    "\n";
const std::string kQuery = "query www.example. A from 192.0.2.53\n";  // line 18
const std::string kGood = "expect NOERROR aa; www.example. 60 A 203.0.113.11\n";

// What is wrong with the text; "" when it holds.
std::string verdict(const std::string& text) {
  try {
    scenario::run(scenario::parse("t", text));
  } catch (const std::exception& error) { return error.what(); }
  return "";
}
std::string steps(const std::string& text) { return verdict(kHead + text); }

void expect_refused(const std::string& text, const std::string& why) {
  const std::string found = verdict(text);
  EXPECT_EQ(found.substr(0, why.size()), why) << text;
}

TEST(Runner, AcceptsWhatHolds) {
  EXPECT_EQ(steps(kQuery + kGood + "count queries +1 decision.web.fra.best +1\n"), "");
  EXPECT_EQ(steps(kQuery + "expect NOERROR aa\n  ; www.example. 60 A 203.0.113.11\n"), "");
  EXPECT_EQ(steps(kQuery + "expect NOERROR aa; www.example. 60 A any of 192.0.2.1 203.0.113.11\n"),
            "");
  EXPECT_EQ(steps("share *.example. A over 10 names; fra 100%..100%\n"), "");
  EXPECT_EQ(steps("traffic 3 *.example. A\nat 2500ms\ntraffic 0\nat 9s\n" + kQuery + kGood +
                  "count queries +10\n"),
            "");
  EXPECT_EQ(steps(kQuery + kGood + "at 1500ms\nat 2s\nat 1m\n# the end\n"), "");
}

TEST(Runner, RefusesAResponseThatDiffersInAnything) {
  const std::pair<std::string, std::string> kWrong[] = {
      {"NOERROR aa; www.example. 60 A 203.0.113.12", "the answer"},
      {"NOERROR aa; www.example. 60 A 203.0.113.11, 203.0.113.12", "the answer"},
      {"NOERROR aa; www.example. 61 A 203.0.113.11", "the answer"},
      {"NOERROR aa; ns1.example. 60 A 203.0.113.11", "the answer"},
      {"NOERROR aa; www.example. 60 A any of 203.0.113.12 203.0.113.13", "the answer"},
      {"NOERROR aa; www.example. 60 A 203.0.113.11; www.example. 60 A any of 203.0.113.11",
       "the answer"},
      {"NOERROR aa; no answer", "the answer"},
      {"NOERROR; www.example. 60 A 203.0.113.11", "aa"},
      {"NOERROR aa tc; www.example. 60 A 203.0.113.11", "tc"},
      {"NXDOMAIN aa; www.example. 60 A 203.0.113.11", "the RCODE"},
      {"dropped", "the RCODE"},
      {"NOERROR aa; www.example. 60 A 203.0.113.11; scope 24", "the scope"},
      {"NOERROR aa; www.example. 60 A 203.0.113.11; authority example. 60 NS ns1.example.",
       "the authority section"},
      {"NOERROR aa; www.example. 60 A 203.0.113.11; additional ns1.example. 60 A 203.0.113.1",
       "the additional section"},
  };
  for (const auto& [wrong, what] : kWrong) {
    expect_refused(kHead + kQuery + "expect " + wrong + '\n', "t:19: " + what + " differs");
  }
  expect_refused(kHead + "query www.example. A ecs 192.0.2.0/24\n" + kGood, "t:19: the scope");
}

TEST(Runner, ShowsWhatWasAnswered) {
  EXPECT_EQ(steps(kQuery + "expect NOERROR aa; no answer\n"),
            "t:19: the answer differs\n  expected: NOERROR aa; no answer\n"
            "  answered: NOERROR aa; www.example. 60 A 203.0.113.11");
}

TEST(Runner, RefusesAWrongCount) {
  const std::string asked = kHead + kQuery + kGood;
  expect_refused(asked + "count queries +2\n", "t:20: queries grew by 1, not +2");
  expect_refused(asked + "count queries +0\n", "t:20: queries grew by 1, not +0");
  expect_refused(asked + "count queries +1\ncount queries +1\n", "t:21: queries grew by 0");
  expect_refused(asked + "count queries +1 decision.web.fra.spill +1\n", "t:20: decision.web.fra");
  expect_refused(asked + "count decision.web.lon.best +0\n", "t:20: no counter 'decision.web.lon");
  expect_refused(asked + "count queries 1\n", "t:20: a count is '+N'");
  expect_refused(asked + "count\n", "t:20: the counter is missing");
}

TEST(Runner, RefusesAWrongShare) {
  const std::string share = kHead + "share *.example. A over 10 names";
  expect_refused(share + "; fra 10%..99%\n", "t:18: the share of fra differs\n  answered; fra 100");
  expect_refused(share + "\n", "t:18: 'fra' is not expected");
  expect_refused(share + "; fra 100%..100%; lon 1%..100%\n", "t:18: the share of lon differs");
  expect_refused(share + "; fra 100%\n", "t:18: a share is LOW%..HIGH%");
  expect_refused(kHead + "share www.example. A over 10 names; fra 100%..100%\n", "t:18: the name");
}

TEST(Runner, RefusesStepsItCannotRead) {
  const std::pair<std::string, std::string> kWrong[] = {
      {"wait 3s", "no step is called 'wait'"},
      {"at 3", "'3' is no time"},
      {"at -3s", "'' is no number"},
      {"at 3s 4s", "can't read '4s'"},
      {"beat fra", "the node is missing"},
      {"beat fra/n9", "heartbeat of n9: un"},
      {"beat fra/n1 state good", "a state is"},
      {"beat fra/n1 load x", "a load is RESOURCE=NUMBER"},
      {"beat fra/n1 load x=y", "'y' is no number"},
      {"traffic", "queries per second is missing"},
      {"traffic 3 www.example.", "the type is missing"},
      {"silence fra/n1", "fra/n1 does not beat"},
      {"admin kill fra", "'kill' is not"},
      {"admin none fra", "'none' is not"},
      {"admin down lon", "'lon' names nothing"},
      {"query www.example. AA", "'AA' is no type"},
      {"query www.example. A ecs 192.0.2.1/24", "no prefix: 192.0.2.1/24"},
      {"query www.example. A from me", "no address: me"},
      {"query www.example. A with love", "can't read 'with love'"},
      {"expect NOERROR", "expect without a query"},
  };
  for (const auto& [wrong, what] : kWrong) {
    expect_refused(kHead + wrong + '\n' + kQuery + kGood, "t:18: " + what);
  }
  for (const char* wrong : {"", "NOERROR aa", "NOERROR aa ra; no answer",
                            "NOERROR aa; no answer; www.example. 60 A 203.0.113.11",
                            "NOERROR aa; www.example. 60 A", "NOERROR aa; www.example. 60",
                            "NOERROR aa; no answer; scope x", "NOERROR aa; no answer;"}) {
    expect_refused(kHead + kQuery + "expect " + wrong + '\n', "t:19: ");
  }
  expect_refused(kHead + "at 3s\nat 2s\n", "t:19: time does not run backwards");
}

TEST(Runner, RefusesAScenarioThatTestsNothing) {
  expect_refused(kHead, "t:17: no steps");
  expect_refused(kHead + "at 3s\n", "t:18: nothing is expected");
  expect_refused(kHead + kQuery, "t:18: the query before has no expect");
  expect_refused(kHead + kQuery + kQuery + kGood, "t:19: the query before has no expect");
  expect_refused("", "t:0: no config");
}

TEST(Runner, RefusesSectionsItCannotRead) {
  expect_refused("places:\n  192.0.2.0, 1, 2, 3, 4, 5\n", "t:2: a place is");
  expect_refused("places:\n  here, DE\n", "t:2: a place is");
  expect_refused("words:\n", "t:1: a section is");
  expect_refused("  latitude = 1\n", "t:1: an indented line");
  expect_refused("config:\n\tlatitude = 1\n", "t:2: a tab");
  expect_refused(kHead + kQuery + "zone x.:\n", "t:19: sections stand before steps");
}

TEST(Runner, RefusesAConfigurationTheDaemonWould) {
  const std::string steps = kQuery + kGood;
  EXPECT_NE(verdict("config:\n  colour = 1\nzone example.:\n  @ NS ns1\n" + steps).find("colour"),
            std::string::npos);
  EXPECT_NE(verdict("config:\n  [server]\n" + steps).find("zone"), std::string::npos);
}

}  // namespace
