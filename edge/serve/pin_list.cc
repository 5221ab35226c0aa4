#include "edge/serve/pin_list.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "edge/cache/key_rules.h"
#include "edge/serve/keyed_purge.h"
#include "gslb/base/file.h"
#include "gslb/base/log.h"

namespace edge::serve {
namespace {

std::string key_of(const config::Config& config, const PrefetchUrl& url) {
  return cache::key_of(key_rules_of(config, url.host), url.host, url.target, url.secure);
}

std::string text_of(const PrefetchUrl& url) {
  return (url.secure ? "https://" : "http://") + url.host + url.target;
}

// Targets have neither control characters nor spaces, so these two are all there is to escape.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') { out += '\\'; }
    out += c;
  }
  return out + '"';
}

}  // namespace

PinList::PinList(Shared& shared, Prefetcher& prefetcher, Prefetcher::CurrentConfig config,
                 std::string file)
    : shared_(shared), prefetcher_(prefetcher), config_(std::move(config)), file_(std::move(file)) {
  const auto text = file_.empty() ? std::nullopt : gslb::read_file(file_);
  std::vector<PrefetchUrl> urls;
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (auto url = parse_prefetch_url(rest.substr(0, end))) { urls.push_back(*std::move(url)); }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!urls.empty()) { add(urls); }
}

PinList::Outcome PinList::add(const std::vector<PrefetchUrl>& urls) {
  const config::ConfigRef config = config_();
  const std::lock_guard lock(mutex_);
  Prefetcher::List list;
  list.priority = Prefetcher::kPriorities - 1;
  bool all = true;
  for (const PrefetchUrl& url : urls) {
    const std::string key = key_of(*config, url);
    if (shared_.tiers.pin(key)) {
      urls_.try_emplace(key, text_of(url));
      list.urls.push_back(url);
    } else {
      all = false;
    }
  }
  prefetcher_.submit(std::move(list));
  const Outcome saved = save();
  return all ? saved : Outcome::kTooMany;
}

PinList::Outcome PinList::remove(const std::vector<PrefetchUrl>& urls) {
  const config::ConfigRef config = config_();
  const std::lock_guard lock(mutex_);
  for (const PrefetchUrl& url : urls) {
    const std::string key = key_of(*config, url);
    shared_.pins.unpin(key);
    urls_.erase(key);
  }
  return save();
}

PinList::Outcome PinList::save() const {
  if (file_.empty()) { return Outcome::kDone; }
  std::string text;
  for (const auto& [key, url] : urls_) { text += url + '\n'; }
  if (gslb::write_file_atomically(file_, text)) { return Outcome::kDone; }
  gslb::log_error("pins", "the list can't be written",
                  {{"file", file_}, {"why", std::generic_category().message(errno)}});
  return Outcome::kNotKept;
}

std::string PinList::to_json() const {
  const cache::Pins::Figures figures = shared_.pins.figures();
  std::string text = "{\"bytes\":" + std::to_string(figures.octets) +
                     ",\"budget_bytes\":" + std::to_string(figures.budget_octets) +
                     ",\"refused\":" + std::to_string(figures.refused) + ",\"pins\":[";
  bool first = true;
  const std::lock_guard lock(mutex_);
  for (const auto& pinned : shared_.pins.list()) {
    const auto url = urls_.find(pinned.key);
    if (url == urls_.end()) { continue; }  // taken back meanwhile
    text += std::string(first ? "" : ",") + "{\"url\":" + quoted(url->second) +
            ",\"objects\":" + std::to_string(pinned.objects) +
            ",\"bytes\":" + std::to_string(pinned.octets) + "}";
    first = false;
  }
  return text + "]}\n";
}

}  // namespace edge::serve
