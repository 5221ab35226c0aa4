#include "edge/serve/socket_writer.h"

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "edge/cache/memory_file.h"
#include "gslb/base/random.h"

namespace edge::serve {
namespace {

class SocketWriterTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0); }
  void TearDown() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  // Writes all, reading at the other end whenever the socket is full.
  std::string pass(SocketWriter& writer) {
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::string got;
    std::size_t taken = 0;
    SocketWriter::Step step = SocketWriter::Step::kWait;
    while (step == SocketWriter::Step::kWait) {
      std::size_t count = 0;
      step = writer.write(ends_[0], count);
      taken += count;
      drain(got);
    }
    EXPECT_EQ(step, SocketWriter::Step::kDone);
    EXPECT_EQ(taken, got.size());
    return got;
  }
  void drain(std::string& got) {
    ::fcntl(ends_[1], F_SETFL, O_NONBLOCK);
    std::string room(100'000, '\0');
    for (ssize_t count = 1; count > 0;) {
      count = ::recv(ends_[1], room.data(), room.size(), 0);
      if (count > 0) { got.append(room, 0, static_cast<std::size_t>(count)); }
    }
  }
  int ends_[2] = {-1, -1};
};

TEST_F(SocketWriterTest, HeadsBodiesAndFilesComeOutInOrderHoweverFullTheSocketIs) {
  const auto file = cache::MemoryFile::open();
  gslb::Random random(3);
  for (int round = 0; round < 20; ++round) {
    SocketWriter writer;
    std::vector<std::string> texts;
    std::vector<cache::Slice> slices;
    std::string expected;
    for (int i = 0; i < 100; ++i) {
      texts.emplace_back(random.below(5) == 0 ? 0 : random.below(60'000),
                         static_cast<char>('a' + i % 26));
    }
    for (const std::string& text : texts) {
      const bool is_text = text.empty() || random.below(2) == 0;
      cache::Chunk chunk = is_text ? nullptr : cache::make_chunk(text);
      if (chunk && file && random.below(2) == 0) { chunk = file->store({chunk, chunk}); }
      if (!chunk) {
        writer.add(text);
        expected += text;
        continue;
      }
      const std::size_t from = random.below(chunk->size());
      slices.push_back({chunk, from, random.below(chunk->size() - from + 1)});
      writer.add(slices.back());
      expected += slices.back().view();
    }
    EXPECT_EQ(pass(writer), expected);
  }
}

std::string random_octets(std::size_t size) {
  gslb::Random random(size);
  std::string octets(size, '\0');
  for (char& octet : octets) { octet = static_cast<char>(random.below(256)); }
  return octets;
}

TEST_F(SocketWriterTest, ALargeBodyComesOutWholeHoweverOftenTheSocketIsFull) {
  const auto file = cache::MemoryFile::open();
  if (!file) { GTEST_SKIP() << "no memory files here"; }
  const std::string octets = random_octets(3'000'001);
  const cache::Chunk chunk = file->store({cache::make_chunk(octets)});
  SocketWriter writer;
  for (const std::size_t from : {0UL, 1UL, 4'095UL, 2'900'000UL}) {
    writer.clear();
    writer.add("head");
    writer.add(cache::Slice{chunk, from, octets.size() - from});
    writer.add("tail");
    EXPECT_EQ(pass(writer), "head" + octets.substr(from) + "tail");
  }
}

// Pages are lent: what is evicted and what takes its room must not change them.
TEST_F(SocketWriterTest, WhatIsUnderWayStaysWhenTheBodyIsGone) {
  const auto file = cache::MemoryFile::open();
  if (!file) { GTEST_SKIP() << "no memory files here"; }
  const std::string octets = random_octets(150'000);
  cache::Chunk chunk = file->store({cache::make_chunk(octets)});
  SocketWriter writer;
  writer.add(cache::Slice{chunk, 0, octets.size()});
  ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  std::size_t count = 0;
  writer.write(ends_[0], count);
  ASSERT_GT(count, 0U);
  writer.clear();
  chunk = nullptr;
  const cache::Chunk next = file->store({cache::make_chunk(std::string(400'000, '#'))});
  std::string got;
  drain(got);
  EXPECT_EQ(got, octets.substr(0, count));
}

TEST_F(SocketWriterTest, ItSaysThatTheOtherEndIsGoneAndRaisesNoSignal) {
  ::close(ends_[1]);
  ends_[1] = -1;
  SocketWriter writer;
  writer.add("octets");
  std::size_t count = 0;
  EXPECT_EQ(writer.write(ends_[0], count), SocketWriter::Step::kFailed);
  EXPECT_EQ(errno, EPIPE);
}

TEST_F(SocketWriterTest, AWriterIsUsedAgainAfterAWriteThatWasLeftHalfDone) {
  SocketWriter writer;
  const std::string much(4'000'000, 'x');
  ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  writer.add(much);
  std::size_t count = 0;
  EXPECT_EQ(writer.write(ends_[0], count), SocketWriter::Step::kWait);
  std::string before;
  drain(before);
  writer.clear();
  writer.add("the next");
  EXPECT_EQ(pass(writer), "the next");
}

}  // namespace
}  // namespace edge::serve
