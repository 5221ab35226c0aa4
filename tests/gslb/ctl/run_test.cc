// The verbs against canned answers.
#include "gslb/ctl/run.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gslb/ctl/render.h"
#include "gslb/ctl/table.h"

#include "tests/support/folder.h"

namespace gslb::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kStatus = R"({"version":"0.1.0","config_file":"/etc/p.toml","ready":true,
 "now":"2026-11-21T23:00:00.000Z","uptime_s":11520.5,"generation":7,"listen":["127.0.0.1:53"],
 "zones":1,"records":20,"routes":3,"units":40,"leaves":90,
 "plan":{"number":7,"feasible":false,"over_scale":1.25,"demand_per_s":12345,"moved_share":0.5},
 "reload":{"number":2,"running":false,"succeeded":false,"finished":"2026-11-21T22:00:00.000Z",
           "problems":["p.toml:3:1: error: no"]},
 "clusters":[{"id":"fra","city":"Frankfurt","country":"DE","health_kind":"heartbeat",
   "serving":true,"admin":"drain","admin_reason":"fan \u001b[2J","admin_expires":
   "2026-11-21T23:10:00.000Z","utilisation":1.2,"price_ms":3.5,"planned_load_per_s":950,
   "capacity_per_s":null,"nodes":[
    {"id":"n1","health":"up","serving":true,"heartbeat_age_ms":200,"admin":"none",
     "load":[{"resource":"requests_per_s","current":1500,"target":8000,"max":10000}]},
    {"id":"n2","health":"stale","serving":false,"heartbeat_age_ms":65000,"admin":"none",
     "load":[]}]}],
 "events":[{"at":"2026-11-21T22:59:00.000Z","kind":"node_health","target":"fra/n2",
            "text":"up -> stale"}]})";

struct FakeWorld {
  World world;
  std::deque<Result<HttpReply, std::string>> replies;
  std::vector<HttpCall> calls;
  std::string out;
  std::string err;
  int sleeps = 0;
  std::vector<std::string> became;  // proxima-gslb with these arguments
  std::string learnt;

  FakeWorld() {
    world.call = [this](const HttpCall& call) -> Result<HttpReply, std::string> {
      calls.push_back(call);
      if (replies.empty()) { return Unexpected(std::string("connection refused")); }
      auto reply = replies.front();
      replies.pop_front();
      return reply;
    };
    world.sleep = [this](milliseconds) { ++sleeps; };
    world.print = [this](const std::string& text) { out += text; };
    world.complain = [this](const std::string& text) { err += text; };
    world.environment = [](const char*) -> const char* { return nullptr; };
    world.become_server = [this](std::vector<std::string> arguments, const std::string& text) {
      became = std::move(arguments);
      learnt = text;
      return kExitOk;
    };
  }
  void reply(unsigned status, const std::string& body) {
    replies.emplace_back(HttpReply{status, "application/json", body});
  }
  int run_words(std::vector<std::string> words) {
    words.insert(words.begin(), {"--url", "http://127.0.0.1:1/"});
    const auto options = parse_options(words);
    EXPECT_TRUE(options) << options.error();
    return run(*options, world);
  }
};

TEST(Run, KeysOfAZoneThatHasNoneAreAnError) {
  const tests::Folder own;
  const std::string folder = own / "no-such-keys";
  for (const char* action : {"ds", "list"}) {
    FakeWorld fake;
    EXPECT_EQ(fake.run_words({"keys", action, "example.", "--dir", folder}), kExitUsage);
    EXPECT_EQ(fake.err, "proximactl: no keys of example. in " + folder + "\n");
  }
}

TEST(Run, SaysWhatToDoWhenNobodyListens) {
  FakeWorld fake;
  EXPECT_EQ(fake.run_words({"status"}), kExitServer);
  EXPECT_EQ(fake.err,
            "proximactl: cannot reach http://127.0.0.1:1: connection refused; is proxima-gslb "
            "running?\n");
}

TEST(Run, MapsStatusCodesToExitCodes) {
  const std::vector<std::pair<unsigned, int>> cases = {
      {400, kExitUsage}, {401, kExitDenied}, {403, kExitDenied}, {404, kExitNotFound},
      {405, kExitUsage}, {500, kExitServer}, {503, kExitServer}};
  for (const auto& [status, code] : cases) {
    FakeWorld fake;
    fake.reply(status, R"({"error":"no","hint":"try"})");
    EXPECT_EQ(fake.run_words({"drain", "fra"}), code) << status;
    EXPECT_EQ(fake.err, "proximactl: no (try)\n");
  }
}

TEST(Run, EncodesWhatTheOperatorTyped) {
  FakeWorld fake;
  fake.reply(200, R"({"matched":2})");
  EXPECT_EQ(fake.run_words(
                {"--token", "secret", "drain", "*/n1", "--for", "10m", "--reason", "fan & noise"}),
            kExitOk);
  EXPECT_EQ(fake.calls[0].method, "POST");
  EXPECT_EQ(fake.calls[0].url,
            "http://127.0.0.1:1/v1/drain?target=%2A%2Fn1&for_ms=600000&reason=fan%20%26%20noise");
  EXPECT_EQ(fake.calls[0].headers[0].second, "Bearer secret");
  EXPECT_EQ(fake.out, "drained */n1 (2 matched) for 10m\n");
}

TEST(Run, WaitsForTheEndOfAReload) {
  FakeWorld fake;
  fake.reply(202, R"({"number":3,"running":true,"succeeded":true,"problems":[]})");
  fake.reply(200, R"({"number":3,"running":true,"succeeded":true,"problems":[]})");
  fake.reply(200, R"({"number":3,"running":false,"succeeded":false,"problems":["f:1:2: bad"]})");
  EXPECT_EQ(fake.run_words({"reload"}), kExitUsage);
  EXPECT_EQ(fake.sleeps, 2);
  EXPECT_THAT(fake.err, HasSubstr("f:1:2: bad\n"));
  EXPECT_THAT(fake.err, HasSubstr("refused"));
}

TEST(Run, PrintsTheServersJsonUnchanged) {
  FakeWorld fake;
  fake.reply(200, kStatus);
  EXPECT_EQ(fake.run_words({"status", "--json"}), kExitOk);
  EXPECT_EQ(fake.out, kStatus);
}

TEST(Run, TellsThatItIsNotReady) {
  FakeWorld fake;
  fake.reply(503, "waiting\n");
  EXPECT_EQ(fake.run_words({"ready"}), kExitServer);
  EXPECT_EQ(fake.out, "waiting\n");
}

TEST(Run, SurvivesAnswersOfSomethingElse) {
  for (const std::string body : {"", "<html>", "[]", "{", "null"}) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"status"},
                                                  {"explain", "a", "--client", "::1"},
                                                  {"reload"},
                                                  {"drain", "fra"}}) {
      FakeWorld fake;
      fake.reply(200, body);
      EXPECT_EQ(fake.run_words(words), kExitServer) << words[0] << ' ' << body;
    }
  }
}

TEST(StatusText, ShowsWhatAnOperatorLooksFor) {
  const auto text = render_status(kStatus, {.verbose = true});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("proxima-gslb 0.1.0  ready  generation 7  up 3h12m\n"));
  EXPECT_THAT(*text, HasSubstr("1 zone, 20 records, 3 routes, 40 units, 90 leaves\n"));
  EXPECT_THAT(*text, HasSubstr("12.3k queries/s"));
  EXPECT_THAT(*text, HasSubstr("1.25 times the targets"));
  EXPECT_THAT(*text, HasSubstr("last reload refused at 2026-11-21 22:00:00 UTC\n  p.toml:3:1"));
  EXPECT_THAT(*text, HasSubstr("Frankfurt DE  partly    1/2  120%"));
  EXPECT_THAT(*text, HasSubstr("fra     drain  2026-11-21 23:10:00  fan ?[2J\n"));
  EXPECT_THAT(*text, HasSubstr("1m5s"));
  EXPECT_THAT(*text, HasSubstr("requests_per_s 1.50k/8.00k"));
  EXPECT_THAT(*text, Not(HasSubstr("\x1b")));
  for (std::size_t start = 0; start < text->size();) {
    const std::size_t end = text->find('\n', start);
    EXPECT_LE(end - start, 100U) << text->substr(start, end - start);
    if (end > start) { EXPECT_NE((*text)[end - 1], ' '); }
    start = end + 1;
  }
}

TEST(Run, SimulateHandsOverWhatTheServerHasLearnt) {
  FakeWorld fake;
  fake.reply(503, R"({"error":"it is being written"})");
  fake.reply(200, "proxima-learnt 1\n");
  EXPECT_EQ(fake.run_words({"-c", "new.toml", "simulate", "--outage=fra", "--max-moved", "5%",
                            "--json", "--token", "x"}),
            kExitOk);
  EXPECT_EQ(fake.calls.size(), 2U);
  EXPECT_EQ(fake.sleeps, 1);
  EXPECT_THAT(fake.became, ::testing::ElementsAre("simulate", "-c", "new.toml", "--outage", "fra",
                                                  "--max-moved", "5%", "--json"));
  EXPECT_EQ(fake.learnt, "proxima-learnt 1\n");
  FakeWorld denied;
  denied.reply(401, R"({"error":"not authorised"})");
  EXPECT_EQ(denied.run_words({"simulate"}), kExitDenied);
  EXPECT_TRUE(denied.became.empty());
  FakeWorld busy;
  for (int i = 0; i < 100; ++i) { busy.reply(503, "{}"); }
  EXPECT_EQ(busy.run_words({"simulate", "--timeout", "1s"}), kExitServer);
  EXPECT_EQ(busy.sleeps, 20);
}

TEST(Run, TrialsThatNeedNoServerAskNone) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"simulate", "--state", "/var/lib/proxima"},
        {"simulate", "--queries", "log"},
        {"check", "--n-1", "strict", "--dnssec"},
        {"replay", "decisions.txt"}}) {
    FakeWorld fake;
    EXPECT_EQ(fake.run_words(words), kExitOk);
    EXPECT_TRUE(fake.calls.empty());
    EXPECT_EQ(fake.became.at(0), words[0]);
    EXPECT_EQ(fake.became.back(), words.back());
  }
}

TEST(ExplainText, ShowsEveryClusterAndDropsEmptyColumns) {
  const auto text = render_explain(
      R"({"name":"www.cdn.example.","type":"A","client":"198.51.100.7","rcode":"NOERROR",
 "addresses":["192.0.2.1"],"ttl_s":30,"scope_bits":24,"cluster":"fra","reason":"best",
 "route":"*.cdn.example.","service":"web","zone":"example.","decided_by":"client subnet",
 "leaf":"198.51.100.0/24","unit_id":"00000000000000aa","asn":64500,"asn_name":"Example Net",
 "country":"DE","latitude":50,"longitude":8,"place_sigma_km":25,"generation":7,
 "attributions":["data by somebody"],"clusters":[
 {"id":"fra","verdict":"chosen: best","chosen":true,"serving":true,"rank":0,"share":0.75,
  "rtt_ms":5.6,"rtt_sigma_ms":1.7,"rtt_source":"distance","on_net_ms":-20,"tier_ms":0,
  "money_ms":0,"bias_ms":0,"prefer_ms":0,"cost_ms":-14.4,"price_ms":2.5,"mask":"",
  "tier":"default","admin":"drain","nodes":4,"serving_nodes":3,"utilisation":0.73,
  "load":[{"resource":"requests_per_s","current":7300,"target":10000,"max":12000},
          {"resource":"connections","current":12,"target":0,"max":0}],
  "planned_load_per_s":12.3,"capacity_per_s":null},
 {"id":"syd","verdict":"masked: tier","chosen":false,"serving":true,"rank":-1,"share":0,
  "rtt_ms":211.7,"rtt_sigma_ms":63.5,"rtt_source":"distance","on_net_ms":0,"tier_ms":0,
  "money_ms":0,"bias_ms":0,"prefer_ms":0,"cost_ms":0,"price_ms":0,"mask":"tier"}]})",
      {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("AS64500 Example Net  DE  50.00, 8.00 ± 25 km"));
  EXPECT_THAT(*text, HasSubstr("NOERROR  192.0.2.1  TTL 30 s  scope /24"));
  EXPECT_THAT(*text, HasSubstr("5.6 ± 1.7"));
  EXPECT_THAT(*text, HasSubstr("-20.0"));
  EXPECT_THAT(*text, HasSubstr("75%  chosen: best"));
  EXPECT_THAT(*text, HasSubstr("masked: tier"));
  EXPECT_THAT(*text, HasSubstr("requests_per_s 7.30k/10.0k/12.0k, connections 12 "));
  EXPECT_THAT(*text, HasSubstr("3/4 drain  73%"));
  EXPECT_THAT(*text, HasSubstr("no limit"));
  EXPECT_THAT(*text, Not(HasSubstr("MONEY")));
  EXPECT_THAT(*text, HasSubstr("\ndata by somebody\n"));
}

TEST(Table, AlignsByCharactersNotOctets) {
  Table table({{"A", true}, {"EMPTY"}, {"B"}});
  table.add({"1 ± 2", "", "x"});
  table.add({"1234567", "", "y"});
  EXPECT_EQ(table.to_string(false), "      A  B\n  1 ± 2  x\n1234567  y\n");
}

TEST(FindServer, PrefersOptionsToTheEnvironment) {
  const Environment environment = [](const char* name) {
    return std::string(name) == "PROXIMA_URL" ? "http://env:1/" : "envtoken";
  };
  Connection connection;
  auto found = find_server(connection, environment);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->url, "http://env:1");
  EXPECT_EQ(found->token, "envtoken");
  connection.url = "http://opt:2";
  connection.token = "opttoken";
  found = find_server(connection, environment);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->url, "http://opt:2");
  EXPECT_EQ(found->token, "opttoken");
  connection = {};
  connection.config_file = "/nonexistent/p.toml";
  EXPECT_FALSE(find_server(connection, environment));
}

}  // namespace
}  // namespace gslb::ctl
