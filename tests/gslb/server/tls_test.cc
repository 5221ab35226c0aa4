#include <thread>

#include <gmock/gmock.h>

#include "tests/gslb/server/tls_client.h"

namespace gslb::server {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const TlsContext> load(const TestCertificate& certificate,
                                       const TlsContext* previous = nullptr) {
  Problems problems;
  auto context =
      TlsContext::load({certificate.certificate(), certificate.key()}, previous, problems);
  EXPECT_FALSE(problems.has_errors()) << problems.to_string();
  return context;
}

const TestCertificate& first_certificate() {
  static const TestCertificate kCertificate("first.example");
  return kCertificate;
}

ServerOptions tls_only(unsigned workers = 1, TcpLimits limits = {}) {
  ServerOptions options;
  options.listen_tls = {loopback_v4()};
  options.tls = load(first_certificate());
  options.workers = workers;
  options.tcp = limits;
  return options;
}

Endpoint at(EchoServer& echo) { return echo->tls_endpoints().at(0); }

std::uint64_t tls_queries(EchoServer& echo) {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < echo->workers(); ++i) sum += echo->counters(i).tls.queries.value();
  return sum;
}

TEST(Tls, AnswersPipelinedMessagesInOrder) {
  EchoServer echo(tls_only());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(at(echo), {.version = version});
    ASSERT_TRUE(client.handshake());
    std::string messages;
    for (std::uint32_t i = 0; i < 500; ++i) messages += framed(message(i, 12 + i));
    client.send(messages);
    for (std::uint32_t i = 0; i < 500; ++i) ASSERT_EQ(client.receive(), message(i, 12 + i));
    EXPECT_EQ(client.ask(message(1)), message(1));
  }
  EXPECT_EQ(tls_queries(echo), 1002U);
  EXPECT_EQ(echo.count_tcp(&StreamTraffic::queries), 0U);
  EXPECT_EQ(echo.count(&ServerCounters::tls_handshakes), 2U);
}

TEST(Tls, QueryInTheSegmentOfTheFinishedMessageIsAnswered) {
  EchoServer echo(tls_only());
  TlsClient client(at(echo), {});
  // Written before the handshake has been flushed: SSL_write does both.
  EXPECT_EQ(client.ask(message(5)), message(5));
}

TEST(Tls, JoinsRecordsThatArriveOctetByOctet) {
  EchoServer echo(tls_only());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(at(echo), {.version = version, .trickle = true});
    ASSERT_TRUE(client.handshake());
    client.send(framed(message(1)) + framed(message(2, 300)));
    EXPECT_EQ(client.receive(), message(1));
    EXPECT_EQ(client.receive(), message(2, 300));
  }
}

TEST(Tls, CarriesTheLongestMessagesAndStreams) {
  EchoServer echo(tls_only());
  TlsClient client(at(echo), {});
  EXPECT_EQ(client.ask(message(1, 65535)), message(1, 65535));
  client.send(framed(message(300, 101, EchoHandler::kStream)) + framed(message(2)));
  for (std::uint32_t i = 0; i < 300; ++i) {
    const std::string text = client.receive();
    ASSERT_EQ(text.size(), kMaxTcpMessageOctets);
    ASSERT_EQ(text.substr(0, 4), message(i).substr(0, 4));
  }
  EXPECT_EQ(client.receive(), message(2));
}

TEST(Tls, ManySlowReadersLoseNothing) {
  EchoServer echo(tls_only());
  std::vector<std::unique_ptr<TlsClient>> clients;
  constexpr std::uint32_t kMessages = 100;  // 6.5 MB each
  for (int c = 0; c < 5; ++c) {
    clients.push_back(std::make_unique<TlsClient>(at(echo)));
    std::string queries;
    for (std::uint32_t i = 0; i < kMessages; ++i) {
      queries += framed(message(i, 32, EchoHandler::kBig));
    }
    clients.back()->send(queries);
  }
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    for (const auto& client : clients) {
      const std::string answer = client->receive();
      ASSERT_EQ(answer.size(), kMaxTcpMessageOctets);
      ASSERT_EQ(answer.substr(0, 32), message(i, 32, EchoHandler::kBig));
    }
  }
}

TEST(Tls, AcceptsDotAndNoProtocolAndRefusesOthers) {
  EchoServer echo(tls_only());
  TlsClient dot(at(echo), {.alpn = std::string("\2h2\3dot")});
  ASSERT_TRUE(dot.handshake());
  EXPECT_EQ(dot.alpn(), "dot");
  TlsClient none(at(echo), {});
  ASSERT_TRUE(none.handshake());
  EXPECT_EQ(none.alpn(), "");
  TlsClient other(at(echo), {.alpn = std::string("\2h2\3doq")});
  EXPECT_FALSE(other.handshake());
  EXPECT_TRUE(echo.reaches(&ServerCounters::tcp_closed_tls, 1));
}

TEST(Tls, RefusesVersionsBelow12) {
  EchoServer echo(tls_only());
  TlsClient client(at(echo), {.version = TLS1_1_VERSION});
  EXPECT_FALSE(client.handshake());
  EXPECT_TRUE(echo.reaches(&ServerCounters::tcp_closed_tls, 1));
}

TEST(Tls, ResumesInAnyWorkerAndAfterANewCertificate) {
  EchoServer echo(tls_only(4));
  const TestCertificate second("second.example");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(at(echo), {.version = version});
    ASSERT_EQ(client.ask(message(1)), message(1));
    EXPECT_FALSE(client.resumed());
    SSL_SESSION* const session = client.session();
    for (int i = 0; i < 16; ++i) {
      TlsClient again(at(echo), {.version = version, .session = session});
      ASSERT_EQ(again.ask(message(2)), message(2));
      EXPECT_TRUE(again.resumed());
    }
    echo->set_tls(load(second, load(first_certificate()).get()));  // other tickets
    TlsClient foreign(at(echo), {.version = version, .session = session});
    ASSERT_EQ(foreign.ask(message(3)), message(3));
    EXPECT_FALSE(foreign.resumed());
    ::SSL_SESSION_free(session);
  }
  EXPECT_EQ(echo.count(&ServerCounters::tls_handshakes), 36U);
  EXPECT_EQ(echo.count(&ServerCounters::tls_resumed), 32U);
}

TEST(Tls, NewCertificateIsForNewConnectionsAndKeepsTickets) {
  ServerOptions options = tls_only();
  const auto before = options.tls;
  EchoServer echo(options);
  TlsClient early(at(echo), {});
  ASSERT_EQ(early.ask(message(1)), message(1));
  SSL_SESSION* const session = early.session();
  const TestCertificate second("second.example");
  echo->set_tls(load(second, before.get()));
  TlsClient late(at(echo), {});
  ASSERT_TRUE(late.handshake());
  EXPECT_EQ(early.server_name(), "first.example");
  EXPECT_EQ(late.server_name(), "second.example");
  EXPECT_EQ(early.ask(message(2)), message(2));
  TlsClient resumed(at(echo), {.session = session});
  ASSERT_EQ(resumed.ask(message(3)), message(3));
  EXPECT_TRUE(resumed.resumed());
  ::SSL_SESSION_free(session);
}

TEST(Tls, ClosesWhoDoesNotFinishTheHandshakeInTime) {
  TcpLimits limits;
  limits.handshake = milliseconds(80);
  limits.idle = seconds(60);
  EchoServer echo(tls_only(1, limits));
  TcpClient silent(at(echo));
  TcpClient stuck(at(echo));
  stuck.send(std::string("\x16\x03\x01\x01\x00", 5));
  EXPECT_TRUE(silent.is_closed());
  EXPECT_TRUE(stuck.is_closed());
  EXPECT_EQ(echo.count(&ServerCounters::tcp_closed_handshake), 2U);
  TlsClient whole(at(echo), {});
  EXPECT_EQ(whole.ask(message(1)), message(1));
}

TEST(Tls, ClosesIdleConnectionsWithANotice) {
  TcpLimits limits;
  limits.idle = milliseconds(60);
  EchoServer echo(tls_only(1, limits));
  TlsClient client(at(echo), {});
  EXPECT_EQ(client.ask(message(1)), message(1));
  EXPECT_EQ(client.receive(), "");
  EXPECT_TRUE(client.was_told_to_close());
  EXPECT_EQ(echo.count(&ServerCounters::tcp_closed_idle), 1U);
}

TEST(Tls, WhatIsNoTlsIsClosedAndDisturbsNobody) {
  EchoServer echo(tls_only());
  TlsClient witness(at(echo), {});
  ASSERT_EQ(witness.ask(message(1)), message(1));
  TcpClient plain(at(echo));
  plain.send(framed(message(1)));
  std::array<char, 512> alert;
  while (::recv(plain.fd(), alert.data(), alert.size(), 0) > 0) {}
  TlsClient broken(at(echo), {});
  ASSERT_EQ(broken.ask(message(1)), message(1));
  broken.tcp().send(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
  EXPECT_EQ(broken.receive(), "");
  EXPECT_TRUE(echo.reaches(&ServerCounters::tcp_closed_tls, 2));
  EXPECT_EQ(witness.ask(message(2)), message(2));
  EXPECT_EQ(echo.count(&ServerCounters::tls_accepted), 3U);
}

TEST(Tls, FloodOfHandshakesTakesNoPlaceOfTheEstablished) {
  TcpLimits limits;
  limits.connections = 8;
  EchoServer echo(tls_only(1, limits));
  TlsClient established(at(echo), {});
  ASSERT_EQ(established.ask(message(1)), message(1));
  std::vector<TcpClient> flood;
  for (int i = 0; i < 50; ++i) flood.emplace_back(at(echo));
  ASSERT_TRUE(echo.reaches(&ServerCounters::tcp_accepted, 51));
  EXPECT_EQ(established.ask(message(2)), message(2));
  EXPECT_GE(echo.count(&ServerCounters::tcp_closed_full), 43U);
}

TEST(Tls, StopAnswersWhatHasArrived) {
  EchoServer echo(tls_only());
  TlsClient client(at(echo), {});
  ASSERT_EQ(client.ask(message(1)), message(1));
  TcpClient opening(at(echo));
  client.send(framed(message(2)));
  echo->stop();
  EXPECT_EQ(client.receive(), message(2));
  EXPECT_EQ(client.receive(), "");
  EXPECT_TRUE(client.was_told_to_close());
  EXPECT_TRUE(opening.is_closed());
}

TEST(TlsContext, SaysWhatIsWrongWithItsFiles) {
  const TestCertificate other("other.example");
  const std::string certificate = first_certificate().certificate();
  const std::string key = first_certificate().key();
  const auto complaint = [](const std::string& c, const std::string& k) {
    Problems problems;
    EXPECT_EQ(TlsContext::load({c, k}, nullptr, problems), nullptr);
    EXPECT_EQ(problems.error_count(), 1U);
    return problems.to_string();
  };
  EXPECT_THAT(complaint("/nowhere.pem", key), HasSubstr("can't load the TLS certificate"));
  EXPECT_THAT(complaint(key, key), HasSubstr("can't load the TLS certificate"));
  EXPECT_THAT(complaint(certificate, "/nowhere.pem"), HasSubstr("can't load the TLS key"));
  EXPECT_THAT(complaint(certificate, other.key()), HasSubstr("key values mismatch"));
}

TEST(TlsContext, SaysWhatIsWrongWithTheCaOfClients) {
  const TestCertificate& own = first_certificate();
  for (const std::string& ca : {std::string("/nonexistent"), own.key()}) {
    Problems problems;
    EXPECT_EQ(TlsContext::load({own.certificate(), own.key(), ca}, nullptr, problems), nullptr);
    EXPECT_THAT(problems.to_string(), HasSubstr("can't load the CA of clients")) << ca;
  }
}

TEST(TlsContext, WarnsOfAnExpiredCertificate) {
  const TestCertificate expired("old.example", -3600);
  Problems problems;
  const auto context = TlsContext::load({expired.certificate(), expired.key()}, nullptr, problems);
  ASSERT_NE(context, nullptr);
  EXPECT_THAT(problems.to_string(), HasSubstr("expired"));
  EXPECT_LT(context->not_after(), std::chrono::system_clock::now());
}

}  // namespace
}  // namespace gslb::server
