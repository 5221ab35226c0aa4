#include "gslb/transfer/notify_queue.h"

#include <gtest/gtest.h>

#include "gslb/transfer/message_reader.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

class NotifyQueueTest : public ::testing::Test {
 protected:
  static std::shared_ptr<const NotifyTarget> target(const std::string& to, bool has_key = false) {
    NotifyTarget made{"knot1", *Endpoint::parse(to, 53), std::nullopt, std::nullopt};
    if (has_key) {
      made.key = TsigKey{name_of("xfr."), config::TsigAlgorithm::kHmacSha256, "0123456789abcdef"};
    }
    return std::make_shared<const NotifyTarget>(made);
  }
  std::vector<NotifyDatagram> due(milliseconds later = {}) {
    now_ += later;
    return queue_.due(now_, wall_, &lost_);
  }
  // What a secondary says to it.
  static Message answer(const NotifyDatagram& datagram, unsigned rcode = 0) {
    Message message = datagram.message;
    message[2] |= 0x80;
    message[3] = static_cast<std::uint8_t>(rcode);
    return message;
  }

  NotifyQueue queue_{42};
  MonoTime now_{std::chrono::hours(1)};
  const WallTime wall_{seconds(1'700'000'000)};
  std::vector<NotifyResult> lost_;
};

TEST_F(NotifyQueueTest, SaysWhichZoneAndWhichSerial) {
  queue_.add(record_of(soa(7)), target("192.0.2.1"));
  const auto datagrams = due();
  ASSERT_EQ(datagrams.size(), 1U);
  EXPECT_EQ(datagrams[0].to.to_string(), "192.0.2.1:53");
  auto reader = MessageReader::open(datagrams[0].message);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->header().opcode, 4);
  EXPECT_TRUE(reader->header().is_authoritative);
  EXPECT_FALSE(reader->header().is_response);
  EXPECT_EQ(reader->question()->name.to_string(), "example.");
  const auto record = reader->record();
  ASSERT_TRUE(record);
  EXPECT_EQ(read_soa_numbers(reader->rdata(*record)).serial, 7U);
}

TEST_F(NotifyQueueTest, EndsWithTheAnswer) {
  queue_.add(record_of(soa(7)), target("192.0.2.1"));
  const auto datagram = due().at(0);
  const auto result = queue_.take(answer(datagram), datagram.to, wall_);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, NotifyOutcome::kHeard);
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_FALSE(queue_.next());
  EXPECT_FALSE(queue_.take(answer(datagram), datagram.to, wall_)) << "a second one";
}

TEST_F(NotifyQueueTest, ARefusalEndsItToo) {
  queue_.add(record_of(soa(7)), target("192.0.2.1"));
  const auto datagram = due().at(0);
  const auto result = queue_.take(answer(datagram, 5), datagram.to, wall_);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, NotifyOutcome::kRefused);
  EXPECT_EQ(result->rcode, 5);
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(NotifyQueueTest, AsksAgainWithGrowingPausesAndGivesUp) {
  queue_.add(record_of(soa(7)), target("192.0.2.1"));
  std::vector<std::int64_t> pauses;
  for (std::size_t i = 0; i < NotifyQueue::kTries; ++i) {
    ASSERT_EQ(due().size(), 1U);
    EXPECT_EQ(due().size(), 0U);
    const auto pause = *queue_.next() - now_;
    pauses.push_back(std::chrono::duration_cast<seconds>(pause).count());
    now_ += pause;
  }
  EXPECT_EQ(pauses, (std::vector<std::int64_t>{2, 4, 8, 16, 32, 64}));
  EXPECT_EQ(due().size(), 0U);
  ASSERT_EQ(lost_.size(), 1U);
  EXPECT_EQ(lost_[0].outcome, NotifyOutcome::kLost);
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(NotifyQueueTest, ANewerSerialTakesThePlaceOfTheOld) {
  const auto to = target("192.0.2.1");
  queue_.add(record_of(soa(7)), to);
  const auto old = due().at(0);
  queue_.add(record_of(soa(8)), to);
  queue_.add(record_of(soa(9)), to);
  const auto datagrams = due();
  ASSERT_EQ(datagrams.size(), 1U);
  auto reader = MessageReader::open(datagrams[0].message);
  ASSERT_TRUE(reader->question());
  EXPECT_EQ(read_soa_numbers(reader->rdata(*reader->record())).serial, 9U);
  EXPECT_FALSE(queue_.take(answer(old), old.to, wall_));
  EXPECT_EQ(queue_.size(), 1U);
}

TEST_F(NotifyQueueTest, OnlyTheRightAnswerCounts) {
  queue_.add(record_of(soa(7)), target("192.0.2.1"));
  const auto datagram = due().at(0);
  EXPECT_FALSE(queue_.take(answer(datagram), *Endpoint::parse("192.0.2.2", 53), wall_));
  EXPECT_FALSE(queue_.take(answer(datagram), *Endpoint::parse("192.0.2.1:54", 53), wall_));
  EXPECT_FALSE(queue_.take(datagram.message, datagram.to, wall_)) << "no response";
  Message message = answer(datagram);
  message[1] ^= 1;
  EXPECT_FALSE(queue_.take(message, datagram.to, wall_)) << "another id";
  message = answer(datagram);
  message[2] = 0x80;
  EXPECT_FALSE(queue_.take(message, datagram.to, wall_)) << "another opcode";
  message = answer(datagram);
  message[13] = 'x';
  EXPECT_FALSE(queue_.take(message, datagram.to, wall_)) << "another zone";
  for (std::size_t size = 0; size < datagram.message.size(); ++size) {
    queue_.take(Octets(datagram.message).first(size), datagram.to, wall_);
  }
  EXPECT_EQ(queue_.size(), 1U);
}

TEST_F(NotifyQueueTest, WithAKeyBothSidesSign) {
  const auto to = target("192.0.2.1", true);
  queue_.add(record_of(soa(7)), to);
  const auto datagram = due().at(0);
  Problems problems;
  const Keyring keys({{{"xfr.", {}}, config::TsigAlgorithm::kHmacSha256, "0123456789abcdef"}},
                     problems);
  Message message = datagram.message;
  const SignedRequest request = check_request(message, keys, wall_);
  ASSERT_TRUE(request.good());
  message.resize(request.size);
  message[2] |= 0x80;
  // Unsigned: somebody else may have said it.
  EXPECT_EQ(queue_.take(message, datagram.to, wall_)->outcome, NotifyOutcome::kBadSig);
  EXPECT_EQ(queue_.size(), 1U);
  TsigSigner signer(*request.key, request.mac);
  const std::size_t size = message.size();
  message.resize(size + signer.room());
  signer.sign(message, size, wall_);
  EXPECT_EQ(queue_.take(message, datagram.to, wall_)->outcome, NotifyOutcome::kHeard);
}

TEST_F(NotifyQueueTest, ASecondaryIsNotAskedForAllZonesAtOnce) {
  const auto to = target("192.0.2.1");
  const auto other = target("192.0.2.2");
  for (int i = 0; i < 200; ++i) {
    Record record = record_of(soa(1));
    record.owner = name_of("zone" + std::to_string(i) + ".example.");
    queue_.add(record, to);
  }
  queue_.add(record_of(soa(1)), other);
  std::size_t heard = 0;
  auto datagrams = due();
  EXPECT_EQ(datagrams.size(), NotifyQueue::kMostUnanswered + 1);
  while (!datagrams.empty()) {
    for (const NotifyDatagram& datagram : datagrams) {
      heard += queue_.take(answer(datagram), datagram.to, wall_).has_value() ? 1 : 0;
    }
    datagrams = due();
  }
  EXPECT_EQ(heard, 201U);
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(NotifyQueueTest, AZoneThatIsGoneIsForgotten) {
  queue_.add(record_of(soa(1)), target("192.0.2.1"));
  due();
  queue_.forget(name_of("Example."));
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_TRUE(due(seconds(10)).empty());
}

}  // namespace
}  // namespace gslb::transfer
