// TSIG against ldns, which signs and verifies by itself, and against what RFC 8945 says of errors.
#include "gslb/transfer/tsig.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include "gslb/base/base64.h"

namespace gslb::transfer {
namespace {

using config::TsigAlgorithm;
using Message = std::vector<std::uint8_t>;

constexpr const char* kSecret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

struct PacketFree {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, PacketFree>;

class TsigTest : public ::testing::Test {
 protected:
  Keyring keyring(const std::string& name = "Key.Example",
                  TsigAlgorithm algorithm = TsigAlgorithm::kHmacSha256) {
    Problems problems;
    Keyring keys({{{name, {}}, algorithm, *decode_base64(kSecret)}}, problems);
    EXPECT_EQ(problems.to_string(), "");
    return keys;
  }
  const TsigKey& key() { return *keys_.find(*dns::Name::parse("key.example")); }

  static Packet query() {
    ldns_pkt* packet = nullptr;
    EXPECT_EQ(ldns_pkt_query_new_frm_str(&packet, "WWW.example.", LDNS_RR_TYPE_SOA,
                                         LDNS_RR_CLASS_IN, LDNS_RD),
              LDNS_STATUS_OK);
    ldns_pkt_set_id(packet, 4711);
    return Packet(packet);
  }
  static Message wire(const ldns_pkt* packet) {
    std::uint8_t* octets = nullptr;
    std::size_t size = 0;
    EXPECT_EQ(ldns_pkt2wire(&octets, packet, &size), LDNS_STATUS_OK);
    Message message(octets, octets + size);
    std::free(octets);
    return message;
  }
  // As ldns signs it.
  static Message signed_query(const char* algorithm = "hmac-sha256.") {
    const Packet packet = query();
    EXPECT_EQ(ldns_pkt_tsig_sign(packet.get(), "key.example.", kSecret, 300, algorithm, nullptr),
              LDNS_STATUS_OK);
    return wire(packet.get());
  }
  // As we sign it.
  Message our_query(WallTime when) {
    const Packet packet = query();
    Message message = wire(packet.get());
    return sign(message, Mac{}, when);
  }
  Message sign(Message message, const Mac& prior, WallTime when) {
    TsigSigner signer(key(), prior);
    const std::size_t size = message.size();
    message.resize(size + signer.room());
    EXPECT_EQ(signer.sign(message, size, when), message.size());
    return message;
  }
  static bool ldns_verifies(Message message, const Mac* prior, bool timers_only = false) {
    ldns_pkt* parsed = nullptr;
    if (ldns_wire2pkt(&parsed, message.data(), message.size()) != LDNS_STATUS_OK) { return false; }
    const Packet packet(parsed);
    ldns_rdf* mac = nullptr;
    if (prior != nullptr) {
      Message with_size(2);
      store_u16(with_size.data(), static_cast<std::uint16_t>(prior->size));
      with_size.insert(with_size.end(), prior->octets().begin(), prior->octets().end());
      mac = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_INT16_DATA, with_size.size(), with_size.data());
    }
    const bool good = ldns_pkt_tsig_verify_next(packet.get(), message.data(), message.size(),
                                                "key.example.", kSecret, mac, timers_only ? 1 : 0);
    ldns_rdf_deep_free(mac);
    return good;
  }

  Keyring keys_ = keyring();
  const WallTime now_ = std::chrono::system_clock::now();
};

TEST_F(TsigTest, TakesWhatLdnsSignsAndLeavesTheMessageAsItWas) {
  const Message plain = wire(query().get());
  for (const auto& [text, algorithm] : {std::pair("hmac-sha256.", TsigAlgorithm::kHmacSha256),
                                        std::pair("hmac-sha512.", TsigAlgorithm::kHmacSha512)}) {
    const Keyring keys = keyring("key.example.", algorithm);
    Message message = signed_query(text);
    const SignedRequest request = check_request(message, keys, now_);
    ASSERT_TRUE(request.good()) << to_string(*request.fault);
    message.resize(request.size);
    EXPECT_EQ(message, plain);
  }
}

TEST_F(TsigTest, LdnsTakesWhatWeSign) {
  Message request = our_query(now_);
  EXPECT_TRUE(ldns_verifies(request, nullptr));
  const SignedRequest checked = check_request(request, keys_, now_);
  ASSERT_TRUE(checked.good());

  TsigSigner signer(key(), checked.mac);
  Message response = wire(query().get());
  response[2] |= 0x80;
  const std::size_t size = response.size();
  for (int i = 0; i < 3; ++i) {
    const Mac prior = signer.mac();
    response.resize(size + signer.room());
    response[10] = response[11] = 0;
    ASSERT_EQ(signer.sign(response, size, now_), response.size());
    EXPECT_TRUE(ldns_verifies(response, &prior, i > 0)) << i;
    EXPECT_FALSE(ldns_verifies(response, &prior, i == 0)) << i;
  }
}

TEST_F(TsigTest, EveryAlgorithmVerifiesItsOwn) {
  for (const TsigAlgorithm algorithm : {TsigAlgorithm::kHmacSha224, TsigAlgorithm::kHmacSha256,
                                        TsigAlgorithm::kHmacSha384, TsigAlgorithm::kHmacSha512}) {
    keys_ = keyring("key.example", algorithm);
    Message message = our_query(now_);
    EXPECT_TRUE(check_request(message, keys_, now_).good()) << config::to_string(algorithm);
  }
}

// Made with Python's hmac module from the description in 4.3.
TEST_F(TsigTest, MatchesAnIndependentVector) {
  Message message = {0x12, 0x67, 0x00, 0x00, 0x00, 0x01, 0,   0, 0, 0, 0, 0, 7,
                     'e',  'x',  'a',  'm',  'p',  'l',  'e', 0, 0, 6, 0, 1};
  message = sign(message, Mac{}, WallTime(seconds(1'700'000'000)));
  const auto record = find_tsig(message);
  ASSERT_TRUE(record && record->has_value());
  std::string hex;
  for (const std::uint8_t octet : (*record)->mac) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[octet >> 4];
    hex += kDigits[octet & 15];
  }
  EXPECT_EQ(hex, "085adc4af0579919c9772d3e4fbba78fb5b3a822ea80695981d62a615bd3e5ff");
}

TEST_F(TsigTest, AnUnsignedMessageIsMissingOneAndUnchanged) {
  Message message = wire(query().get());
  const Message before = message;
  const SignedRequest request = check_request(message, keys_, now_);
  EXPECT_EQ(request.fault, TsigFault::kMissing);
  EXPECT_EQ(request.size, before.size());
  EXPECT_EQ(message, before);
}

TEST_F(TsigTest, AChangedBitAnywhereIsNoticed) {
  const Message good = our_query(now_);
  for (std::size_t at = 2; at < good.size(); ++at) {
    Message message = good;
    message[at] ^= 0x20;
    const SignedRequest request = check_request(message, keys_, now_);
    // The case of the key's and the algorithm's name isn't signed.
    const auto record = find_tsig(good).value().value();
    const bool is_name = (at > record.at && at < record.at + 13) ||
                         (at > record.at + 23 && at < record.at + 23 + 13);
    if (!is_name) { EXPECT_FALSE(request.good()) << at; }
  }
}

TEST_F(TsigTest, TheIdMayBeAForwarders) {
  Message message = our_query(now_);
  message[0] ^= 0x55;
  EXPECT_TRUE(check_request(message, keys_, now_).good());
}

TEST_F(TsigTest, RefusesAnotherKeyOrAlgorithm) {
  Message message = our_query(now_);
  EXPECT_EQ(check_request(message, keyring("other."), now_).fault, TsigFault::kBadKey);
  message = our_query(now_);
  const Keyring longer = keyring("key.example", TsigAlgorithm::kHmacSha512);
  EXPECT_EQ(check_request(message, longer, now_).fault, TsigFault::kBadKey);
  message = our_query(now_);
  Problems problems;
  const Keyring wrong({{{"key.example", {}}, TsigAlgorithm::kHmacSha256, "another secret"}},
                      problems);
  EXPECT_EQ(check_request(message, wrong, now_).fault, TsigFault::kBadSig);
}

TEST_F(TsigTest, TheClocksMayBeFiveMinutesApart) {
  for (const int apart : {-300, 300}) {
    Message message = our_query(now_ + seconds(apart));
    EXPECT_TRUE(check_request(message, keys_, now_).good());
  }
  for (const int apart : {-301, 301}) {
    Message message = our_query(now_ + seconds(apart));
    EXPECT_EQ(check_request(message, keys_, now_).fault, TsigFault::kBadTime);
  }
}

// Cuts the MAC to `octets`.
Message truncate(const Message& message, std::size_t octets) {
  const TsigRecord record = find_tsig(message).value().value();
  const auto mac_at = static_cast<std::size_t>(record.mac.data() - message.data());
  Message cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(mac_at + octets));
  cut.insert(cut.end(), message.begin() + static_cast<std::ptrdiff_t>(mac_at + record.mac.size()),
             message.end());
  store_u16(cut.data() + mac_at - 2, static_cast<std::uint16_t>(octets));
  std::uint8_t* const length = cut.data() + record.at + 13 + 8;
  store_u16(length, static_cast<std::uint16_t>(load_u16(length) - record.mac.size() + octets));
  return cut;
}

TEST_F(TsigTest, ACutMacIsBadTruncDownToHalfAndMalformedBelow) {
  const Message good = our_query(now_);
  Message message = truncate(good, 31);
  EXPECT_EQ(check_request(message, keys_, now_).fault, TsigFault::kBadTrunc);
  message = truncate(good, 16);
  EXPECT_EQ(check_request(message, keys_, now_).fault, TsigFault::kBadTrunc);
  message = truncate(good, 15);
  EXPECT_EQ(check_request(message, keys_, now_).fault, TsigFault::kMalformed);
  message = truncate(good, 0);
  EXPECT_EQ(check_request(message, keys_, now_).fault, TsigFault::kMalformed);
}

TEST_F(TsigTest, AnErrorResponseIsSignedForBadTimeAndNotForAnUnknownKey) {
  Message message = our_query(now_ - seconds(1000));
  const SignedRequest late = check_request(message, keys_, now_);
  ASSERT_EQ(late.fault, TsigFault::kBadTime);
  Message response(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(late.size));
  const std::size_t size = response.size();
  response.resize(size + error_room(late));
  response.resize(sign_error(late, response, size, now_));
  EXPECT_TRUE(ldns_verifies(response, &late.mac));
  TsigRecord record = find_tsig(response).value().value();
  EXPECT_EQ(record.error, 18);
  EXPECT_EQ(record.time_s, late.time_s);
  ASSERT_EQ(record.other.size(), 6U);
  const auto ours = std::chrono::duration_cast<seconds>(now_.time_since_epoch()).count();
  EXPECT_EQ(load_u32(record.other.data() + 2), static_cast<std::uint32_t>(ours));

  message = our_query(now_);
  const SignedRequest unknown = check_request(message, keyring("other."), now_);
  response.assign(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(unknown.size));
  response.resize(size + error_room(unknown));
  response.resize(sign_error(unknown, response, size, now_));
  record = find_tsig(response).value().value();
  EXPECT_EQ(record.error, 17);
  EXPECT_TRUE(record.mac.empty());
  EXPECT_EQ(rcode_of(*unknown.fault), dns::Rcode::kNotAuth);
}

TEST_F(TsigTest, ARecordThatIsNotLastOrNotAloneIsMalformed) {
  const Message good = our_query(now_);
  const TsigRecord record = find_tsig(good).value().value();
  Message twice = good;
  twice.insert(twice.end(), good.begin() + static_cast<std::ptrdiff_t>(record.at), good.end());
  ++twice[11];
  EXPECT_EQ(check_request(twice, keys_, now_).fault, TsigFault::kMalformed);
  Message in_answer = good;
  std::swap(in_answer[7], in_answer[11]);
  EXPECT_EQ(check_request(in_answer, keys_, now_).fault, TsigFault::kMalformed);
  for (std::size_t size = 0; size < good.size(); ++size) {
    Message cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(check_request(cut, keys_, now_).fault, TsigFault::kMalformed) << size;
  }
}

class TsigStreamTest : public TsigTest {
 protected:
  // `signed_every`: 1 signs all; unsigned ones between are what other servers send.
  std::vector<Message> stream(std::size_t count, const Mac& request) {
    std::vector<Message> messages;
    TsigSigner signer(key(), request);
    for (std::size_t i = 0; i < count; ++i) {
      Message message = wire(query().get());
      message[2] |= 0x80;
      message[1] = static_cast<std::uint8_t>(i);
      const std::size_t size = message.size();
      message.resize(size + signer.room());
      signer.sign(message, size, now_);
      messages.push_back(message);
    }
    return messages;
  }
};

TEST_F(TsigStreamTest, FollowsAStreamInItsOrderOnly) {
  TsigSigner asking(key());
  Message request = wire(query().get());
  const std::size_t size = request.size();
  request.resize(size + asking.room());
  asking.sign(request, size, now_);
  const auto messages = stream(4, asking.mac());

  TsigVerifier verifier(key(), asking.mac());
  for (Message message : messages) {
    const auto checked = verifier.check(message, now_);
    ASSERT_TRUE(checked) << to_string(checked.error());
    EXPECT_EQ(*checked, size);
    EXPECT_TRUE(verifier.is_settled());
  }
  TsigVerifier skipping(key(), asking.mac());
  Message first = messages[0];
  Message third = messages[2];
  ASSERT_TRUE(skipping.check(first, now_));
  EXPECT_EQ(skipping.check(third, now_).error(), TsigFault::kBadSig);
  Mac other = asking.mac();
  other.data[0] ^= 1;
  TsigVerifier stranger(key(), other);
  first = messages[0];
  EXPECT_EQ(stranger.check(first, now_).error(), TsigFault::kBadSig);
}

TEST_F(TsigStreamTest, ManyMessagesBetweenMayBeUnsignedButNotTheFirst) {
  const Mac request = {.data = {1, 2, 3}, .size = 32};
  const Message plain = wire(query().get());
  TsigVerifier fresh(key(), request);
  Message message = plain;
  EXPECT_EQ(fresh.check(message, now_).error(), TsigFault::kMissing);

  TsigVerifier verifier(key(), request);
  message = stream(1, request)[0];
  ASSERT_TRUE(verifier.check(message, now_));
  for (int i = 0; i < 99; ++i) {
    message = plain;
    ASSERT_TRUE(verifier.check(message, now_)) << i;
    EXPECT_FALSE(verifier.is_settled());
  }
  message = plain;
  EXPECT_EQ(verifier.check(message, now_).error(), TsigFault::kMissing);
}

TEST_F(TsigStreamTest, ARefusalByTheOtherSideIsSaidAsSuch) {
  Message message = our_query(now_);
  const SignedRequest unknown = check_request(message, keyring("other."), now_);
  const std::size_t size = unknown.size;
  message.resize(size);
  message.resize(size + error_room(unknown));
  message.resize(sign_error(unknown, message, size, now_));
  TsigVerifier verifier(key(), Mac{});
  EXPECT_EQ(verifier.check(message, now_).error(), TsigFault::kBadKey);
}

}  // namespace
}  // namespace gslb::transfer
