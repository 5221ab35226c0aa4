#include "gslb/metrics/process.h"

#include <charconv>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include <dirent.h>

#include "gslb/base/file.h"

namespace gslb::metrics {
namespace {

// Fields of /proc/self/stat after the command, which may hold spaces and brackets; [0] is field 3.
std::vector<double> stat_fields() {
  const auto text = read_file("/proc/self/stat");
  if (!text) { return {}; }
  std::vector<double> fields;
  std::size_t at = text->rfind(')');
  while (at != std::string::npos && at + 2 < text->size()) {
    const std::size_t start = at + (fields.empty() ? 2 : 1);
    at = text->find(' ', start);
    double value = 0;  // stays 0 for the state, a letter
    std::from_chars(text->data() + start, text->data() + text->size(), value);
    fields.push_back(value);
  }
  return fields;
}

// Seconds since 1970 at which the machine started, against which starttime counts.
std::optional<double> boot_time() {
  const auto text = read_file("/proc/stat");
  if (!text) { return std::nullopt; }
  constexpr std::string_view kKey = "\nbtime ";
  const std::size_t at = text->find(kKey);
  if (at == std::string::npos) { return std::nullopt; }
  double seconds = 0;
  std::from_chars(text->data() + at + kKey.size(), text->data() + text->size(), seconds);
  return seconds;
}

std::optional<double> count_open_fds() {
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) { return std::nullopt; }
  double count = 0;
  while (::readdir(folder) != nullptr) { ++count; }
  ::closedir(folder);
  return count - 3;  // ".", ".." and the folder's own
}

}  // namespace

std::optional<ProcessFigures> read_process_figures() {
  // proc(5): utime 14, stime 15, starttime 22, vsize 23, rss 24.
  constexpr std::size_t kFirst = 3;
  const std::vector<double> stat = stat_fields();
  const auto boot = boot_time();
  const auto fds = count_open_fds();
  if (stat.size() <= 24 - kFirst || !boot || !fds) { return std::nullopt; }
  const auto ticks_per_s = static_cast<double>(::sysconf(_SC_CLK_TCK));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);

  ProcessFigures figures;
  figures.cpu_s = (stat[14 - kFirst] + stat[15 - kFirst]) / ticks_per_s;
  figures.open_fds = *fds;
  figures.max_fds = limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                                    : static_cast<double>(limit.rlim_cur);
  figures.virtual_memory_octets = stat[23 - kFirst];
  figures.resident_memory_octets = stat[24 - kFirst] * static_cast<double>(::sysconf(_SC_PAGESIZE));
  figures.started_s = *boot + stat[22 - kFirst] / ticks_per_s;
  return figures;
}

void add_process(const ProcessFigures& figures, Exposition& out) {
  out.counter("process_cpu_seconds_total", "User and system CPU time spent.", figures.cpu_s);
  out.gauge("process_open_fds", "Open file descriptors.", figures.open_fds);
  out.gauge("process_max_fds", "Limit of open file descriptors.", figures.max_fds);
  out.gauge("process_virtual_memory_bytes", "Virtual memory size.", figures.virtual_memory_octets);
  out.gauge("process_resident_memory_bytes", "Resident memory size.",
            figures.resident_memory_octets);
  out.gauge("process_start_time_seconds", "When the process started, since 1970.",
            figures.started_s);
}

}  // namespace gslb::metrics
