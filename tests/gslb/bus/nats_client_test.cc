// Against a real nats-server, which is killed, paused and robbed of its memory.
#include "gslb/bus/nats_client.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "tests/gslb/bus/broker.h"

namespace gslb::bus {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;

// What a client heard, for a test to wait on.
class Ear {
 public:
  void hear(std::string subject, std::string octets) {
    const std::lock_guard lock(mutex_);
    heard_[std::move(subject)] = std::move(octets);
    changed_.notify_all();
  }
  void see(std::vector<BucketEntry> entries) {
    const std::lock_guard lock(mutex_);
    table_.clear();
    for (BucketEntry& entry : entries) { table_[entry.key] = std::move(entry.value); }
    ++tables_;
    changed_.notify_all();
  }
  bool hears(const std::string& subject, const std::string& octets) {
    return wait([&] {
      const auto found = heard_.find(subject);
      return found != heard_.end() && found->second == octets;
    });
  }
  bool sees(const std::map<std::string, std::string>& table) {
    return wait([&] { return tables_ > 0 && table_ == table; });
  }
  void close_eyes() {
    const std::lock_guard lock(mutex_);
    tables_ = 0;
  }

 private:
  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> heard_;
  std::map<std::string, std::string> table_;
  int tables_ = 0;
};

template <typename Condition>
bool wait_until(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) { return false; }
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

class NatsClientTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!tests::Broker::is_installed()) { GTEST_SKIP() << "nats-server is not installed"; }
  }
  NatsOptions options() const {
    NatsOptions options;
    options.servers = {broker_.url()};
    options.name = "test";
    options.reconnect_wait = 20ms;
    options.ping_interval = 100ms;
    options.request_timeout = 1s;
    return options;
  }
  static std::optional<SwapError> swap(NatsClient& client, std::optional<std::string> expected,
                                       std::string value) {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Result<void, SwapError>> result;
    client.swap("b", "k", std::move(expected), std::move(value), [&](Result<void, SwapError> got) {
      const std::lock_guard lock(mutex);
      result = got;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return result.has_value(); });
    return *result ? std::nullopt : std::optional(result->error());
  }
  tests::Broker broker_;
};

TEST_F(NatsClientTest, WhatOnePublishesAnotherHears) {
  broker_.start();
  Ear ear;
  NatsClient hearing(options());
  hearing.subscribe("a.*", [&](auto subject, auto octets) {
    ear.hear(std::string(subject), std::string(octets));
  });
  hearing.start();
  NatsClient speaking(options());
  speaking.start();
  ASSERT_TRUE(
      wait_until([&] { return hearing.status().connected && speaking.status().connected; }));
  const std::string octets("\0\n\xff", 3);
  // The subscription may still be on its way to the broker.
  EXPECT_TRUE(wait_until([&] {
    speaking.publish("a.b", octets);
    return hearing.status().received > 0;
  }));
  EXPECT_TRUE(ear.hears("a.b", octets));
  EXPECT_EQ(hearing.status().server, broker_.url());
  EXPECT_EQ(hearing.status().last_error, "");
}

TEST_F(NatsClientTest, ATableIsReadAtTheStartAndAfterTheBrokerWasAway) {
  broker_.start();
  NatsClient writer(options());
  Ear of_writer;
  writer.follow({.name = "b", .on_disk = true}, [&](auto entries) { of_writer.see(entries); });
  writer.start();
  EXPECT_TRUE(of_writer.sees({}));
  EXPECT_EQ(swap(writer, std::nullopt, "one"), std::nullopt);
  writer.publish("$KV.b.fra.n1", "two");

  Ear ear;
  NatsClient reader(options());
  EXPECT_TRUE(wait_until([&] { return writer.status().sent == 1; }));
  reader.follow({.name = "b", .on_disk = true}, [&](auto entries) { ear.see(entries); });
  reader.subscribe("$KV.b.>", [&](auto subject, auto octets) {
    ear.hear(std::string(subject), std::string(octets));
  });
  reader.start();
  EXPECT_TRUE(ear.sees({{"k", "one"}, {"fra.n1", "two"}}));
  EXPECT_EQ(swap(writer, "one", "three"), std::nullopt);
  EXPECT_TRUE(ear.hears("$KV.b.k", "three"));

  ear.close_eyes();
  broker_.kill();
  EXPECT_TRUE(wait_until([&] { return !reader.status().connected; }));
  EXPECT_FALSE(reader.status().tables_read);
  broker_.start();
  EXPECT_TRUE(ear.sees({{"k", "three"}, {"fra.n1", "two"}}));
  EXPECT_TRUE(wait_until([&] { return reader.status().tables_read; }));
  EXPECT_GE(reader.status().connections, 2U);
}

TEST_F(NatsClientTest, ABrokerThatForgotHasItsBucketsMadeAgain) {
  broker_.start();
  Ear ear;
  NatsClient client(options());
  client.follow({.name = "b", .expiry = 60s}, [&](auto entries) { ear.see(entries); });
  client.start();
  EXPECT_TRUE(ear.sees({}));
  EXPECT_EQ(swap(client, std::nullopt, "one"), std::nullopt);
  ear.close_eyes();
  broker_.kill();
  broker_.forget();
  broker_.start();
  EXPECT_TRUE(ear.sees({}));
  EXPECT_TRUE(wait_until([&] { return swap(client, std::nullopt, "again") == std::nullopt; }));
}

TEST_F(NatsClientTest, OfTwoWhoChangeAValueTheSecondHearsOfTheFirst) {
  broker_.start();
  Ear ear;
  NatsClient one(options());
  NatsClient other(options());
  for (NatsClient* client : {&one, &other}) {
    client->follow({.name = "b"}, [&](auto entries) { ear.see(entries); });
    client->start();
    ASSERT_TRUE(wait_until([&] { return client->status().tables_read; }));
  }
  EXPECT_EQ(swap(one, std::nullopt, "1"), std::nullopt);
  EXPECT_EQ(swap(other, std::nullopt, "2"), SwapError::kConflict);
  EXPECT_EQ(swap(other, "0", "2"), SwapError::kConflict);
  EXPECT_EQ(swap(other, "1", "2"), std::nullopt);
  EXPECT_EQ(swap(one, "1", "3"), SwapError::kConflict);
}

TEST_F(NatsClientTest, WithoutABrokerNothingWaits) {
  NatsClient client(options());
  client.follow({.name = "b"}, [](auto) {});
  client.start();
  for (int i = 0; i < 10'000; ++i) { client.publish("a", "b"); }
  EXPECT_EQ(swap(client, std::nullopt, "1"), SwapError::kNotConnected);
  EXPECT_TRUE(wait_until([&] { return client.status().dropped_out == 10'000; }));
  EXPECT_NE(client.status().last_error, "");
  broker_.start();
  EXPECT_TRUE(wait_until([&] { return client.status().tables_read; }));
}

TEST_F(NatsClientTest, APausedBrokerIsLeftAndFoundAgain) {
  broker_.start();
  NatsClient client(options());
  client.follow({.name = "b"}, [](auto) {});
  client.start();
  ASSERT_TRUE(wait_until([&] { return client.status().tables_read; }));
  broker_.pause();
  EXPECT_TRUE(wait_until([&] { return !client.status().connected; }));
  EXPECT_EQ(swap(client, std::nullopt, "1"), SwapError::kNotConnected);
  broker_.resume();
  EXPECT_TRUE(wait_until([&] { return client.status().tables_read; }));
  EXPECT_EQ(swap(client, std::nullopt, "1"), std::nullopt);
}

TEST_F(NatsClientTest, StopsWhileTheBrokerIsPaused) {
  broker_.start();
  NatsClient client(options());
  client.follow({.name = "b"}, [](auto) {});
  client.start();
  ASSERT_TRUE(wait_until([&] { return client.status().tables_read; }));
  broker_.pause();
  client.publish("a", std::string(500'000, 'x'));
  bool told = false;
  client.swap("b", "k", std::nullopt, "1", [&](auto result) {
    EXPECT_FALSE(result);
    told = true;
  });
  client.stop();
  EXPECT_TRUE(told);
  broker_.resume();
}

constexpr std::string_view kOneUser =
    "authorization { users: [ {user: \"edge\", password: \"s3cret\", "
    "permissions: { publish: [\"allowed.>\"] } } ] }\n";

bool says(const NatsClient& client, const std::string& word) {
  return wait_until([&] { return client.status().last_error.find(word) != std::string::npos; });
}

class SecuredBus : public NatsClientTest {
 protected:
  void SetUp() override {
    NatsClientTest::SetUp();
    if (IsSkipped()) { return; }
    broker_.configure(std::string(kOneUser));
    broker_.start();
  }
  NatsOptions as_edge(std::string password) const {
    NatsOptions secured = options();
    secured.user = "edge";
    secured.password = std::move(password);
    return secured;
  }
};

TEST_F(SecuredBus, AWrongPasswordIsSaidAndTriedAgain) {
  NatsClient client(as_edge("new"));
  client.start();
  EXPECT_TRUE(says(client, "Authentication")) << client.status().last_error;
  EXPECT_FALSE(client.status().connected);

  NatsClient other(as_edge("s3cret"));
  other.start();
  EXPECT_TRUE(wait_until([&] { return other.status().connected; }));
  // The operator changes the password: one comes in, the other goes, and both go on trying.
  broker_.kill();
  broker_.configure("authorization { user: \"edge\", password: \"new\" }\n");
  broker_.start();
  EXPECT_TRUE(wait_until([&] { return client.status().connected; }));
  // libnats has given up, and a new connection is tried.
  EXPECT_TRUE(says(other, "no broker: Authentication")) << other.status().last_error;
  broker_.kill();
  broker_.configure(std::string(kOneUser));
  broker_.start();
  EXPECT_TRUE(wait_until([&] { return other.status().connected; }));
}

TEST_F(SecuredBus, WhatIsNotPermittedIsSaid) {
  NatsClient client(as_edge("s3cret"));
  client.start();
  EXPECT_TRUE(wait_until([&] { return client.status().connected; }));
  EXPECT_TRUE(wait_until([&] {
    client.publish("other.subject", "x");
    return client.status().last_error.find("ermission") != std::string::npos;
  })) << client.status().last_error;
  EXPECT_TRUE(client.status().connected);
}

}  // namespace
}  // namespace gslb::bus
