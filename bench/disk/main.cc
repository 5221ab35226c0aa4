// The edge's disk tier alone: how long a start takes, and what a Zipf load costs in octets written.
// See README.md one folder up.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "edge/cache/disk.h"
#include "gslb/base/random.h"

namespace {

using edge::cache::Body;
using edge::cache::Disk;
using edge::cache::DiskOptions;
using edge::cache::Object;
using edge::cache::ObjectRef;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kMiB = 1 << 20;

const gslb::SystemClock system_clock;

double ms_since(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

ObjectRef object_of(std::size_t size) {
  auto object = std::make_shared<Object>();
  object->head.status = 200;
  object->head.fields.add("Content-Type", "text/html");
  object->head.fields.add("ETag", "\"0123456789abcdef\"");
  object->head.fields.add("Cache-Control", "max-age=3600");
  object->freshness.lifetime_s = 3600;
  object->received = system_clock.mono();
  object->body = std::make_shared<Body>(Body::Mode::kKeep);
  object->body->append(std::string(size, 'x'));
  object->body->finish();
  return object;
}

std::unique_ptr<Disk> open(const std::string& folder, std::uint64_t octets,
                           std::uint64_t segment_octets) {
  DiskOptions options;
  options.log = {folder, octets, segment_octets};
  std::string error;
  auto disk = Disk::open(options, system_clock, &error);
  if (!disk) {
    std::fprintf(stderr, "bench_disk: %s\n", error.c_str());
    std::exit(1);
  }
  return disk;
}

void wait_for_queue(Disk& disk, std::uint64_t below) {
  while (disk.stats().queued_octets > below) { std::this_thread::yield(); }
}

// Many small responses, then starts.
void measure_starts(const std::string& folder, std::size_t count) {
  constexpr std::size_t size = 2000;
  auto disk = open(folder, (count + 1000) * (size + 1000) + 256 * kMiB, 64 * kMiB);
  while (disk->stats().rebuilding) { std::this_thread::yield(); }
  const ObjectRef object = object_of(size);
  const auto start = SteadyClock::now();
  for (std::size_t i = 0; i < count; ++i) {
    disk->put_hit("www.example.com /some/path/" + std::to_string(i), object);
    wait_for_queue(*disk, 1000 * size);
  }
  disk->stop();
  const Disk::Stats written = disk->stats();
  std::printf("written: %llu responses, %.0f MB, in %.1f s\n",
              static_cast<unsigned long long>(written.objects),
              static_cast<double>(written.written_octets) / 1e6, ms_since(start) / 1e3);
  for (int round = 0; round < 3; ++round) {
    disk.reset();
    const auto opening = SteadyClock::now();
    disk = open(folder, written.budget_octets, 64 * kMiB);
    const double open_ms = ms_since(opening);
    while (disk->stats().rebuilding) { std::this_thread::yield(); }
    const Disk::Stats found = disk->stats();
    std::printf("start: serving after %.1f ms, index whole after %.0f ms; %.1f octets a response\n",
                open_ms, ms_since(opening),
                static_cast<double>(found.index_octets) / static_cast<double>(found.objects));
  }
}

bool find(Disk& disk, const std::string& key) {
  if (!disk.may_have(key)) { return false; }
  std::promise<bool> promise;
  auto found = promise.get_future();
  disk.find(key, {}, [&](const Disk::Found& got) { promise.set_value(got.object != nullptr); });
  return found.get();
}

// Requests by a Zipf law for responses of Pareto sizes; the disk holds a quarter of them.
void measure_zipf(const std::string& folder, double alpha) {
  constexpr std::size_t keys = 20'000;
  constexpr std::size_t requests = 400'000;
  gslb::Random random(1);
  std::vector<double> sums;
  for (std::size_t i = 0; i < keys; ++i) {
    sums.push_back((sums.empty() ? 0 : sums.back()) + std::pow(static_cast<double>(i + 1), -alpha));
  }
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < keys; ++i) {
    sizes.push_back(
        static_cast<std::size_t>(std::min(500'000.0, 4000 * std::pow(1 - random.unit(), -0.7))));
  }
  auto disk = open(folder, 64 * kMiB, 4 * kMiB);
  std::unordered_set<std::size_t> seen;
  double offered = 0;
  std::size_t hits = 0;
  for (std::size_t i = 0; i < requests; ++i) {
    const double at = random.unit() * sums.back();
    const auto key =
        static_cast<std::size_t>(std::lower_bound(sums.begin(), sums.end(), at) - sums.begin());
    const std::string name = "www.example.com /" + std::to_string(key);
    if (find(*disk, name)) {
      hits += i >= requests / 4 ? 1 : 0;
      continue;
    }
    // A second time: it will be written.
    if (!seen.insert(key).second) { offered += static_cast<double>(sizes[key]); }
    disk->put(name, object_of(sizes[key]));
    wait_for_queue(*disk, 4 * kMiB);
  }
  disk->stop();
  const Disk::Stats stats = disk->stats();
  const double written = static_cast<double>(stats.written_octets);
  std::printf("zipf %.1f: hit ratio %.1f %%, offered %.0f MB, written %.0f MB (%.2f)\n", alpha,
              100.0 * static_cast<double>(hits) / (requests * 0.75), offered / 1e6, written / 1e6,
              written / offered);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_disk FOLDER    (made for it, and removed)\n");
    return 2;
  }
  const std::string folder = argv[1];
  measure_starts(folder + "/starts", 500'000);
  for (const double alpha : {0.7, 0.9, 1.1}) {
    measure_zipf(folder + "/zipf" + std::to_string(alpha), alpha);
  }
  std::filesystem::remove_all(folder);
  return 0;
}
