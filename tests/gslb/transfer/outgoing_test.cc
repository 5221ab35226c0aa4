// What a primary sends, read back by what a secondary reads with.
#include "gslb/transfer/outgoing.h"

#include <gtest/gtest.h>

#include "gslb/dns/query.h"
#include "gslb/transfer/apply.h"
#include "gslb/transfer/transfer_reader.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

constexpr const char* kConfig = R"(
[server]
listen_tls = '127.0.0.1'
tls_certificate = 'c'
tls_key = 'k'
tls_client_ca = 'ca'
[[key]]
name = 'xfr.'
secret = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='
[[key]]
name = 'other.'
secret = 'OTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='
[[remote]]
id = 'signed'
address = '192.0.2.1'
key = 'xfr'
[transfer]
outgoing = 2
[[zone]]
name = 'example.'
file = 'x'
allow_transfer = ['198.51.100.0/24', 'signed']
[[zone]]
name = 'tls.example.'
file = 'x'
transfer_tls = true
allow_transfer = ['0.0.0.0/0']
[[zone]]
name = 'shown.example.'
file = 'x'
allow_transfer = ['tls:NS.other.example.']
[[zone]]
name = 'closed.example.'
file = 'x'
)";

class OutgoingTest : public ::testing::Test {
 protected:
  OutgoingTest() : out_(65535) {
    Problems problems;
    const auto config = config::parse(kConfig, "f.toml", problems);
    EXPECT_TRUE(config) << problems.to_string();
    policy_ = std::make_shared<const OutgoingPolicy>(*config, problems);
    outgoing_.set_policy(policy_);
  }

  static ExportedZone version(std::uint32_t serial, std::size_t size = 3) {
    std::string text = soa(serial) + "example. 60 NS ns.example.\n";
    for (std::size_t i = 0; i < size; ++i) {
      text += "host" + std::to_string(i) + ".example. 60 A 192.0.2." +
              std::to_string((i % 50 == 0 ? i + serial : i) % 250) + "\n";
    }
    return {zone_of(text), nullptr};
  }
  static Message request(dns::RrType type, std::uint32_t serial = 0,
                         const std::string& apex = "example.") {
    Message message;
    put_u16(message, 7);
    message.resize(12);
    message[5] = 1;
    const dns::Name name = name_of(apex);
    message.insert(message.end(), name.wire().begin(), name.wire().end());
    put_u16(message, static_cast<std::uint16_t>(type));
    put_u16(message, 1);
    if (type == dns::RrType::kIxfr) {
      put_record(message, record_of(soa(serial)));
      std::swap_ranges(message.begin() + 6, message.begin() + 8, message.begin() + 8);
    }
    return message;
  }
  // The answer's messages; an error or datagram is one.
  std::vector<Message> ask(const Message& message, const std::string& from = "198.51.100.7",
                           bool over_udp = false, bool over_tls = false,
                           const SignedRequest* signature = nullptr) {
    dns::Query query;
    EXPECT_TRUE(dns::parse_query(message, query));
    OutgoingRequest request{.message = message,
                            .query = query,
                            .from = *Address::parse(from),
                            .over_udp = over_udp,
                            .over_tls = over_tls,
                            .is_xot = over_tls && !is_old_tls_,
                            .tls_names = tls_names_,
                            .signature = signature,
                            .policy = policy_,
                            .has_zone = has_zone_};
    OutgoingAnswer answer = outgoing_.answer(request, out_, now_);
    std::vector<Message> messages;
    if (!answer.stream) {
      messages.emplace_back(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(answer.size));
      return messages;
    }
    while (const std::size_t size = answer.stream->next(out_, now_)) {
      messages.emplace_back(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(size));
    }
    return messages;
  }
  static unsigned rcode(const std::vector<Message>& messages) { return messages.at(0)[3] & 0xfU; }

  // As a secondary takes it; the request is for `apex` "example.".
  TransferReader::State read(TransferReader& reader, const std::vector<Message>& messages) {
    for (const Message& message : messages) {
      EXPECT_EQ(reader.state(), TransferReader::State::kMore);
      const auto state = reader.take(message);
      EXPECT_TRUE(state) << describe(state.error());
      if (!state) { break; }
    }
    return reader.state();
  }

  Outgoing outgoing_;
  bool is_old_tls_ = false;
  std::vector<std::string> tls_names_;
  std::shared_ptr<const OutgoingPolicy> policy_;
  bool has_zone_ = false;
  std::vector<std::uint8_t> out_;
  const WallTime now_ = std::chrono::system_clock::now();
};

TEST_F(OutgoingTest, AWholeZoneArrivesInFullMessages) {
  const ExportedZone zone = version(5, 20'000);
  outgoing_.update(zone);
  const auto messages = ask(request(dns::RrType::kAxfr));
  TransferReader reader({.apex = name_of("example."), .id = 7, .limits = {}});
  ASSERT_EQ(read(reader, messages), TransferReader::State::kWhole);
  EXPECT_EQ(dump(*reader.build()), dump(*zone.zone));
  for (std::size_t i = 0; i + 1 < messages.size(); ++i) {
    EXPECT_GT(messages[i].size(), 16'000U);
    EXPECT_LE(messages[i].size(), 16'384U);
  }
  // Compressed: 27 octets and more a record otherwise.
  EXPECT_LT(messages.size(), 20'000 * 28 / 16'384);
}

TEST_F(OutgoingTest, RecordsOfAllSizesArrive) {
  std::string text = soa(1) + "example. 60 NS ns.example.\n";
  const std::string word(200, 'x');
  std::string big;
  for (int i = 0; i < 250; ++i) { big += " " + word; }  // 50 kB in one record
  text += "big.example. 60 TXT" + big + "\n";
  for (int i = 0; i < 900; ++i) {  // one RRset beyond any message
    text += "set.example. 60 TXT " + word + std::to_string(i) + "\n";
  }
  const ExportedZone zone{zone_of(text), nullptr};
  outgoing_.update(zone);
  TransferReader reader({.apex = name_of("example."), .id = 7, .limits = {}});
  ASSERT_EQ(read(reader, ask(request(dns::RrType::kAxfr))), TransferReader::State::kWhole);
  EXPECT_EQ(dump(*reader.build()), dump(*zone.zone));
}

TEST_F(OutgoingTest, DifferencesLeadFromAnyVersionOfTheJournal) {
  const ExportedZone first = version(1, 300);
  outgoing_.update(first);
  outgoing_.update(version(2, 301));
  const ExportedZone last = version(3, 299);
  outgoing_.update(last);
  TransferReader reader(
      {.apex = name_of("example."), .id = 7, .incremental = true, .serial = 1, .limits = {}});
  ASSERT_EQ(read(reader, ask(request(dns::RrType::kIxfr, 1))), TransferReader::State::kDifferences);
  const auto reached = apply_differences(*first.zone, reader.differences());
  ASSERT_TRUE(reached) << describe(reached.error());
  EXPECT_EQ(dump(**reached), dump(*last.zone));
  EXPECT_EQ(outgoing_.count(TransferOutcome::kDifferences), 1U);

  // A version that was never ours but older: the whole zone.
  TransferReader whole({.apex = name_of("example."),
                        .id = 7,
                        .incremental = true,
                        .serial = 0xfffffff0,
                        .limits = {}});
  ASSERT_EQ(read(whole, ask(request(dns::RrType::kIxfr, 0xfffffff0))),
            TransferReader::State::kWhole);
  EXPECT_EQ(dump(*whole.build()), dump(*last.zone));
  // Ours, or newer than ours.
  for (const std::uint32_t serial : {3U, 4U}) {
    TransferReader current({.apex = name_of("example."),
                            .id = 7,
                            .incremental = true,
                            .serial = serial,
                            .limits = {}});
    EXPECT_EQ(read(current, ask(request(dns::RrType::kIxfr, serial))),
              TransferReader::State::kUpToDate);
  }
}

TEST_F(OutgoingTest, AllJournalsTogetherAreBounded) {
  Problems problems;
  const auto config = config::parse(
      "[transfer]\njournals = 3000\n[[zone]]\nname = 'example.'\nfile = 'x'\n"
      "allow_transfer = ['0.0.0.0/0']\n",
      "f.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  policy_ = std::make_shared<const OutgoingPolicy>(*config, problems);
  outgoing_.set_policy(policy_);
  for (std::uint32_t serial = 1; serial < 100; ++serial) {
    outgoing_.update(version(serial, 300));
    EXPECT_LE(outgoing_.journal_octets(), 3000U);
    if (serial == 1) { continue; }
    const auto count = outgoing_.count(TransferOutcome::kDifferences);
    ask(request(dns::RrType::kIxfr, serial - 1));
    EXPECT_EQ(outgoing_.count(TransferOutcome::kDifferences), count + 1) << serial;
  }
  EXPECT_GT(outgoing_.journal_octets(), 1000U);
  ask(request(dns::RrType::kIxfr, 1));
  EXPECT_EQ(outgoing_.count(TransferOutcome::kWhole), 1U);
  outgoing_.remove(name_of("example."), false);
  EXPECT_EQ(outgoing_.journal_octets(), 0U);
}

TEST_F(OutgoingTest, OverUdpTheDifferenceIfItFitsElseTheSoa) {
  outgoing_.update({zone_of(soa(1) + "a.example. 60 A 192.0.2.1\n"), nullptr});
  outgoing_.update({zone_of(soa(2) + "a.example. 60 A 192.0.2.2\n"), nullptr});
  auto messages = ask(request(dns::RrType::kIxfr, 1), "198.51.100.7", true);
  EXPECT_EQ(load_u16(&messages.at(0)[6]), 6);
  outgoing_.update(version(3, 300));
  messages = ask(request(dns::RrType::kIxfr, 2), "198.51.100.7", true);
  EXPECT_EQ(load_u16(&messages.at(0)[6]), 1);
  EXPECT_EQ(messages[0][2] & 0x02, 0) << "TC";
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr), "198.51.100.7", true)), 1U);
}

TEST_F(OutgoingTest, OnlyWhoIsAllowed) {
  outgoing_.update(version(1));
  for (const char* apex : {"closed.example.", "tls.example.", "shown.example."}) {
    zone::ZoneBuilder builder(name_of(apex));
    Record soa_record = record_of(soa(1));
    builder.add(name_of(apex), dns::RrType::kSoa, 60, soa_record.rdata);
    outgoing_.update({builder.build(), nullptr});
  }
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr))), 0U);
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr), "203.0.113.1")), 5U);
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr), "192.0.2.1")), 5U) << "without its key";
  has_zone_ = true;
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr, 0, "closed.example."))), 5U);
  has_zone_ = false;
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr, 0, "none.example."))), 9U);
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr, 0, "host1.example."))), 9U);
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr, 0, "tls.example."))), 5U);
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr, 0, "tls.example."), "192.0.2.9", false, true)),
            0U);
  is_old_tls_ = true;
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr), "198.51.100.7", false, true)), 5U) << "TLS 1.2";
  is_old_tls_ = false;
  const Message shown = request(dns::RrType::kAxfr, 0, "shown.example.");
  EXPECT_EQ(rcode(ask(shown, "198.51.100.7", false, true)), 5U);
  tls_names_ = {"x.other.example", "ns.other.example"};
  EXPECT_EQ(rcode(ask(shown, "203.0.113.1", false, true)), 0U);
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr), "203.0.113.1", false, true)), 5U);
  tls_names_.clear();
  SignedRequest signature;
  signature.key = policy_->keys().find(name_of("xfr."));
  signature.mac.size = 32;
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr), "192.0.2.1", false, false, &signature)), 0U);
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr), "192.0.2.2", false, false, &signature)), 5U);
  signature.key = policy_->keys().find(name_of("other."));
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr), "192.0.2.1", false, false, &signature)), 5U);
  outgoing_.remove(name_of("example."), false);
  EXPECT_EQ(rcode(ask(request(dns::RrType::kAxfr))), 9U);
}

TEST_F(OutgoingTest, EveryMessageOfASignedTransferIsSigned) {
  outgoing_.update(version(1, 5000));
  SignedRequest signature;
  signature.key = policy_->keys().find(name_of("xfr."));
  signature.mac.size = 32;
  auto messages = ask(request(dns::RrType::kAxfr), "192.0.2.1", false, false, &signature);
  EXPECT_GT(messages.size(), 3U);
  TsigVerifier verifier(*signature.key, signature.mac);
  for (Message& message : messages) {
    EXPECT_LE(message.size(), 16'384U);
    ASSERT_TRUE(verifier.check(message, now_));
    EXPECT_TRUE(verifier.is_settled());
  }
}

TEST_F(OutgoingTest, NoMoreAtATimeThanAllowed) {
  outgoing_.update(version(1));
  const Message message = request(dns::RrType::kAxfr);
  dns::Query query;
  ASSERT_TRUE(dns::parse_query(message, query));
  const OutgoingRequest from{.message = message,
                             .query = query,
                             .from = *Address::parse("198.51.100.7"),
                             .policy = policy_};
  auto first = outgoing_.answer(from, out_, now_);
  auto second = outgoing_.answer(from, out_, now_);
  ASSERT_TRUE(first.stream && second.stream);
  EXPECT_EQ(outgoing_.active(), 2U);
  EXPECT_FALSE(outgoing_.answer(from, out_, now_).stream);
  EXPECT_EQ(outgoing_.count(TransferOutcome::kBusy), 1U);
  first.stream.reset();
  EXPECT_TRUE(outgoing_.answer(from, out_, now_).stream);
}

// A stream goes on with the version it began with.
TEST_F(OutgoingTest, ANewVersionDoesNotDisturbAStream) {
  const ExportedZone zone = version(1, 5000);
  outgoing_.update(zone);
  const Message message = request(dns::RrType::kAxfr);
  dns::Query query;
  ASSERT_TRUE(dns::parse_query(message, query));
  const OutgoingRequest from{.message = message,
                             .query = query,
                             .from = *Address::parse("198.51.100.7"),
                             .policy = policy_};
  auto answer = outgoing_.answer(from, out_, now_);
  TransferReader reader({.apex = name_of("example."), .id = 7, .limits = {}});
  while (const std::size_t size = answer.stream->next(out_, now_)) {
    ASSERT_TRUE(reader.take(Octets(out_).first(size)));
    outgoing_.update(version(2));
    outgoing_.remove(name_of("example."), false);
  }
  ASSERT_EQ(reader.state(), TransferReader::State::kWhole);
  EXPECT_EQ(dump(*reader.build()), dump(*zone.zone));
}

}  // namespace
}  // namespace gslb::transfer
