// Plays traces through the shipped eviction and through others: see README.md one folder up.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cache/policy.h"
#include "bench/cache/synthetic.h"

namespace bench::cache {
namespace {

struct Options {
  std::vector<std::string> files;
  std::vector<std::string> kinds;
  std::vector<double> sizes = {0.1, 1, 10};  // percent of the footprint
  std::vector<std::string> only;             // contenders; empty: all
  std::size_t limit = 0xfffffffe;
  std::size_t requests = 2'000'000;  // of made-up traces
  std::uint64_t seed = 1;
  double warm_up = 0;  // share of the requests
};

struct Outcome {
  double objects = 0;  // hit ratios, percent
  double octets = 0;
  double ns = 0;  // per request, replay included
};

[[noreturn]] void usage(const std::string& problem) {
  if (!problem.empty()) { std::fprintf(stderr, "bench_cache: %s\n", problem.c_str()); }
  std::fprintf(
      stderr,
      "usage: bench_cache [FILE…] [--kinds NAME,…|all] [--sizes PERCENT,…] [--only NAME;…]\n"
      "                   [--requests N] [--seed N] [--limit N] [--warm-up SHARE]\n"
      "FILE: oracleGeneral, or .csv with object,size or time,object,size; .zst unpacked\n"
      "made-up traces:\n");
  for (const Kind& kind : kinds()) {
    std::fprintf(stderr, "  %-8s %s\n", std::string(kind.name).c_str(),
                 std::string(kind.what).c_str());
  }
  std::exit(2);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) { return parts; }
    text.remove_prefix(end + 1);
  }
}

template <typename Number>
Number number(std::string_view option, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    usage(std::string(option) + ": no number: " + std::string(text));
  }
  return value;
}

std::vector<std::string> all_kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kinds()) { names.emplace_back(kind.name); }
  return names;
}

std::vector<std::string> checked_kinds(std::string_view text) {
  const std::vector<std::string> known = all_kinds();
  if (text == "all") { return known; }
  std::vector<std::string> names = split(text, ',');
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      usage("--kinds: unknown: " + name);
    }
  }
  return names;
}

Options parse(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (!name.starts_with("--")) {
      options.files.emplace_back(name);
      continue;
    }
    if (i + 1 == arguments.size()) { usage(std::string(name) + ": without a value"); }
    const std::string_view value = arguments[++i];
    if (name == "--kinds") {
      options.kinds = checked_kinds(value);
    } else if (name == "--sizes") {
      options.sizes.clear();
      for (const std::string& size : split(value, ',')) {
        options.sizes.push_back(number<double>(name, size));
      }
    } else if (name == "--only") {
      options.only = split(value, ';');
    } else if (name == "--requests") {
      options.requests = number<std::size_t>(name, value);
    } else if (name == "--limit") {
      options.limit = number<std::size_t>(name, value);
    } else if (name == "--seed") {
      options.seed = number<std::uint64_t>(name, value);
    } else if (name == "--warm-up") {
      options.warm_up = number<double>(name, value);
    } else {
      usage("unknown option: " + std::string(name));
    }
  }
  if (options.files.empty() && options.kinds.empty()) { options.kinds = all_kinds(); }
  return options;
}

std::vector<Contender> contenders(const Options& options) {
  std::vector<Contender> all;
  for (auto& some : {queue_baselines(), ranked_baselines(), shipped(), offline_bounds()}) {
    for (const Contender& one : some) {
      const bool wanted =
          options.only.empty() ||
          std::find(options.only.begin(), options.only.end(), one.name) != options.only.end();
      if (wanted) { all.push_back(one); }
    }
  }
  if (all.empty()) { usage("--only: no such contender"); }
  return all;
}

Outcome play(const Trace& trace, Policy& policy, double warm_up) {
  const auto counted =
      static_cast<std::uint32_t>(warm_up * static_cast<double>(trace.requests.size()));
  std::uint64_t hits = 0;
  std::uint64_t hit_octets = 0;
  std::uint64_t octets = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < trace.requests.size(); ++i) {
    const Request& request = trace.requests[i];
    const bool hit = policy.request(request, i);
    if (i < counted) { continue; }
    octets += request.size;
    if (!hit) { continue; }
    ++hits;
    hit_octets += request.size;
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  const auto requests = static_cast<double>(trace.requests.size());
  return {100 * static_cast<double>(hits) / (requests - counted),
          100 * static_cast<double>(hit_octets) / static_cast<double>(octets),
          took.count() / requests};
}

void report(const Trace& trace, const Options& options) {
  std::vector<bool> again(trace.keys);
  for (const Request& request : trace.requests) {
    if (request.next != kNever) { again[request.key] = true; }
  }
  const auto once = static_cast<double>(std::count(again.begin(), again.end(), false));
  std::printf(
      "%s: %zu requests for %u objects (%.0f %% of them once), footprint %.3f GB, "
      "%.3f GB requested, warm-up %.0f %%\n",
      trace.name.c_str(), trace.requests.size(), trace.keys, 100 * once / trace.keys,
      static_cast<double>(trace.footprint) / 1e9, static_cast<double>(trace.requested_octets) / 1e9,
      100 * options.warm_up);
  std::printf("%-22s", "hit ratio % / ns");
  for (const double size : options.sizes) { std::printf("  %6g %%: obj   byte    ns", size); }
  std::printf("\n");
  for (const Contender& contender : contenders(options)) {
    std::printf("%-22s", contender.name.c_str());
    for (const double size : options.sizes) {
      const auto capacity =
          static_cast<std::uint64_t>(size / 100 * static_cast<double>(trace.footprint));
      const auto policy = contender.make(trace.keys, std::max<std::uint64_t>(capacity, 1));
      const Outcome outcome = play(trace, *policy, options.warm_up);
      std::printf("  %13.2f %6.2f %5.0f", outcome.objects, outcome.octets, outcome.ns);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}

int run(const Options& options) {
  for (const std::string& file : options.files) {
    const auto trace = read_trace(file, options.limit);
    if (!trace) {
      std::fprintf(stderr, "bench_cache: %s: %s\n", file.c_str(),
                   std::string(describe(trace.error())).c_str());
      return 1;
    }
    report(*trace, options);
  }
  for (const std::string& kind : options.kinds) {
    report(make_trace(kind, options.requests, options.seed), options);
  }
  return 0;
}

}  // namespace
}  // namespace bench::cache

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  return bench::cache::run(bench::cache::parse(arguments));
}
