// What a signed answer costs beside an unsigned one, in answer() alone: no sockets.
//
//   build/release/bin/answer_bench
//
// Copying the larger message is part of it.
#include <cstdio>
#include <map>

#include <benchmark/benchmark.h>

#include "gslb/dnssec/sign_rrset.h"
#include "gslb/dnssec/sign_zone.h"

#include "tests/support/world.h"

namespace {

using gslb::answer::RoutedSets;
using gslb::answer::SignRequest;
using gslb::dnssec::Denial;
using gslb::dnssec::SigningKey;

constexpr gslb::dnssec::Validity kValidity{1'700'000'000, 2'000'000'000};

std::shared_ptr<const gslb::answer::Snapshot> signed_snapshot(const tests::World& world,
                                                              Denial denial) {
  const auto& compiled = *world.epoch->compiled;
  const auto& authored = compiled.zones->zones()[0];
  const auto key = SigningKey::generate(authored->apex(), gslb::dnssec::Algorithm::kEcdsaP256Sha256,
                                        gslb::dnssec::kKskFlags);
  gslb::dnssec::SigningPlan plan;
  plan.keys = {{.key = key, .signs_keys = true, .signs_zone = true}};
  plan.denial = denial;
  plan.now = gslb::WallTime(std::chrono::seconds(1'700'000'000));
  auto snapshot = std::make_shared<gslb::answer::Snapshot>(*world.snapshot);
  snapshot->zones = std::make_shared<gslb::zone::ZoneSet>(
      std::vector{gslb::dnssec::sign_zone(*authored, plan, nullptr).value().zone});
  const gslb::answer::RoutedSigning signing{
      .sign =
          [&key](const SignRequest& request) {
            auto rrsig = gslb::dnssec::sign_rrset(key, request.lower_owner, request.set, kValidity);
            rrsig.insert(rrsig.begin(), {static_cast<std::uint8_t>(rrsig.size() >> 8),
                                         static_cast<std::uint8_t>(rrsig.size())});
            return rrsig;
          },
      .is_fresh = [](const SignRequest&, const gslb::dns::RrsetView&) { return true; }};
  snapshot->routed_sets = RoutedSets::build(
      {*snapshot->zones, *compiled.services, *compiled.fleet, compiled.config}, signing, nullptr);
  return snapshot;
}

struct Setup {
  tests::World world = tests::make_world();
  std::map<std::string, std::shared_ptr<const gslb::answer::Snapshot>> snapshots = {
      {"unsigned", world.snapshot},
      {"nsec", signed_snapshot(world, Denial::kNsec)},
      {"nsec3", signed_snapshot(world, Denial::kNsec3)}};
};
Setup& setup() {
  static Setup once;
  return once;
}

void answers(benchmark::State& state, const std::string& zone, const std::string& name,
             bool dnssec_ok) {
  const auto& snapshot = *setup().snapshots.at(zone);
  const auto query =
      tests::make_query({.name = name, .ecs = "198.51.100.0/24", .dnssec_ok = dnssec_ok});
  const auto resolver = gslb::Address::parse("192.0.2.53").value();
  gslb::answer::AnswerCounters counters;
  gslb::answer::Scratch scratch{0};
  std::vector<std::uint8_t> out(4096);
  std::size_t size = 0;
  for (auto _ : state) {
    size = gslb::answer::answer(snapshot, {query, resolver, gslb::answer::Transport::kUdp}, scratch,
                                counters, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["octets"] = static_cast<double>(size);
}

void add(const std::string& zone, const std::string& name, bool dnssec_ok) {
  benchmark::RegisterBenchmark(
      (zone + '/' + name + (dnssec_ok ? "/do" : "")).c_str(),
      [=](benchmark::State& state) { answers(state, zone, name, dnssec_ok); });
}

}  // namespace

int main(int argc, char** argv) {
  for (const char* name :
       {"premium.example", "www.example", "x.cdn.example", "static.example", "nothing.example"}) {
    add("unsigned", name, true);
    add("nsec", name, false);
    add("nsec", name, true);
    add("nsec3", name, true);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
