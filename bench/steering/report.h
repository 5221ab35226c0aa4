// Figures over seeds: the table, JSON, and time series as SVG.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/steering/run.h"

namespace bench::steering {

// Mean and half of its 95 % confidence interval (Student).
struct Mean {
  double mean = 0;
  double half_width = 0;
};
Mean mean_of(const std::vector<double>& values);

// One row of the table: how to read a figure from a run.
struct Figure {
  std::string id;
  std::string title;
  int digits;
  double (*read)(const RunResult&);
};
const std::vector<Figure>& figures();

struct Series {
  Contender contender;
  std::vector<RunResult> runs;  // by seed
  Mean figure(const Figure& figure) const;
};

// Markdown, one column a contender.
std::string table(const std::vector<Series>& all);
std::string json(const std::vector<Series>& all);
// Mean over seeds of `over_share`, `moved_per_min` and `penalty_ms`, one panel each.
std::string svg(const std::vector<Series>& all);

}  // namespace bench::steering
