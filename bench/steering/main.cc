// bench_steering: how well clusters are chosen, on a planet made up or measured.  bench/README.md.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "bench/steering/gap.h"
#include "bench/steering/learn.h"
#include "bench/steering/mixtures.h"
#include "bench/steering/report.h"

namespace {

using namespace bench::steering;

constexpr const char* kUsage = R"(bench_steering [OPTION VALUE]...
  --places FILE --pairs FILE   a measured matrix (CSV); default: a planet made up from the seed
  --sites N                    places of a made-up planet (240)
  --clusters N --seeds N       (20, 10)
  --first SEED                 (1)
  --use SHARE --ecs SHARE      of capacity; of traffic behind resolvers that send ECS (0.7, 0.6)
  --only ID[,ID...]            contenders: distance latency weighted onoff fastroute stable optimum
                               unmeasured proxima
  --query-sigma S              of DNS queries a request makes, by unit (0.3)
  --ablate NAME[,NAME...]      without: geo hidden query noise lost liar sun caches
  --pace FACTOR                phases shorter by this (1)
  --json FILE --svg FILE
  --learn MOST                 instead: penalty after 0 to MOST measurements a unit
  --joins N[,N...]             instead: traffic without ECS, after so many beacons a resolver
  --gap UNITS                  instead: the solver beside the LP bound; --clusters, --classes, --use
  --replan UNITS               instead: CPU time of whole plans; --clusters, --classes, --use
  --samples 1                  with it: a tenth of the units is measured before each plan
  --groups N                   with these: of clusters, each with room for 85 % of what is in it
)";

struct Arguments {
  std::string places;
  std::string pairs;
  std::size_t sites = 240;
  std::size_t first_seed = 1;
  std::size_t seeds = 10;
  SceneOptions scene;
  RunOptions run;
  std::string only;
  std::string json;
  std::string svg;
  std::size_t learn = 0;
  std::vector<std::size_t> joins;
  bool whole_plans = false;
  GapOptions gap{.units = 0};
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
    } else if (name == "--first") {
      result.first_seed = std::stoul(value);
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
    } else if (name == "--learn") {
      result.learn = std::stoul(value);
    } else if (name == "--joins") {
      for_each_item(value,
                    [&](const std::string& item) { result.joins.push_back(std::stoul(item)); });
    } else if (name == "--query-sigma") {
      result.scene.query_sigma = std::stod(value);
    } else if (name == "--gap") {
      result.gap.units = std::stoul(value);
    } else if (name == "--groups") {
      result.gap.groups = std::stoul(value);
    } else if (name == "--replan") {
      result.gap.units = std::stoul(value);
      result.whole_plans = true;
    } else if (name == "--samples") {
      result.gap.learns = value != "0";
    } else if (name == "--classes") {
      result.gap.classes = std::stoul(value);
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

// Calls `use(scene)` for every seed.
void for_each_scene(const Arguments& arguments, const auto& use) {
  RttMatrix measured;
  if (!arguments.places.empty()) { measured = read_matrix(arguments.places, arguments.pairs); }
  for (std::size_t i = 0; i < arguments.seeds; ++i) {
    SceneOptions options = arguments.scene;
    options.seed = arguments.first_seed + i;
    const RttMatrix planet =
        arguments.places.empty() ? make_planet(arguments.sites, options.seed) : RttMatrix{};
    use(make_scene(arguments.places.empty() ? planet : measured, options));
    std::fprintf(stderr, "seed %zu of %zu\n", i + 1, arguments.seeds);
  }
}

void run_all(const Arguments& arguments) {
  std::vector<Series> all = chosen(arguments.only);
  std::vector<double> mixed_ms;
  std::size_t units = 0;
  for_each_scene(arguments, [&](const Scene& scene) {
    mixed_ms.push_back(scene.mixed_ms);
    units = scene.units.size();
    for (Series& series : all) {
      series.runs.push_back(run(scene, series.contender, arguments.run));
    }
  });
  std::printf("%zu clusters, %zu units, %.0f %% use, %.0f %% ECS, %zu seeds; mean ± 95 %%\n",
              arguments.scene.clusters, units, 100 * arguments.scene.use, 100 * arguments.scene.ecs,
              arguments.seeds);
  std::printf("one answer for several networks (no ECS, coarse units) costs %.2f ms, in no row\n\n",
              mean_of(mixed_ms).mean);
  std::fputs(table(all).c_str(), stdout);
  if (!arguments.json.empty()) { std::ofstream(arguments.json) << json(all); }
  if (!arguments.svg.empty()) { std::ofstream(arguments.svg) << svg(all); }
}

void join_all(const Arguments& arguments) {
  std::vector<std::vector<double>> means(arguments.joins.size() + 1);
  std::vector<std::vector<double>> tails(means.size());
  for_each_scene(arguments, [&](const Scene& scene) {
    const auto results = measure_mixtures(scene, arguments.joins);
    for (std::size_t i = 0; i < results.size(); ++i) {
      means[i].push_back(results[i].penalty_ms);
      tails[i].push_back(results[i].penalty_p95_ms);
    }
  });
  std::puts("| beacons a resolver | mean penalty, ms | p95, ms |\n|---|---|---|");
  for (std::size_t i = 0; i < means.size(); ++i) {
    const Mean mean = mean_of(means[i]);
    const Mean tail = mean_of(tails[i]);
    std::printf("| %zu | %.2f ± %.2f | %.1f ± %.1f |\n", i == 0 ? 0 : arguments.joins[i - 1],
                mean.mean, mean.half_width, tail.mean, tail.half_width);
  }
}

void learn_all(const Arguments& arguments) {
  std::vector<std::vector<double>> means(arguments.learn + 1);
  std::vector<std::vector<double>> tails(arguments.learn + 1);
  for_each_scene(arguments, [&](const Scene& scene) {
    for (const Learnt& each : learn(scene, arguments.learn)) {
      means[each.measurements].push_back(each.penalty_ms);
      tails[each.measurements].push_back(each.penalty_p95_ms);
    }
  });
  std::puts("| measurements a unit | mean penalty, ms | p95, ms |\n|---|---|---|");
  for (std::size_t i = 0; i < means.size(); ++i) {
    const Mean mean = mean_of(means[i]);
    const Mean tail = mean_of(tails[i]);
    std::printf("| %zu | %.2f ± %.2f | %.1f ± %.1f |\n", i, mean.mean, mean.half_width, tail.mean,
                tail.half_width);
  }
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count == 2 && std::strcmp(words[1], "--help") == 0) {
      std::fputs(kUsage, stdout);
      return 0;
    }
    Arguments arguments = parse(count, words);
    if (arguments.gap.units > 0) {
      arguments.gap.clusters = arguments.scene.clusters;
      arguments.gap.use = arguments.scene.use;
      std::fputs((arguments.whole_plans ? measure_replan : measure_gap)(arguments.gap).c_str(),
                 stdout);
    } else if (!arguments.joins.empty()) {
      join_all(arguments);
    } else if (arguments.learn > 0) {
      learn_all(arguments);
    } else {
      run_all(arguments);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_steering: %s\n%s", error.what(), kUsage);
    return 2;
  }
}
