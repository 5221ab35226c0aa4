#include "edge/serve/pin_list.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "gslb/base/file.h"
#include "gslb/base/log.h"

namespace edge::serve {
namespace {

std::string key_of(const PrefetchUrl& url) {
  return cache::primary_key(url.host, url.target, url.secure);
}

// A key as the URL it is of.
std::string url_of(const std::string& key) {
  const bool secure = key.starts_with("https ");
  const std::string both = cache::purge_target_of(key);
  const std::size_t space = both.find(' ');
  return (secure ? "https://" : "http://") + both.substr(0, space) + both.substr(space + 1);
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

PinList::PinList(Shared& shared, Prefetcher& prefetcher, std::string file)
    : shared_(shared), prefetcher_(prefetcher), file_(std::move(file)) {
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
  const std::lock_guard lock(mutex_);
  Prefetcher::List list;
  list.priority = Prefetcher::kPriorities - 1;
  bool all = true;
  for (const PrefetchUrl& url : urls) {
    if (shared_.tiers.pin(key_of(url))) {
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
  const std::lock_guard lock(mutex_);
  for (const PrefetchUrl& url : urls) { shared_.pins.unpin(key_of(url)); }
  return save();
}

PinList::Outcome PinList::save() const {
  if (file_.empty()) { return Outcome::kDone; }
  std::string text;
  for (const auto& pinned : shared_.pins.list()) { text += url_of(pinned.key) + '\n'; }
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
  for (const auto& pinned : shared_.pins.list()) {
    text += std::string(first ? "" : ",") + "{\"url\":" + quoted(url_of(pinned.key)) +
            ",\"objects\":" + std::to_string(pinned.objects) +
            ",\"bytes\":" + std::to_string(pinned.octets) + "}";
    first = false;
  }
  return text + "]}\n";
}

}  // namespace edge::serve
