#include "gslb/transfer/journal.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "gslb/base/file.h"

#include "tests/support/folder.h"
#include "wire.h"

namespace gslb::transfer {
namespace {

constexpr std::size_t kLimit = 4096;

class JournalTest : public ::testing::Test {
 protected:
  static JournalEntry entry(std::uint32_t to, std::size_t records = 1) {
    Difference difference;
    difference.old_soa = record_of(soa(to - 1));
    difference.new_soa = record_of(soa(to));
    for (std::size_t i = 0; i < records; ++i) {
      difference.added.push_back(record_of("a" + std::to_string(i) + ".example. 60 A 192.0.2.1"));
    }
    return encode(difference, 1000 + to);
  }
  Journal fresh(std::size_t limit = kLimit) { return {name_of("example."), folder_.path(), limit}; }
  Journal restored(std::uint32_t serial, std::uint64_t digest) {
    Journal journal = fresh();
    journal.restore(serial, [&] { return digest; });
    return journal;
  }
  static std::size_t from(const Journal& journal, std::uint32_t serial) {
    return Journal::chain_from(journal.whole_chain(), serial).size();
  }

  const tests::Folder folder_;
  const std::string file_ = folder_ / "example.journal";
};

TEST_F(JournalTest, GivesWhatFollowsAVersion) {
  Journal journal = fresh();
  for (const std::uint32_t to : {2U, 3U, 4U}) { journal.append(entry(to)); }
  EXPECT_EQ(from(journal, 1), 3U);
  EXPECT_EQ(from(journal, 3), 1U);
  EXPECT_EQ(from(journal, 4), 0U);
  EXPECT_EQ(from(journal, 9), 0U);
}

TEST_F(JournalTest, SurvivesARestartOfTheSameZone) {
  Journal journal = fresh();
  for (const std::uint32_t to : {2U, 3U, 4U}) { journal.append(entry(to)); }
  const Journal again = restored(4, 1004);
  EXPECT_EQ(from(again, 1), 3U);
  EXPECT_EQ(again.octets(), journal.octets());
  EXPECT_EQ(again.whole_chain()[1]->records, journal.whole_chain()[1]->records);
  EXPECT_EQ(std::filesystem::file_size(file_), again.octets());
}

TEST_F(JournalTest, AnotherSerialOrContentEndsIt) {
  Journal journal = fresh();
  journal.append(entry(2));
  EXPECT_EQ(restored(3, 1002).size(), 0U);
  EXPECT_FALSE(std::filesystem::exists(file_));
  journal = fresh();
  journal.append(entry(2));
  EXPECT_EQ(restored(2, 1).size(), 0U);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(JournalTest, DamageAnywhereEndsIt) {
  Journal journal = fresh();
  for (const std::uint32_t to : {2U, 3U}) { journal.append(entry(to)); }
  const std::string good = read_file(file_).value();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    ASSERT_TRUE(write_file_atomically(file_, bad));
    EXPECT_EQ(restored(3, 1003).size(), 0U) << at;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_TRUE(write_file_atomically(file_, good.substr(0, size)));
    EXPECT_EQ(restored(3, 1003).size(), 0U) << size;
  }
  ASSERT_TRUE(write_file_atomically(file_, good));
  EXPECT_EQ(restored(3, 1003).size(), 2U);
}

TEST_F(JournalTest, TheOldestGoWhenItIsFull) {
  Journal journal = fresh(kLimit);
  for (std::uint32_t to = 2; to < 200; ++to) {
    journal.append(entry(to, to % 7));
    EXPECT_LE(journal.octets(), kLimit);
    EXPECT_EQ(std::filesystem::file_size(file_), journal.octets());
    EXPECT_EQ(from(journal, to - 1), 1U);
  }
  EXPECT_GT(journal.size(), 5U);
  EXPECT_EQ(from(journal, 1), 0U);
  EXPECT_EQ(restored(199, 1199).size(), journal.size());
}

TEST_F(JournalTest, ADifferenceTooLargeOrOutOfOrderBeginsAnew) {
  Journal journal = fresh(kLimit);
  journal.append(entry(2));
  journal.append(entry(3, 1000));
  EXPECT_EQ(journal.size(), 0U);
  EXPECT_FALSE(std::filesystem::exists(file_));
  journal.append(entry(4));
  journal.append(entry(9));
  EXPECT_EQ(journal.size(), 1U);
  EXPECT_EQ(restored(9, 1009).size(), 1U);
}

TEST_F(JournalTest, NoOctetsNoJournal) {
  Journal journal = fresh(0);
  journal.append(entry(2));
  EXPECT_EQ(journal.size(), 0U);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

}  // namespace
}  // namespace gslb::transfer
