#include "gslb/base/proxy_header.h"

#include "tests/gslb/server/tls_client.h"

namespace gslb::server {
namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string header(char command, char family, const std::string& rest) {
  return kSignature + command + family + static_cast<char>(rest.size() >> 8) +
         static_cast<char>(rest.size()) + rest;
}

// A PROXY command of 198.51.100.7:4711.
std::string from_v4(char host = 7, const std::string& fields = "") {
  const std::string source{static_cast<char>(198), 51, 100, host};
  return header(
      0x21, 0x11,
      source + std::string("\x7f\0\0\1", 4) + "\x12\x67" + std::string("\0\x35", 2) + fields);
}

Result<ProxyHeader, ProxyHeaderError> parse(const std::string& text) {
  return parse_proxy_header(as_octets(text));
}

TEST(ProxyLine, GivesTheClientOfEitherFamily) {
  const auto v4 = parse_proxy_line("PROXY TCP4 198.51.100.7 127.0.0.1 4711 80\r\nGET");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->client->to_string(), "198.51.100.7:4711");
  EXPECT_EQ(v4->octets, 43U);
  const auto v6 = parse_proxy_line("PROXY TCP6 2001::9 ::1 53 80\r\n");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->client->to_string(), "[2001::9]:53");
  const auto unknown = parse_proxy_line("PROXY UNKNOWN whatever\r\n");
  EXPECT_TRUE(unknown && !unknown->client);
}

TEST(ProxyLine, IsRefusedWhenItIsNotOneAndWaitedForWhenItMayBe) {
  EXPECT_EQ(parse_proxy_line("PRO").error(), ProxyHeaderError::kShort);
  EXPECT_EQ(parse_proxy_line("PROXY TCP4 1.2.3.4").error(), ProxyHeaderError::kShort);
  for (const char* bad :
       {"GET / HTTP/1.1\r\n", "PROXY TCP4 1.2.3.4 ::1 1 2\r\n",
        "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "PROXY TCP4 1.2.3.4\r\n", "PROXY \r\n"}) {
    EXPECT_EQ(parse_proxy_line(bad).error(), ProxyHeaderError::kMalformed) << bad;
  }
  EXPECT_EQ(parse_proxy_line("PROXY " + std::string(200, 'x')).error(),
            ProxyHeaderError::kMalformed);
}

TEST(ProxyHeader, GivesTheClientOfEitherFamilyAndSkipsFields) {
  const auto v4 = parse(from_v4(7, std::string("\4\0\2xx", 5)) + "message");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->client->to_string(), "198.51.100.7:4711");
  EXPECT_EQ(v4->octets, 16U + 12U + 5U);
  std::string addresses(36, '\0');
  addresses[0] = 0x20;
  addresses[1] = 0x01;
  addresses[15] = 9;
  addresses[33] = 53;
  const auto v6 = parse(header(0x21, 0x22, addresses));
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->client->to_string(), "[2001::9]:53");
}

TEST(ProxyHeader, NamesNoClientForLocalAndOtherFamilies) {
  for (const std::string& text :
       {header(0x20, 0x00, ""), header(0x20, 0x11, std::string(12, 'x')), header(0x20, 0x7f, "?"),
        header(0x21, 0x00, ""), header(0x21, 0x31, std::string(216, 'u'))}) {
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed);
    EXPECT_FALSE(parsed->client);
    EXPECT_EQ(parsed->octets, text.size());
  }
}

TEST(ProxyHeader, EveryBeginningIsShort) {
  const std::string whole = from_v4();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto parsed = parse(whole.substr(0, size));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error(), ProxyHeaderError::kShort) << size;
  }
}

TEST(ProxyHeader, RefusesWhatIsNone) {
  std::string wrong_signature = from_v4();
  wrong_signature[11] = 'x';
  for (const std::string& text :
       {wrong_signature, std::string("\0\1", 2), std::string("PROXY TCP4 1.2.3.4 1.2.3.5 1 2\r\n"),
        header(0x11, 0x11, std::string(12, 'x')), header(0x22, 0x11, std::string(12, 'x')),
        header(0x21, 0x11, std::string(11, 'x')), header(0x21, 0x21, std::string(35, 'x')),
        header(0x21, 0x41, std::string(36, 'x')), header(0x21, 0x13, std::string(36, 'x')),
        header(0x21, 0x11, std::string(4081, 'x'))}) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error(), ProxyHeaderError::kMalformed);
  }
}

// Answers with the client's address and port as text behind the header.
class WhoHandler final : public Handler {
 public:
  void begin_batch() noexcept override {}
  std::size_t handle(Octets query, const Peer& peer, MutableOctets out) noexcept override {
    const std::string text = Endpoint{peer.address, peer.port}.to_string();
    std::memcpy(out.data(), query.data(), kMinMessageOctets);
    std::memcpy(out.data() + kMinMessageOctets, text.data(), text.size());
    return kMinMessageOctets + text.size();
  }
};

class ProxyTest : public ::testing::Test {
 protected:
  ProxyTest() {
    ServerOptions options;
    // Of clients from 127.0.0.1 a header is expected, from 127.0.0.2 it is not.
    options.listen = {{Address::v4(0), 0}};
    options.listen_tls = {{Address::v4(0), 0}};
    Problems problems;
    options.tls =
        TlsContext::load({certificate_.certificate(), certificate_.key()}, nullptr, problems);
    options.proxies = PrefixSet(std::vector{*Prefix::parse("127.0.0.1")});
    options.workers = 1;
    options.tcp.per_client = 2;
    options.tcp.handshake = milliseconds(500);
    server_.emplace(options, [](unsigned) { return std::make_unique<WhoHandler>(); });
    EXPECT_FALSE(server_->start().has_errors());
    udp_ = {Address::v4(0x7f000001), server_->endpoints()[0].port};
    tls_ = {Address::v4(0x7f000001), server_->tls_endpoints()[0].port};
  }
  const ServerCounters& counters() { return server_->counters(0); }
  void expect(const Counter& counter, std::uint64_t value) {
    const MonoTime deadline = std::chrono::steady_clock::now() + kPatience;
    while (counter.value() < value && std::chrono::steady_clock::now() < deadline) {
      ::poll(nullptr, 0, 1);
    }
    EXPECT_EQ(counter.value(), value);
  }
  static std::string who(const std::string& answer) {
    return answer.size() < kMinMessageOctets ? "" : answer.substr(kMinMessageOctets);
  }

  TestCertificate certificate_{"proxy.example"};
  std::optional<Server> server_;
  Endpoint udp_;
  Endpoint tls_;
};

TEST_F(ProxyTest, DatagramsOfABalancerNameTheirClient) {
  UdpClient client(udp_);
  EXPECT_EQ(who(client.ask(from_v4() + message(1))), "198.51.100.7:4711");
  EXPECT_TRUE(who(client.ask(header(0x20, 0, "") + message(1))).starts_with("127.0.0.1:"));
  client.send(message(1));                            // no header
  client.send(from_v4().substr(0, 20));               // cut off
  client.send(header(0x21, 0x41, "") + message(1));   // malformed
  client.send(from_v4() + message(1).substr(0, 11));  // nothing to answer
  EXPECT_EQ(who(client.ask(from_v4(8) + message(1))), "198.51.100.8:4711");
  expect(counters().udp_dropped_proxy, 3);
  expect(counters().udp_dropped_short, 1);
  expect(counters().udp_proxied, 3);
}

TEST_F(ProxyTest, ConnectionsOfABalancerNameTheirClientHoweverTheHeaderArrives) {
  const std::string whole = from_v4(7, std::string(300, 'f'));
  for (std::size_t cut : {0UL, 1UL, 15UL, 16UL, 17UL, 28UL, whole.size() - 1, whole.size()}) {
    TcpClient client(udp_);
    client.send(whole.substr(0, cut));
    client.send(whole.substr(cut) + framed(message(1)) + framed(message(2)));
    EXPECT_EQ(who(client.receive()), "198.51.100.7:4711") << cut;
    EXPECT_EQ(who(client.receive()), "198.51.100.7:4711") << cut;
    client.send("\1");
    ::shutdown(client.fd(), SHUT_RDWR);
    const MonoTime deadline = std::chrono::steady_clock::now() + kPatience;
    while (counters().tcp_open() > 0 && std::chrono::steady_clock::now() < deadline) {
      ::poll(nullptr, 0, 1);
    }
  }
}

TEST_F(ProxyTest, HeaderStandsInFrontOfTls) {
  TlsClient client(tls_, {.before = from_v4()});
  EXPECT_EQ(who(client.ask(message(1))), "198.51.100.7:4711");
}

TEST_F(ProxyTest, ConnectionsWithoutAGoodHeaderAreClosed) {
  TcpClient none(udp_);
  none.send(framed(message(1)));
  EXPECT_TRUE(none.is_closed());
  TcpClient malformed(udp_);
  malformed.send(header(0x33, 0x11, std::string(12, 'x')));
  EXPECT_TRUE(malformed.is_closed());
  TcpClient silent(udp_);
  silent.send(kSignature);
  EXPECT_TRUE(silent.is_closed());
  expect(counters().tcp_closed_proxy, 2);
  expect(counters().tcp_closed_handshake, 1);
}

TEST_F(ProxyTest, HeadersOfOthersAreNotLookedFor) {
  const Endpoint other{Address::v4(0x7f000002), 0};
  TcpClient plain(udp_, other);
  EXPECT_TRUE(who(plain.ask(message(1))).starts_with("127.0.0.2:"));
  // To be read as the length of a message, which never comes.
  TcpClient forged(udp_, other);
  forged.send(from_v4() + framed(message(1)));
  TcpClient witness(udp_, {Address::v4(0x7f000003), 0});
  EXPECT_TRUE(who(witness.ask(message(1))).starts_with("127.0.0.3:"));
  EXPECT_EQ(counters().tcp.queries.value(), 2U);
  EXPECT_EQ(counters().tcp_proxied.value(), 0U);
}

TEST_F(ProxyTest, LimitOfAClientIsThatOfTheClientBehindTheBalancer) {
  std::vector<TcpClient> clients;
  for (char host = 1; host <= 4; ++host) {
    for (int i = 0; i < 2; ++i) {
      clients.emplace_back(udp_).send(from_v4(host) + framed(message(1)));
      EXPECT_NE(clients.back().receive(), "");
    }
  }
  TcpClient third(udp_);
  third.send(from_v4(1) + framed(message(1)));
  EXPECT_TRUE(third.is_closed());
  expect(counters().tcp_closed_client, 1);
  EXPECT_EQ(who(clients[0].ask(message(2))), "198.51.100.1:4711");
}

}  // namespace
}  // namespace gslb::server
