#include "bench/steering/report.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace bench::steering {
namespace {

std::string print(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string print(const char* format, ...) {
  char buffer[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

template <Phase P>
const PhaseFigures& at(const RunResult& run) {
  return run.phases[static_cast<std::size_t>(P)];
}

// A cluster that never drained counts as the whole phase.
double seconds(double drained) { return drained < 0 ? 1200 : drained; }

constexpr const char* kColours[] = {"#888888", "#1f77b4", "#9467bd", "#d62728",
                                    "#ff7f0e", "#2ca02c", "#000000", "#17becf"};

struct Panel {
  const char* title;
  double (*read)(const Sample&);
};
constexpr Panel kPanels[] = {
    {"traffic over capacity, %", [](const Sample& s) { return 100 * s.over_share; }},
    {"answers moved a minute, %", [](const Sample& s) { return 100 * s.moved_per_min; }},
    {"penalty, ms", [](const Sample& s) { return s.penalty_ms; }},
};
constexpr double kWidth = 1000;
constexpr double kHeight = 220;

std::string draw_panel(const std::vector<Series>& all, const Panel& panel, double top) {
  const std::size_t count = all.front().runs.front().samples.size();
  std::vector<std::vector<double>> lines;
  double most = 1e-9;
  for (const Series& series : all) {
    std::vector<double>& line = lines.emplace_back(count, 0);
    for (const RunResult& each : series.runs) {
      for (std::size_t i = 0; i < std::min(count, each.samples.size()); ++i) {
        line[i] += panel.read(each.samples[i]) / static_cast<double>(series.runs.size());
      }
    }
    for (const double value : line) { most = std::max(most, value); }
  }
  std::string out = print("<text x='60' y='%.0f'>%s (to %.3g)</text>", top - 6, panel.title, most);
  out += print("<rect x='60' y='%.0f' width='%.0f' height='%.0f' fill='none' stroke='#ccc'/>\n",
               top, kWidth, kHeight);
  for (std::size_t which = 0; which < lines.size(); ++which) {
    out += print("<polyline fill='none' stroke-width='1.5' stroke='%s' points='",
                 kColours[which % std::size(kColours)]);
    for (std::size_t i = 0; i < count; ++i) {
      out += print("%.1f,%.1f ", 60 + kWidth * static_cast<double>(i) / static_cast<double>(count),
                   top + kHeight * (1 - lines[which][i] / most));
    }
    out += "'/>\n";
  }
  return out;
}

}  // namespace

Mean mean_of(const std::vector<double>& values) {
  // Student's t, 97.5 %, by degrees of freedom from 1; beyond: the normal's.
  constexpr double kStudent[] = {12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23,
                                 2.20,  2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09, 2.09};
  Mean result;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) { result.mean += value / count; }
  if (values.size() < 2) { return result; }
  double squares = 0;
  for (const double value : values) { squares += (value - result.mean) * (value - result.mean); }
  const std::size_t degrees = values.size() - 1;
  const double student = degrees <= std::size(kStudent) ? kStudent[degrees - 1] : 1.96;
  result.half_width = student * std::sqrt(squares / static_cast<double>(degrees) / count);
  return result;
}

const std::vector<Figure>& figures() {
  static const std::vector<Figure> all = {
      {"quiet_penalty_ms", "penalty, quiet, ms", 2,
       [](const RunResult& r) { return at<Phase::kQuiet>(r).penalty_ms; }},
      {"quiet_penalty_p95_ms", "its p95, ms", 1,
       [](const RunResult& r) { return at<Phase::kQuiet>(r).penalty_p95_ms; }},
      {"quiet_over_percent", "over capacity, quiet, %", 3,
       [](const RunResult& r) { return 100 * at<Phase::kQuiet>(r).over_share; }},
      {"liar_over_percent", "… one halves its reports, %", 3,
       [](const RunResult& r) { return 100 * at<Phase::kLiar>(r).over_share; }},
      {"flash_over_percent", "… flash crowd, %", 3,
       [](const RunResult& r) { return 100 * at<Phase::kFlash>(r).over_share; }},
      {"death_over_percent", "… largest cluster dies, %", 3,
       [](const RunResult& r) { return 100 * at<Phase::kDeath>(r).over_share; }},
      {"death_lost_percent", "sent to the dead one, %", 3,
       [](const RunResult& r) { return 100 * at<Phase::kDeath>(r).lost_share; }},
      {"return_over_percent", "over capacity, it returns cold, %", 3,
       [](const RunResult& r) { return 100 * at<Phase::kReturn>(r).over_share; }},
      {"quiet_moved_percent_per_min", "answers moved a minute, quiet, %", 2,
       [](const RunResult& r) { return 100 * at<Phase::kQuiet>(r).moved_per_min; }},
      {"drain_10_s", "dead cluster's traffic to 10 %, s", 0,
       [](const RunResult& r) { return seconds(r.drain_10_s); }},
      {"drain_2_5_s", "… to 2.5 %, s", 0,
       [](const RunResult& r) { return seconds(r.drain_2_5_s); }},
      {"named_dead_s", "new answers name it for, s", 0,
       [](const RunResult& r) { return r.named_dead_s; }},
      {"named_after_s", "… once its death is known, s", 0,
       [](const RunResult& r) { return r.named_dead_after_detection_s; }},
  };
  return all;
}

Mean Series::figure(const Figure& figure) const {
  std::vector<double> values;
  for (const RunResult& each : runs) { values.push_back(figure.read(each)); }
  return mean_of(values);
}

std::string table(const std::vector<Series>& all) {
  std::string out = "| |";
  std::string rule = "|---|";
  for (const Series& series : all) {
    out += ' ' + series.contender.title + " |";
    rule += "---|";
  }
  out += '\n' + rule + '\n';
  for (const Figure& figure : figures()) {
    out += "| " + figure.title + " |";
    for (const Series& series : all) {
      const Mean mean = series.figure(figure);
      out += print(" %.*f ± %.*f |", figure.digits, mean.mean, figure.digits, mean.half_width);
    }
    out += '\n';
  }
  return out;
}

std::string json(const std::vector<Series>& all) {
  std::string out = "{";
  for (std::size_t i = 0; i < all.size(); ++i) {
    out += (i > 0 ? ",\n" : "\n") + print("  \"%s\": {", all[i].contender.id.c_str());
    for (std::size_t f = 0; f < figures().size(); ++f) {
      const Figure& figure = figures()[f];
      const Mean mean = all[i].figure(figure);
      out +=
          (f > 0 ? "," : "") + print("\n    \"%s\": {\"mean\": %.6g, \"ci95\": %.3g, \"runs\": [",
                                     figure.id.c_str(), mean.mean, mean.half_width);
      for (std::size_t r = 0; r < all[i].runs.size(); ++r) {
        out += (r > 0 ? ", " : "") + print("%.6g", figure.read(all[i].runs[r]));
      }
      out += "]}";
    }
    out += "}";
  }
  return out + "\n}\n";
}

std::string svg(const std::vector<Series>& all) {
  std::string out =
      "<svg xmlns='http://www.w3.org/2000/svg' width='1080' height='900' font-family='sans-serif' "
      "font-size='13'>\n<rect width='1080' height='900' fill='white'/>\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    out += print("<text x='%zu' y='24' fill='%s'>%s</text>\n", 60 + i * 145,
                 kColours[i % std::size(kColours)], all[i].contender.title.c_str());
  }
  double top = 60;
  for (const Panel& panel : kPanels) {
    out += draw_panel(all, panel, top);
    top += kHeight + 50;
  }
  const auto& samples = all.front().runs.front().samples;
  out += print(
      "<text x='60' y='%.0f'>0 to %.0f min: warm-up, quiet, liar, flash crowd, settling, "
      "death of the largest cluster, return</text>\n</svg>\n",
      top - 20, samples.back().at_s / 60);
  return out;
}

}  // namespace bench::steering
