#include "gslb/transfer/notify.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

class NotifyTest : public ::testing::Test {
 protected:
  NotifyTest() {
    Problems problems;
    keys_ = std::make_shared<const Keyring>(
        std::vector<config::TsigKey>{{{"xfr.", {}}, {}, "0123456789abcdef"}}, problems);
    config::AccessRule address;
    address.prefix = Prefix::parse("192.0.2.1");
    config::AccessRule signed_one;
    signed_one.key = "xfr.";
    auto table = std::make_shared<NotifyTable>();
    table->keys = keys_;
    table->zones[std::string(as_text(name_of("example.").wire()))] =
        std::make_shared<const AccessList>(std::vector{address}, std::vector<config::Remote>{},
                                           *keys_);
    table->zones[std::string(as_text(name_of("keyed.").wire()))] =
        std::make_shared<const AccessList>(std::vector{signed_one}, std::vector<config::Remote>{},
                                           *keys_);
    box_.set_table(std::move(table));
  }
  static Message notify(const std::string& apex, const std::string& text = "") {
    return response(text, {.id = 7, .flags = 0x2400, .type = dns::RrType::kSoa, .apex = apex});
  }
  // The RCODE, or -1 for no answer.
  int ask(const Message& message, const char* from = "192.0.2.1", const TsigKey* key = nullptr) {
    out_.resize(512);
    const std::size_t size = box_.answer(message, *Address::parse(from), key, out_);
    out_.resize(size);
    if (size == 0) { return -1; }
    EXPECT_EQ(load_u16(out_.data()), 7);
    EXPECT_EQ(out_[2], 0xa4);
    return out_[3] & 15;
  }

  std::shared_ptr<const Keyring> keys_;
  int woken_ = 0;
  NotifyBox box_{[this] { ++woken_; }};
  Message out_;
};

TEST_F(NotifyTest, IsAnsweredWithItsQuestionAndLeavesAHint) {
  EXPECT_EQ(ask(notify("Example.", soa(9))), 0);
  EXPECT_EQ(out_.size(), 12U + 9 + 4);
  EXPECT_EQ(ask(notify("example.")), 0);
  EXPECT_EQ(woken_, 1);
  const auto hints = box_.take();
  ASSERT_EQ(hints.size(), 1U);  // the last of one sender
  EXPECT_EQ(hints[0].apex, name_of("example."));
  EXPECT_EQ(hints[0].serial, std::nullopt);
  EXPECT_TRUE(box_.take().empty());
  EXPECT_EQ(ask(notify("example.", soa(9))), 0);
  EXPECT_EQ(woken_, 2);
  EXPECT_EQ(box_.take().at(0).serial, 9U);
}

TEST_F(NotifyTest, OnlyThoseWhoMayAreHeard) {
  EXPECT_EQ(ask(notify("nowhere.")), 9);
  EXPECT_EQ(ask(notify("example."), "192.0.2.2"), 5);
  EXPECT_EQ(ask(notify("keyed.")), 5);
  // A key of the same name from another keyring: what a worker's own check gives.
  TsigKey key = *keys_->find(name_of("xfr."));
  EXPECT_EQ(ask(notify("keyed."), "198.51.100.1", &key), 0);
  EXPECT_EQ(box_.count(NotifyVerdict::kRefused), 2U);
  EXPECT_EQ(box_.count(NotifyVerdict::kAccepted), 1U);
  EXPECT_EQ(box_.take().size(), 1U);
}

TEST_F(NotifyTest, WhatIsMalformedIsSaidToBe) {
  EXPECT_EQ(ask(response("", {.flags = 0x2400, .type = dns::RrType::kA})), 1);
  EXPECT_EQ(ask(response("", {.flags = 0x2400, .has_question = false})), 1);
  Message cut = notify("example.", soa(9));
  for (std::size_t size = 12; size < cut.size(); ++size) {
    Message part(cut.begin(), cut.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(ask(part), 1) << size;
  }
  EXPECT_TRUE(box_.take().empty());
}

TEST_F(NotifyTest, AFloodIsDroppedNotKept) {
  for (std::size_t i = 0; i < NotifyBox::kMaxHints; ++i) { ASSERT_EQ(ask(notify("example.")), 0); }
  EXPECT_EQ(ask(notify("example.")), -1);
  EXPECT_EQ(box_.count(NotifyVerdict::kDropped), 1U);
  EXPECT_EQ(box_.take().size(), 1U);
  EXPECT_EQ(ask(notify("example.")), 0);
}

}  // namespace
}  // namespace gslb::transfer
