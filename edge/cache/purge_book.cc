#include "edge/cache/purge_book.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include "edge/http/message.h"
#include "gslb/base/hash.h"

namespace edge::cache {
namespace {

// Each kind's hashes are its own.
std::uint64_t hash_of(PurgeKind kind, std::string_view text) noexcept {
  return gslb::hash_text(text, 0x70757267'65000000ULL + static_cast<std::uint64_t>(kind));
}

std::uint64_t prefix_hash(std::uint64_t host, std::string_view begin) noexcept {
  return gslb::hash_text(begin, host);
}

struct Named {
  std::string_view host;
  std::string_view target;
};

constexpr std::string_view kSecure = "https ";

// A key is "[https ]host target"; what else stands behind a target is of the cache's own making.
Named named_by(std::string_view key) {
  if (key.starts_with(kSecure)) { key.remove_prefix(kSecure.size()); }
  const std::size_t space = key.find(' ');
  if (space == std::string_view::npos) { return {key, {}}; }
  Named named{key.substr(0, space), key.substr(space + 1)};
  named.target = named.target.substr(0, named.target.find(' '));
  return named;
}

bool is_between_tags(char c) noexcept { return c == ' ' || c == ',' || c == '\t'; }

template <typename Use>
void for_each_tag(const http::Fields& response, const Use& use) {
  for (const http::Field& field : response.list()) {
    if (!http::equals_ignoring_case(field.name, "Surrogate-Key") &&
        !http::equals_ignoring_case(field.name, "Cache-Tag")) {
      continue;
    }
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const auto* const end = std::find_if(rest.begin(), rest.end(), is_between_tags);
      const auto size = static_cast<std::size_t>(end - rest.begin());
      if (size > 0) { use(rest.substr(0, size)); }
      rest.remove_prefix(std::min(rest.size(), size + 1));
    }
  }
}

}  // namespace

std::string purge_target(std::string_view url) {
  const bool secure = url.starts_with("https://");
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos && scheme < 6) {
    if (!secure && !url.starts_with("http://")) { return {}; }
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find('#'));
  const std::size_t slash = std::min(url.find('/'), url.find('?'));
  std::string host = http::to_lower(url.substr(0, slash));
  const std::string_view standard = secure ? ":443" : ":80";
  if (host.ends_with(standard)) { host.resize(host.size() - standard.size()); }
  if (host.size() > 1 && host.back() == '.') { host.pop_back(); }
  std::string target(slash == std::string_view::npos ? "" : url.substr(slash));
  if (!target.starts_with('/')) { target.insert(target.begin(), '/'); }
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
  const bool plain = std::all_of(host.begin(), host.end(), is_plain) &&
                     std::all_of(target.begin(), target.end(), is_plain);
  if (host.empty() || !plain) { return {}; }
  return host + ' ' + target;
}

std::string purge_target_of(std::string_view key) {
  const Named named = named_by(key);
  std::string target(named.host);
  return target.append(" ").append(named.target);
}

bool is_secure_key(std::string_view key) noexcept { return key.starts_with(kSecure); }

PurgeMark mark_of(const Purge& purge, std::uint64_t number) {
  PurgeMark mark;
  mark.kind = purge.kind;
  mark.soft = purge.soft;
  mark.number = number;
  if (purge.kind == PurgeKind::kPrefix) {
    const Named named = named_by(purge.value);
    mark.host = hash_of(PurgeKind::kHost, named.host);
    mark.length = static_cast<std::uint16_t>(std::min<std::size_t>(named.target.size(), 0xffff));
    mark.hash = prefix_hash(mark.host, named.target.substr(0, mark.length));
  } else if (purge.kind != PurgeKind::kAll) {
    mark.hash = hash_of(purge.kind, purge.value);
  }
  return mark;
}

void PurgeBook::Numbers::take(std::uint64_t number, bool is_soft) noexcept {
  std::uint64_t& kept = is_soft ? soft : hard;
  kept = std::max(kept, number);
}

std::uint64_t PurgeBook::next_number(gslb::WallTime now) const noexcept {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  return std::max(last() + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(0, us.count())));
}

void PurgeBook::apply(const std::vector<PurgeMark>& marks) {
  const std::unique_lock lock(mutex_);
  std::uint64_t newest = last();
  for (const PurgeMark& mark : marks) {
    take(mark);
    newest = std::max(newest, mark.number);
  }
  last_.store(newest, std::memory_order_release);
}

void PurgeBook::take(const PurgeMark& mark) {
  if (mark.kind == PurgeKind::kAll) {
    floor_.take(mark.number, mark.soft);
    return;
  }
  Table& kept = table(mark.kind);
  const auto [place, is_new] = kept.try_emplace(mark.hash);
  place->second.take(mark.number, mark.soft);
  if (!is_new) { return; }
  place->second.host = mark.host;
  place->second.length = mark.length;
  if (mark.kind == PurgeKind::kPrefix) { ++lengths_[mark.host][mark.length]; }
  // Prefixes first: they go into hosts.
  for (const PurgeKind kind : {mark.kind, PurgeKind::kHost}) {
    if (table(kind).size() > bound_) { fold(static_cast<std::size_t>(kind)); }
  }
}

void PurgeBook::fold(std::size_t kind) {
  Table& kept = tables_[kind - 1];
  std::vector<std::uint64_t> numbers;
  numbers.reserve(kept.size());
  for (const auto& entry : kept) { numbers.push_back(entry.second.newest()); }
  const auto quarter = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 4);
  std::nth_element(numbers.begin(), quarter, numbers.end());
  const std::uint64_t oldest = *quarter;
  for (auto at = kept.begin(); at != kept.end();) {
    if (at->second.newest() > oldest) {
      ++at;
      continue;
    }
    drop(kind, *at);
    at = kept.erase(at);
    ++folded_;
  }
}

void PurgeBook::drop(std::size_t kind, const Table::value_type& entry) {
  const Numbers& numbers = entry.second;
  if (static_cast<PurgeKind>(kind) == PurgeKind::kPrefix) {
    // Its host is what it can't exceed.
    Numbers& host = table(PurgeKind::kHost)[numbers.host];
    host.hard = std::max(host.hard, numbers.hard);
    host.soft = std::max(host.soft, numbers.soft);
    const auto lengths = lengths_.find(numbers.host);
    if (--lengths->second[numbers.length] == 0) { lengths->second.erase(numbers.length); }
    if (lengths->second.empty()) { lengths_.erase(lengths); }
    return;
  }
  // URLs were taken out of the stores when their hard purges came: what such a mark still keeps
  // away is a fetch from before it that ends only now.  Its like is validated.
  const bool taken_out = static_cast<PurgeKind>(kind) == PurgeKind::kUrl;
  floor_.soft = std::max(floor_.soft, taken_out ? numbers.newest() : numbers.soft);
  if (!taken_out) { floor_.hard = std::max(floor_.hard, numbers.hard); }
}

void PurgeBook::add(PurgeKind kind, std::uint64_t hash, Numbers& sum) const {
  const Table& kept = table(kind);
  const auto found = kept.find(hash);
  if (found == kept.end()) { return; }
  sum.hard = std::max(sum.hard, found->second.hard);
  sum.soft = std::max(sum.soft, found->second.soft);
}

PurgeBook::Numbers PurgeBook::sum_of(std::string_view key, const http::Fields& response) const {
  Numbers sum = floor_;
  const Named named = named_by(key);
  const std::uint64_t host = hash_of(PurgeKind::kHost, named.host);
  add(PurgeKind::kHost, host, sum);
  const std::string_view name = named.host.substr(0, named.host.find(':'));
  if (name != named.host) { add(PurgeKind::kHost, hash_of(PurgeKind::kHost, name), sum); }
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos;
       dot = name.find('.', dot + 1)) {
    std::string wildcard = "*";
    wildcard += name.substr(dot);
    add(PurgeKind::kHost, hash_of(PurgeKind::kHost, wildcard), sum);
  }
  if (!table(PurgeKind::kUrl).empty()) {
    add(PurgeKind::kUrl, hash_of(PurgeKind::kUrl, purge_target_of(key)), sum);
  }
  if (const auto lengths = lengths_.find(host); lengths != lengths_.end()) {
    for (const auto& [length, count] : lengths->second) {
      if (length > named.target.size()) { continue; }
      add(PurgeKind::kPrefix, prefix_hash(host, named.target.substr(0, length)), sum);
    }
  }
  if (!table(PurgeKind::kTag).empty()) {
    for_each_tag(response, [&](std::string_view tag) {
      add(PurgeKind::kTag, hash_of(PurgeKind::kTag, tag), sum);
    });
  }
  return sum;
}

PurgeBook::Judgement PurgeBook::judge(std::string_view key, const http::Fields& response,
                                      const PurgeStamp& stamp) const {
  const std::uint64_t good_as_of = stamp.value();
  const std::shared_lock lock(mutex_);
  const Numbers sum = sum_of(key, response);
  if (sum.hard > good_as_of) {
    gone_.fetch_add(1, std::memory_order_relaxed);
    return {PurgeStanding::kGone, sum.hard};
  }
  if (sum.soft > good_as_of) {
    stale_.fetch_add(1, std::memory_order_relaxed);
    return {PurgeStanding::kStale, sum.soft};
  }
  stamp.raise(last());
  return {};
}

std::vector<PurgeMark> PurgeBook::marks() const {
  std::vector<PurgeMark> all;
  const auto add_both = [&](PurgeMark mark, const Numbers& numbers) {
    for (const bool soft : {false, true}) {
      mark.soft = soft;
      mark.number = soft ? numbers.soft : numbers.hard;
      if (mark.number > 0) { all.push_back(mark); }
    }
  };
  const std::shared_lock lock(mutex_);
  add_both({}, floor_);
  for (std::size_t kind = 1; kind < kPurgeKinds; ++kind) {
    for (const auto& [hash, numbers] : tables_[kind - 1]) {
      add_both({static_cast<PurgeKind>(kind), false, numbers.length, numbers.host, hash, 0},
               numbers);
    }
  }
  return all;
}

PurgeBook::Figures PurgeBook::figures() const {
  Figures figures;
  figures.gone = gone_.load(std::memory_order_relaxed);
  figures.stale = stale_.load(std::memory_order_relaxed);
  const std::shared_lock lock(mutex_);
  figures.folded = folded_;
  for (const Table& kept : tables_) { figures.marks += kept.size(); }
  return figures;
}

}  // namespace edge::cache
