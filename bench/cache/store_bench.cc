// What a hit, a miss and an insertion cost in the memory store, on one thread and on several, and
// what an object really takes beside what it is charged for.
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <malloc.h>

#include "edge/cache/store.h"
#include "gslb/base/random.h"

namespace {

using edge::cache::Body;
using edge::cache::Object;
using edge::cache::Store;

constexpr std::size_t kObjects = 100'000;

std::string key_of(std::uint64_t i) {
  return "www.example.com /some/folder/page-" + std::to_string(i) + ".html";
}

std::shared_ptr<Object> object_of(std::size_t size) {
  auto object = std::make_shared<Object>();
  object->head.status = 200;
  object->head.fields.add("Content-Type", "text/html; charset=utf-8");
  object->head.fields.add("ETag", "\"0123456789abcdef\"");
  object->head.fields.add("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
  object->head.fields.add("Cache-Control", "public, max-age=86400");
  object->body = std::make_shared<Body>(Body::Mode::kKeep);
  object->body->append(std::string(size, 'x'));
  object->body->finish();
  return object;
}

Store& filled() {
  static Store store(1 << 30, Store::shards_for(1 << 30));
  static const bool once = [] {
    for (std::size_t i = 0; i < kObjects; ++i) { store.insert(key_of(i), {}, object_of(1000)); }
    return true;
  }();
  benchmark::DoNotOptimize(once);
  return store;
}

// Keys drawn beforehand, so that drawing them isn't measured.
std::vector<std::string> keys(std::uint64_t seed, std::uint64_t first) {
  gslb::Random random(seed);
  std::vector<std::string> all(10'000);
  for (std::string& key : all) { key = key_of(first + random.below(kObjects)); }
  return all;
}

void ask(benchmark::State& state, std::uint64_t first) {
  Store& store = filled();
  const auto asked = keys(static_cast<std::uint64_t>(state.thread_index()), first);
  std::size_t at = 0;
  for ([[maybe_unused]] auto step : state) {
    benchmark::DoNotOptimize(store.find(asked[at], {}));
    at = at + 1 == asked.size() ? 0 : at + 1;
  }
}

void hit(benchmark::State& state) { ask(state, 0); }
void miss(benchmark::State& state) { ask(state, kObjects); }
BENCHMARK(hit)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();
BENCHMARK(miss)->Threads(1)->Threads(2)->UseRealTime();

// Into a store that is full, so that each evicts; the object is made outside.
void insert_full(benchmark::State& state) {
  Store store(64 << 20, Store::shards_for(64 << 20));
  const auto object = object_of(1000);
  std::uint64_t i = 0;
  for (; i < 60'000; ++i) { store.insert(key_of(i), {}, object); }
  for ([[maybe_unused]] auto step : state) { store.insert(key_of(i++), {}, object); }
}
BENCHMARK(insert_full);

void memory(benchmark::State& state) {
  for ([[maybe_unused]] auto step : state) {
    const std::size_t before = mallinfo2().uordblks;
    Store store(1 << 30, Store::shards_for(1 << 30));
    for (std::size_t i = 0; i < kObjects; ++i) { store.insert(key_of(i), {}, object_of(1000)); }
    const auto objects = static_cast<double>(store.stats().objects);
    state.counters["charged"] = static_cast<double>(store.stats().octets) / objects;
    state.counters["taken"] = static_cast<double>(mallinfo2().uordblks - before) / objects;
  }
}
BENCHMARK(memory)->Iterations(1);

}  // namespace

BENCHMARK_MAIN();
