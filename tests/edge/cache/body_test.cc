#include "edge/cache/body.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "gslb/base/random.h"

namespace edge::cache {
namespace {

std::string random_octets(gslb::Random& random, std::size_t size) {
  std::string octets(size, '\0');
  for (char& octet : octets) { octet = static_cast<char>(random.below(256)); }
  return octets;
}

std::string read_all(const std::shared_ptr<Body>& body, std::uint64_t from, std::size_t at_once) {
  Body::Reader reader(body, from, [] {});
  std::string text;
  std::vector<Slice> slices;
  while (reader.next(slices, at_once) == Body::Status::kData) {
    for (const Slice& slice : slices) { text += slice.view(); }
  }
  return text;
}

bool is_in_file(const Body& body) { return body.read_now(0, 1).chunk->place().file >= 0; }

std::int64_t blocks_of(int file) {
  struct stat status {};
  EXPECT_EQ(::fstat(file, &status), 0);
  return status.st_blocks;
}

class BodyInFile : public ::testing::Test {
 protected:
  void SetUp() override {
    file_ = MemoryFile::open();
    if (!file_) { GTEST_SKIP() << "no memory files here"; }
  }
  std::shared_ptr<Body> body_of(const std::string& octets, std::size_t at_once) {
    auto body = std::make_shared<Body>(Body::Mode::kKeep, file_.get());
    for (std::size_t at = 0; at < octets.size(); at += at_once) {
      body->append(octets.substr(at, at_once));
    }
    body->finish();
    return body;
  }
  std::unique_ptr<MemoryFile> file_;
};

// A writer that stops where the window says so, and goes on when it is woken.
class Window : public ::testing::Test {
 protected:
  static constexpr std::size_t kAtOnce = 16 * 1024;

  // Octet i of the body is i / kAtOnce, so that every chunk is another.
  void write_until_told_to_wait() {
    go_on_ = false;
    while (body_->size() < total_) {
      if (!body_->may_append([this] { go_on_ = true; })) { return; }
      body_->append(std::string(kAtOnce, static_cast<char>(body_->size() / kAtOnce)));
    }
    body_->finish();
  }
  static char octet_at(std::uint64_t offset) { return static_cast<char>(offset / kAtOnce); }
  // Reads one octet, writing on for as long as the window lets it.
  Body::Status read_on(Body::Reader& reader, char& octet) {
    std::vector<Slice> slices;
    while (true) {
      const Body::Status status = reader.next(slices, 1);
      if (status == Body::Status::kData) { octet = slices.front().view().front(); }
      if (status != Body::Status::kWait || !go_on_) { return status; }
      write_until_told_to_wait();
    }
  }

  const std::uint64_t total_ = 4 * Body::kWindowOctets;
  std::shared_ptr<Body> body_ = std::make_shared<Body>(Body::Mode::kWindow);
  bool go_on_ = false;
};

TEST_F(Window, AReaderThatStartsBeyondItGetsItsOctets) {
  write_until_told_to_wait();
  ASSERT_LT(body_->size(), total_);
  const std::uint64_t from = 3 * Body::kWindowOctets + 5;
  Body::Reader reader(body_, from, [] {});
  char octet = 0;
  ASSERT_EQ(read_on(reader, octet), Body::Status::kData);
  EXPECT_EQ(octet, octet_at(from));
}

TEST_F(Window, OctetsBeforeTheOnlyReaderAreDroppedAsTheyCome) {
  int woken = 0;
  Body::Reader reader(body_, 3 * Body::kWindowOctets, [&] { ++woken; });
  std::vector<Slice> slices;
  ASSERT_EQ(reader.next(slices, 1), Body::Status::kWait);
  while (body_->size() < 3 * Body::kWindowOctets) {
    body_->append(std::string(kAtOnce, 'x'));
    ASSERT_TRUE(body_->may_append([] {}));
    EXPECT_EQ(body_->memory_octets(), 0U);
  }
  EXPECT_EQ(woken, 0);
  body_->append("y");
  EXPECT_EQ(woken, 1);
}

TEST_F(Window, TheSlowerOfTwoReadersHoldsTheOtherBackAndMissesNothing) {
  Body::Reader slow(body_, 0, [] {});
  const std::uint64_t from = 2 * Body::kWindowOctets;
  Body::Reader ahead(body_, from, [] {});
  write_until_told_to_wait();
  char octet = 0;
  EXPECT_EQ(read_on(ahead, octet), Body::Status::kWait);
  EXPECT_LE(body_->size(), Body::kWindowOctets);
  std::vector<Slice> slices;
  std::uint64_t position = 0;
  while (position < from) {
    const Body::Status status = slow.next(slices, 100'000);
    ASSERT_NE(status, Body::Status::kFailed);
    for (const Slice& slice : slices) {
      EXPECT_EQ(slice.view().front(), octet_at(position));
      position += slice.size;
    }
    if (go_on_) { write_until_told_to_wait(); }
  }
  ASSERT_EQ(read_on(ahead, octet), Body::Status::kData);
  EXPECT_EQ(octet, octet_at(from));
}

TEST_F(Window, AReaderThatLeavesLetsTheOtherGoOn) {
  auto slow = std::make_unique<Body::Reader>(body_, 0, [] {});
  Body::Reader ahead(body_, 2 * Body::kWindowOctets, [] {});
  write_until_told_to_wait();
  char octet = 0;
  ASSERT_EQ(read_on(ahead, octet), Body::Status::kWait);
  slow = nullptr;
  ASSERT_TRUE(go_on_);
  write_until_told_to_wait();
  EXPECT_FALSE(body_->abandoned());
  ASSERT_EQ(read_on(ahead, octet), Body::Status::kData);
}

TEST_F(Window, AReaderBeyondTheEndIsToldOfTheEnd) {
  int woken = 0;
  Body::Reader reader(body_, 2 * total_, [&] { ++woken; });
  std::vector<Slice> slices;
  ASSERT_EQ(reader.next(slices, 1), Body::Status::kWait);
  write_until_told_to_wait();
  EXPECT_TRUE(body_->complete());
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(reader.next(slices, 1), Body::Status::kEnd);
}

TEST_F(Window, AReaderSeeksAheadAndWhatItSkippedIsDropped) {
  Body::Reader reader(body_, 5, [] {});
  write_until_told_to_wait();
  char octet = 0;
  ASSERT_EQ(read_on(reader, octet), Body::Status::kData);
  EXPECT_EQ(octet, octet_at(5));
  const std::uint64_t from = 3 * Body::kWindowOctets;
  reader.seek(from);
  ASSERT_EQ(read_on(reader, octet), Body::Status::kData);
  EXPECT_EQ(octet, octet_at(from));
}

TEST_F(Window, AWriterWhoseReaderWillNotComeNeedNotGoOn) {
  write_until_told_to_wait();
  EXPECT_FALSE(body_->abandoned());
  body_->dismiss();
  EXPECT_TRUE(body_->abandoned());
  EXPECT_TRUE(go_on_);
}

TEST(Body, AReaderOfWhatIsWholeSeeksAnywhere) {
  const auto body = std::make_shared<Body>(Body::Mode::kKeep);
  body->append("0123456789");
  body->finish();
  Body::Reader reader(body, 8, [] {});
  std::vector<Slice> slices;
  ASSERT_EQ(reader.next(slices, 100), Body::Status::kData);
  EXPECT_EQ(slices.front().view(), "89");
  reader.seek(3);
  ASSERT_EQ(reader.next(slices, 2), Body::Status::kData);
  EXPECT_EQ(slices.front().view(), "34");
}

TEST_F(BodyInFile, LargeBodiesLieInFilesAndSmallOnesOnTheHeap) {
  EXPECT_FALSE(is_in_file(*body_of(std::string(1000, 'x'), 1000)));
  EXPECT_TRUE(is_in_file(*body_of(std::string(100'000, 'x'), 16'384)));
}

TEST_F(BodyInFile, EveryOctetIsReadFromWhereverAReaderStarts) {
  gslb::Random random(7);
  for (const std::size_t size : {32'768UL, 262'144UL, 262'145UL, 1'000'003UL}) {
    const std::string octets = random_octets(random, size);
    const auto body = body_of(octets, 1 + random.below(40'000));
    EXPECT_EQ(body->size(), size);
    for (int i = 0; i < 10; ++i) {
      const std::size_t from = random.below(size);
      EXPECT_EQ(read_all(body, from, 1 + random.below(300'000)), octets.substr(from));
      const Slice slice = body->read_now(from, 1000);
      EXPECT_EQ(slice.view(), octets.substr(from, slice.size));
    }
  }
}

TEST_F(BodyInFile, AReaderGoesOnWhereItWasWhenWhatItReadsMovesIntoTheFile) {
  gslb::Random random(8);
  const std::string octets = random_octets(random, 900'000);
  const auto body = std::make_shared<Body>(Body::Mode::kKeep, file_.get());
  Body::Reader reader(body, 0, [] {});
  std::string text;
  std::vector<Slice> slices;
  for (std::size_t at = 0; at < octets.size(); at += 30'000) {
    body->append(octets.substr(at, 30'000));
    // Falls behind: what it has not read yet is moved meanwhile.
    ASSERT_EQ(reader.next(slices, 17'000), Body::Status::kData);
    for (const Slice& slice : slices) { text += slice.view(); }
  }
  body->finish();
  while (reader.next(slices, 50'000) == Body::Status::kData) {
    for (const Slice& slice : slices) { text += slice.view(); }
  }
  EXPECT_EQ(text, octets);
}

TEST_F(BodyInFile, PagesAreCountedWholeAndGivenBack) {
  auto body = body_of(std::string(40'961, 'x'), 10'000);
  EXPECT_GE(body->memory_octets(), 45'056U);
  const int file = ::dup(body->read_now(0, 1).chunk->place().file);
  EXPECT_EQ(blocks_of(file), 11 * 8);
  body = nullptr;
  EXPECT_EQ(blocks_of(file), 0);
  ::close(file);
}

TEST_F(BodyInFile, ChunksOutliveTheFileTheyLieIn) {
  const auto body = body_of(std::string(50'000, 'x'), 50'000);
  const Slice slice = body->read_now(0, 50'000);
  file_ = nullptr;
  EXPECT_EQ(slice.view(), std::string(50'000, 'x'));
}

// The network lends pages: what is evicted and what takes its room must not change what a client
// has still to get.
TEST_F(BodyInFile, WhatIsUnderWayToAClientStaysWhenTheBodyIsGone) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener, generic, length), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, generic, &length), 0);
  const int sender = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(sender, generic, length), 0);
  const int receiver = ::accept(listener, nullptr, nullptr);

  gslb::Random random(9);
  const std::string octets = random_octets(random, 100'000);
  auto body = body_of(octets, 100'000);
  const auto place = body->read_now(0, 1).chunk->place();
  auto offset = static_cast<off_t>(place.offset);
  const ssize_t sent = ::sendfile(sender, place.file, &offset, octets.size());
  ASSERT_GT(sent, 0);
  body = nullptr;
  const auto next = body_of(std::string(300'000, '#'), 300'000);

  std::string got(static_cast<std::size_t>(sent), '\0');
  ASSERT_EQ(::recv(receiver, got.data(), got.size(), MSG_WAITALL), sent);
  EXPECT_EQ(got, octets.substr(0, got.size()));
  for (const int each : {listener, sender, receiver}) { ::close(each); }
}

}  // namespace
}  // namespace edge::cache
