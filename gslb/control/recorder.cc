#include "gslb/control/recorder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <fcntl.h>

#include "gslb/base/file.h"
#include "gslb/base/hash.h"
#include "gslb/base/log.h"
#include "gslb/control/learnt.h"

namespace gslb::control {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "decisions-";

// By its beginning in UTC, so that names are in the order of time.
std::string file_name(WallTime now, std::uint64_t number) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  std::snprintf(text.data() + size, text.size() - size, "-%04llu.txt",
                static_cast<unsigned long long>(number));
  return std::string(kPrefix) + text.data();
}

// All but the newest `kept` recordings go.
void prune(const fs::path& folder, std::size_t kept) {
  std::error_code failure;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    if (entry.path().filename().string().starts_with(kPrefix)) { found.push_back(entry.path()); }
  }
  std::sort(found.begin(), found.end());
  for (std::size_t i = 0; i + kept < found.size(); ++i) { fs::remove(found[i], failure); }
}

}  // namespace

Recorder::Put Recorder::put(const std::string& text) {
  room_ -= static_cast<std::int64_t>(text.size());
  if (room_ < 0) {
    file_.reset();
    return Put::kFull;
  }
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size() &&
      std::fflush(file_.get()) == 0) {
    return Put::kDone;
  }
  log_warning("record", "can't be written: nothing more is recorded until a reload",
              {{"file", path_}, {"error", std::strerror(errno)}});
  file_.reset();
  return Put::kFailed;
}

// As it was when the configuration was read: the operator may have changed it since.
std::optional<std::string> Recorder::config_text(const Epoch& epoch) {
  if (epoch.compiled != compiled_) {
    const config::Config& config = epoch.compiled->config;
    const auto text = read_file(config.file);
    if (!text) { return std::nullopt; }
    config_text_ = config::without_secrets(*text, config);
    compiled_ = epoch.compiled;
  }
  return config_text_;
}

void Recorder::begin(Epoch& epoch, WallTime now) {
  file_.reset();
  is_full_ = false;
  epoch_ = &epoch;
  const config::Config& config = epoch.compiled->config;
  const config::Record& wanted = config.record;
  if (wanted.folder.empty()) { return; }
  std::error_code failure;
  if (fs::create_directories(wanted.folder, failure)) {
    fs::permissions(wanted.folder, fs::perms::owner_all, failure);
  }
  prune(wanted.folder, wanted.files - 1);
  int descriptor = -1;
  do {
    path_ = wanted.folder + '/' + file_name(now, ++begun_);
    // It has the configuration, which may have secrets that were not found to be blanked.
    descriptor = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  } while (descriptor < 0 && errno == EEXIST);  // of a process that began in the same second
  const auto text = config_text(epoch);
  if (descriptor >= 0) { file_.reset(::fdopen(descriptor, "w")); }
  if (!file_ || !text) {
    log_warning("record", "can't begin", {{"file", path_}, {"error", std::strerror(errno)}});
    file_.reset();
    return;
  }
  // Every file begins with all that was learnt: at most half of it, or there were no end of files.
  room_ = wanted.max_octets / 2;
  counted_.assign(epoch.ledger.counted().size(), 0);
  epoch.settle_mixtures();
  Learnt learnt = learnt_of(epoch, {});
  learnt.rtt = epoch.settle_estimator();
  const RecordedStart start{.config_path = config.file,
                            .config_text = *text,
                            .geo = hash_text(epoch.compiled->geo_fingerprint),
                            .units = epoch.compiled->geo->units(),
                            .started = epoch.started,
                            .learnt = write_learnt(learnt)};
  const Put done = put(write_start(start));
  room_ += wanted.max_octets - wanted.max_octets / 2;
  if (done == Put::kDone) { log_info("record", "begun", {{"file", path_}}); }
  if (done == Put::kFull) {
    log_warning("record", "max_size is too small for what was learnt: nothing is recorded",
                {{"file", path_}});
  }
}

void Recorder::add(const Epoch& epoch, const PlanInputs& inputs, const steer::Plan& plan) {
  if (!file_ || &epoch != epoch_) { return; }
  RecordedPlan recorded{
      .number = plan.summary.number, .inputs = inputs, .asked = {}, .made = digest(epoch, plan)};
  const std::vector<std::uint32_t>& counted = epoch.ledger.counted();
  for (std::uint32_t row = 0; row < counted.size(); ++row) {
    const std::uint32_t fresh = counted[row] - counted_[row];  // wraps with the counter
    if (fresh > 0) { recorded.asked.emplace_back(row, fresh); }
  }
  counted_ = counted;
  is_full_ = put(write_plan(recorded)) == Put::kFull;
}

}  // namespace gslb::control
