// A disk tier in a folder of its own, asked as the serving steps ask it.
#pragma once

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "edge/cache/disk.h"
#include "gslb/base/random.h"

#include "tests/support/folder.h"

namespace edge::cache {

inline constexpr std::uint64_t kSegment = 1 << 20;

inline std::string content(std::uint64_t seed, std::size_t size) {
  gslb::Random random(seed);
  std::string text(size, '\0');
  for (char& c : text) { c = static_cast<char>(random.next()); }
  return text;
}

inline http::Fields language(const std::string& value) {
  http::Fields fields;
  fields.add("Accept-Language", value);
  return fields;
}

class DiskTest : public testing::Test {
 protected:
  void open(std::uint64_t octets = 16 * kSegment) {
    disk_.reset();
    DiskOptions options;
    options.log = {folder_ / "cache", octets, kSegment};
    options.whole_octets = 128 * 1024;
    options.rest = gslb::milliseconds(20);
    std::string error;
    disk_ = Disk::open(options, clock_, &error);
    ASSERT_TRUE(disk_) << error;
    wait([&] { return !disk_->stats().rebuilding; });
  }
  template <typename Condition>
  static void wait(Condition condition) {
    while (!condition()) { std::this_thread::yield(); }
  }
  // All that is queued is written.
  void drain() {
    disk_->stop();
    const Disk::Stats stats = disk_->stats();
    EXPECT_EQ(stats.queued_octets, 0U);
  }
  void reopen() {
    drain();
    open();
  }

  ObjectRef object(const std::string& body, const http::Fields& request = {},
                   const std::string& vary = "") {
    auto made = std::make_shared<Object>();
    made->head.status = 200;
    made->head.fields.add("ETag", "\"" + std::to_string(body.size()) + "\"");
    if (!vary.empty()) { made->head.fields.add("Vary", vary); }
    made->variant = variant_of(request, made->head.fields);
    made->freshness.lifetime_s = 1000;
    made->received = clock_.mono();
    made->body = std::make_shared<Body>(Body::Mode::kKeep);
    made->body->append(body);
    made->body->finish();
    return made;
  }
  // Written at once: what comes twice is.
  void put(const std::string& key, const ObjectRef& made) {
    disk_->put(key, made);
    disk_->put(key, made);
  }

  Disk::Found find(const std::string& key, const http::Fields& request = {}) {
    std::promise<Disk::Found> promise;
    auto future = promise.get_future();
    disk_->find(key, request, [&](Disk::Found found) { promise.set_value(std::move(found)); });
    return future.get();
  }
  // The body, or "none".
  std::string body(const std::string& key, const http::Fields& request = {}) {
    const Disk::Found found = find(key, request);
    return found.object ? read(found.object->body) : "none";
  }
  static std::string read(const std::shared_ptr<Body>& body, std::uint64_t from = 0) {
    std::string text;
    std::promise<void>* waiting = nullptr;
    std::mutex mutex;
    Body::Reader reader(body, from, [&] {
      const std::lock_guard lock(mutex);
      if (waiting != nullptr) { waiting->set_value(); }
    });
    std::vector<Slice> slices;
    while (true) {
      std::promise<void> promise;
      {
        const std::lock_guard lock(mutex);
        waiting = &promise;
      }
      const Body::Status status = reader.next(slices, 100'000);
      for (const Slice& slice : slices) { text.append(slice.view()); }
      if (status == Body::Status::kWait) { promise.get_future().wait(); }
      {
        const std::lock_guard lock(mutex);
        waiting = nullptr;
      }
      if (status == Body::Status::kEnd) { return text; }
      if (status == Body::Status::kFailed) { return text + "failed"; }
    }
  }
  std::vector<std::string> segments() const { return segment_paths(folder_ / "cache"); }
  static void overwrite(const std::string& path, std::uint64_t offset, std::string_view octets) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  }

  tests::Folder folder_;
  gslb::FakeClock clock_;
  std::unique_ptr<Disk> disk_;
};

}  // namespace edge::cache
