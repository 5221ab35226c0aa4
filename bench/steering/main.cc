// bench_steering: how well clusters are chosen, on a planet made up or measured.  bench/README.md.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "bench/steering/report.h"

namespace {

using namespace bench::steering;

constexpr const char* kUsage = R"(bench_steering [OPTION VALUE]...
  --places FILE --pairs FILE   a measured matrix (CSV); default: a planet made up from the seed
  --sites N                    places of a made-up planet (240)
  --clusters N --seeds N       (20, 10)
  --use SHARE --ecs SHARE      of capacity; of traffic behind resolvers that send ECS (0.7, 0.6)
  --only ID[,ID...]            contenders: distance latency weighted onoff fastroute stable proxima
  --ablate NAME[,NAME...]      without: geo hidden query noise lost liar sun caches
  --pace FACTOR                phases shorter by this (1)
  --json FILE --svg FILE
)";

struct Arguments {
  std::string places;
  std::string pairs;
  std::size_t sites = 240;
  std::size_t seeds = 10;
  SceneOptions scene;
  RunOptions run;
  std::string only;
  std::string json;
  std::string svg;
};

void ablate(const std::string& name, Arguments& to) {
  if (name == "geo") {
    to.scene.wrong_geo = 0;
  } else if (name == "hidden") {
    to.scene.hidden_sigma = 0;
  } else if (name == "query") {
    to.scene.query_sigma = 0;
  } else if (name == "noise") {
    to.run.load_noise = 0;
  } else if (name == "lost") {
    to.run.lost_reports = 0;
  } else if (name == "liar") {
    to.run.liar = false;
  } else if (name == "sun") {
    to.run.diurnal = false;
  } else if (name == "caches") {
    to.run.real_caches = false;
  } else {
    throw std::runtime_error("nothing to ablate is called " + name);
  }
}

void for_each_item(const std::string& list, const auto& use) {
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    use(list.substr(at, comma - at));
    at = comma + 1;
  }
}

Arguments parse(int count, char** words) {
  Arguments result;
  for (int i = 1; i < count; i += 2) {
    const std::string name = words[i];
    if (i + 1 == count) { throw std::runtime_error(name + " needs a value"); }
    const std::string value = words[i + 1];
    if (name == "--places") {
      result.places = value;
    } else if (name == "--pairs") {
      result.pairs = value;
    } else if (name == "--sites") {
      result.sites = std::stoul(value);
    } else if (name == "--clusters") {
      result.scene.clusters = std::stoul(value);
    } else if (name == "--seeds") {
      result.seeds = std::stoul(value);
    } else if (name == "--use") {
      result.scene.use = std::stod(value);
    } else if (name == "--ecs") {
      result.scene.ecs = std::stod(value);
    } else if (name == "--only") {
      result.only = value;
    } else if (name == "--ablate") {
      for_each_item(value, [&](const std::string& item) { ablate(item, result); });
    } else if (name == "--pace") {
      result.run.pace = std::stod(value);
    } else if (name == "--json") {
      result.json = value;
    } else if (name == "--svg") {
      result.svg = value;
    } else {
      throw std::runtime_error("no option is called " + name);
    }
  }
  return result;
}

std::vector<Series> chosen(const std::string& only) {
  std::vector<Series> all;
  for (const Contender& contender : contenders()) {
    bool wanted = only.empty();
    for_each_item(only, [&](const std::string& item) { wanted |= item == contender.id; });
    if (wanted) { all.push_back({contender, {}}); }
  }
  if (all.empty()) { throw std::runtime_error("no contender is called " + only); }
  return all;
}

int run_all(const Arguments& arguments) {
  std::vector<Series> all = chosen(arguments.only);
  std::vector<double> mixed_ms;
  std::size_t units = 0;
  RttMatrix measured;
  if (!arguments.places.empty()) { measured = read_matrix(arguments.places, arguments.pairs); }
  for (std::size_t seed = 1; seed <= arguments.seeds; ++seed) {
    SceneOptions options = arguments.scene;
    options.seed = seed;
    const RttMatrix planet =
        arguments.places.empty() ? make_planet(arguments.sites, seed) : RttMatrix{};
    const Scene scene = make_scene(arguments.places.empty() ? planet : measured, options);
    mixed_ms.push_back(scene.mixed_ms);
    units = scene.units.size();
    for (Series& series : all) {
      series.runs.push_back(run(scene, series.contender, arguments.run));
    }
    std::fprintf(stderr, "seed %zu of %zu\n", seed, arguments.seeds);
  }
  std::printf("%zu clusters, %zu units, %.0f %% use, %.0f %% ECS, %zu seeds; mean ± 95 %%\n",
              arguments.scene.clusters, units, 100 * arguments.scene.use, 100 * arguments.scene.ecs,
              arguments.seeds);
  std::printf("one answer for several networks (no ECS, coarse units) costs %.2f ms, in no row\n\n",
              mean_of(mixed_ms).mean);
  std::fputs(table(all).c_str(), stdout);
  if (!arguments.json.empty()) { std::ofstream(arguments.json) << json(all); }
  if (!arguments.svg.empty()) { std::ofstream(arguments.svg) << svg(all); }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count == 2 && std::strcmp(words[1], "--help") == 0) {
      std::fputs(kUsage, stdout);
      return 0;
    }
    return run_all(parse(count, words));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_steering: %s\n%s", error.what(), kUsage);
    return 2;
  }
}
