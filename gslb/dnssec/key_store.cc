#include "gslb/dnssec/key_store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "gslb/base/file.h"

namespace gslb::dnssec {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxStateFile = 16 * 1024;

constexpr std::array<std::string_view, 4> kPresences = {"hidden", "rumoured", "omnipresent",
                                                        "unretentive"};

struct TimeLine {
  std::string_view tag;
  std::optional<KeyTime> KeyState::*time;
};
constexpr std::array<TimeLine, 5> kTimes = {{{"Published", &KeyState::introduced},
                                             {"Active", &KeyState::activated},
                                             {"Retired", &KeyState::roll_at},
                                             {"DSPublish", &KeyState::ds_seen},
                                             {"DSRemoved", &KeyState::ds_gone}}};
struct RecordLine {
  std::string_view tag;
  RecordState KeyState::*record;
};
constexpr std::array<RecordLine, 3> kRecords = {
    {{"DNSKEY", &KeyState::dnskey}, {"ZRRSIG", &KeyState::zrrsig}, {"DS", &KeyState::ds}}};

std::string time_text(KeyTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02u%02d%02d%02d", int(date.year()),
                unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                int(clock.minutes().count()), int(clock.seconds().count()));
  return text.data();
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) { return std::nullopt; }
  return value;
}

std::optional<KeyTime> parse_time(std::string_view text) {
  if (text.size() != 14) { return std::nullopt; }
  std::array<int, 6> parts{};
  for (std::size_t i = 0, at = 0; i < parts.size(); ++i) {
    const std::size_t digits = i == 0 ? 4 : 2;
    const auto part = number(text.substr(at, digits));
    if (!part || *part < 0) { return std::nullopt; }
    parts[i] = *part;
    at += digits;
  }
  const std::chrono::year_month_day date{std::chrono::year(parts[0]),
                                         std::chrono::month(static_cast<unsigned>(parts[1])),
                                         std::chrono::day(static_cast<unsigned>(parts[2]))};
  if (!date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) { return std::nullopt; }
  return std::chrono::sys_days(date) + std::chrono::hours(parts[3]) +
         std::chrono::minutes(parts[4]) + std::chrono::seconds(parts[5]);
}

std::string base_path(const std::string& directory, const ZoneKey& key) {
  return directory + "/" + key_file_name(*key.file.key);
}

bool parse_line(std::string_view tag, std::string_view value, KeyState& into) {
  if (tag == "Generated") {
    const auto time = parse_time(value);
    if (time) { into.created = *time; }
    return time.has_value();
  }
  if (tag == "GoalState") {
    into.wanted = value != "hidden";
    return true;
  }
  for (const TimeLine& line : kTimes) {
    if (tag != line.tag) { continue; }
    into.*line.time = parse_time(value);
    return (into.*line.time).has_value();
  }
  for (const RecordLine& line : kRecords) {
    if (!tag.starts_with(line.tag)) { continue; }
    const std::string_view rest = tag.substr(line.tag.size());
    if (rest == "Change") {
      const auto time = parse_time(value);
      if (time) { (into.*line.record).since = *time; }
      return time.has_value();
    }
    if (rest != "State") { continue; }
    const auto* const found = std::find(kPresences.begin(), kPresences.end(), value);
    if (found == kPresences.end()) { return value == "NA"; }
    (into.*line.record).presence = static_cast<Presence>(found - kPresences.begin());
    return true;
  }
  return true;
}

RecordState since(std::optional<WallTime> from, std::optional<WallTime> until,
                  std::chrono::seconds wait, KeyTime now) {
  const auto at = [](WallTime time) { return std::chrono::ceil<std::chrono::seconds>(time); };
  if (until && at(*until) <= now) { return {Presence::kUnretentive, at(*until)}; }
  if (!from || at(*from) > now) { return {}; }
  const KeyTime start = at(*from);
  return {now - start >= wait ? Presence::kOmnipresent : Presence::kRumoured, start};
}

// Keys from elsewhere: their metadata say what they do.  Whether the parent has the DS isn't among
// that, so it may have it.
void adopt_keys(ZoneKeys& keys, const RolloverPolicy& policy, KeyTime now) {
  for (ZoneKey& key : keys) {
    const KeyTimes& times = key.file.times;
    KeyState& state = key.state;
    state.dnskey = since(times.publish, times.remove, policy.propagation + policy.dnskey_ttl, now);
    if (state.dnskey.is(Presence::kHidden)) { continue; }
    state.introduced = state.dnskey.since;
    if (signs_zone(state.role)) {
      state.zrrsig =
          since(times.activate, times.inactive, policy.propagation + policy.zone_ttl, now);
    }
    if (signs_keys(state.role) && state.dnskey.is(Presence::kOmnipresent)) {
      state.ds = {Presence::kRumoured, now};
    }
    state.activated = signs_zone(state.role) ? state.zrrsig.since : state.dnskey.since;
    const bool is_used = signs_zone(state.role) ? state.zrrsig.is_served() : true;
    state.wanted = state.dnskey.is_served() && is_used;
  }
  // Of each kind the one that was activated last goes on.
  for (ZoneKey& key : keys) {
    if (!key.state.introduced || !key.state.wanted) { continue; }
    key.state.wanted = std::none_of(keys.begin(), keys.end(), [&](const ZoneKey& other) {
      return other.state.introduced && other.state.wanted && other.state.role == key.state.role &&
             other.state.algorithm == key.state.algorithm &&
             std::pair(*other.state.activated, other.state.tag) >
                 std::pair(*key.state.activated, key.state.tag);
    });
  }
}

// A state file in use whose key was not read: going on without it could break the zone.
void check_for_lost_keys(const KeyDirectory& directory, const dns::Name& zone, const ZoneKeys& keys,
                         Problems& problems) {
  for (const std::string& name : directory.state_files(zone)) {
    const std::string stem = name.substr(0, name.size() - kStateSuffix.size());
    const bool is_read = std::any_of(keys.begin(), keys.end(), [&](const ZoneKey& key) {
      return key_file_name(*key.file.key) == stem;
    });
    if (is_read) { continue; }
    const auto text = read_file(directory.path() + "/" + name, kMaxStateFile);
    KeyState state;
    if (!text || !parse_state(*text, state) || state.is_gone() || !state.introduced) { continue; }
    problems.error({directory.path() + "/" + stem + ".private", 0, 0},
                   "the key is in use but can't be read",
                   "restore .key and .private from a backup; remove the .state file only if the "
                   "parent has no DS of it");
  }
}

}  // namespace

std::string_view to_string(KeyRole role) noexcept {
  return role == KeyRole::kCsk ? "CSK" : role == KeyRole::kKsk ? "KSK" : "ZSK";
}

std::string_view to_string(Presence presence) noexcept {
  return kPresences[static_cast<std::size_t>(presence)];
}

std::string state_text(const ZoneKey& key) {
  const KeyState& state = key.state;
  std::string text = "; This is the state of key " + std::to_string(state.tag) + ", for " +
                     key.file.key->owner().to_string() + '\n';
  const auto line = [&text](std::string_view tag, std::string_view value) {
    text.append(tag).append(": ").append(value).append("\n");
  };
  line("Algorithm", std::to_string(state.algorithm));
  line("Length", std::to_string(key.file.key->bits()));
  line("KSK", signs_keys(state.role) ? "yes" : "no");
  line("ZSK", signs_zone(state.role) ? "yes" : "no");
  line("Generated", time_text(state.created));
  for (const TimeLine& each : kTimes) {
    if (state.*each.time) { line(each.tag, time_text(*(state.*each.time))); }
  }
  for (const RecordLine& each : kRecords) {
    const RecordState& record = state.*each.record;
    if (record.since == KeyTime{}) { continue; }
    line(std::string(each.tag) + "Change", time_text(record.since));
  }
  for (const RecordLine& each : kRecords) {
    line(std::string(each.tag) + "State", to_string((state.*each.record).presence));
  }
  if (signs_keys(state.role)) {  // they come and go together
    line("KRRSIGChange", time_text(state.dnskey.since));
    line("KRRSIGState", to_string(state.dnskey.presence));
  }
  line("GoalState", state.wanted ? "omnipresent" : "hidden");
  return text;
}

bool parse_state(std::string_view text, KeyState& into) {
  std::optional<bool> ksk;
  std::optional<bool> zsk;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    const std::size_t colon = line.find(": ");
    if (line.starts_with(';') || colon == std::string_view::npos) { continue; }
    const std::string_view tag = line.substr(0, colon);
    std::string_view value = line.substr(colon + 2);
    value = value.substr(0, value.find_first_of(" \t\r"));  // BIND adds the time in words
    if (tag == "KSK") { ksk = value == "yes"; }
    if (tag == "ZSK") { zsk = value == "yes"; }
    if (!parse_line(tag, value, into)) { return false; }
  }
  if (!ksk || !zsk || (!*ksk && !*zsk)) { return false; }
  into.role = *ksk && *zsk ? KeyRole::kCsk : *ksk ? KeyRole::kKsk : KeyRole::kZsk;
  return true;
}

ZoneKeys load_keys(const KeyDirectory& directory, const dns::Name& zone,
                   const RolloverPolicy& policy, KeyTime now, Problems& problems) {
  ZoneKeys keys;
  if (directory.failure() == std::errc::no_such_file_or_directory) { return keys; }
  bool has_states = false;
  std::vector<KeyFile> files = read_key_directory(directory, zone, problems);
  const bool split = std::any_of(files.begin(), files.end(),
                                 [](const KeyFile& file) { return !file.key->is_sep(); });
  for (KeyFile& file : files) {
    ZoneKey key{std::move(file), {}};
    KeyState& state = key.state;
    state.tag = key.file.key->tag();
    state.algorithm = static_cast<std::uint8_t>(key.file.key->algorithm());
    state.created =
        std::chrono::ceil<std::chrono::seconds>(key.file.times.created.value_or(WallTime{}));
    state.role = !key.file.key->is_sep() ? KeyRole::kZsk
                 : split || policy.split ? KeyRole::kKsk
                                         : KeyRole::kCsk;
    const std::string path = base_path(directory.path(), key) + std::string(kStateSuffix);
    const auto text = read_file(path, kMaxStateFile);
    if (text && parse_state(*text, state)) {
      has_states = true;
    } else if (text || errno != ENOENT) {
      problems.error({path, 0, 0}, "cannot read the state of a key",
                     "restore it from a backup: without it the key's place in a rollover is lost");
    }
    keys.push_back(std::move(key));
  }
  if (!has_states) { adopt_keys(keys, policy, now); }
  check_for_lost_keys(directory, zone, keys, problems);
  return keys;
}

std::optional<ZoneKey> make_key(const std::string& directory, const dns::Name& zone,
                                const NewKey& wanted, KeyTime now, const ZoneKeys& others,
                                Problems& problems) {
  if (const std::error_code failure = make_folder(directory, 0700)) {
    problems.error({directory, 0, 0}, "cannot make the key directory: " + failure.message(),
                   "make it writable for the server");
    return std::nullopt;
  }
  const std::uint16_t flags = wanted.role == KeyRole::kZsk ? kZskFlags : kKskFlags;
  std::shared_ptr<const SigningKey> made;
  // A tag stands for one key in every list people and resolvers see.
  do {
    made = SigningKey::generate(zone.lower(), wanted.algorithm, flags, wanted.rsa_bits);
  } while (std::any_of(others.begin(), others.end(), [&](const ZoneKey& other) {
    return other.state.tag == made->tag() || other.state.tag == (made->tag() ^ kRevokeFlag);
  }));
  ZoneKey key{{made, {}, {}}, {}};
  key.file.times.created = now;
  key.state.tag = made->tag();
  key.state.algorithm = static_cast<std::uint8_t>(made->algorithm());
  key.state.role = wanted.role;
  key.state.created = now;
  // The state first: a key without one might be taken for a key in use elsewhere.
  if (!save_states(directory, {key}, problems)) { return std::nullopt; }
  if (!write_key_file(directory, key.file, problems)) { return std::nullopt; }
  return key;
}

std::optional<KeyTime> gone_since(const KeyState& key) {
  if (!key.is_gone()) { return std::nullopt; }
  return std::max({key.dnskey.since, key.zrrsig.since, key.ds.since, key.created});
}

// The state last: without it what is left of a key would be taken for one from elsewhere.
bool remove_key(const std::string& directory, const ZoneKey& key, Problems& problems) {
  for (const std::string_view suffix : {kPrivateSuffix, kPublicSuffix, kStateSuffix}) {
    const std::string path = base_path(directory, key) + std::string(suffix);
    std::error_code failure;
    fs::remove(path, failure);
    if (!failure) { continue; }
    problems.error({path, 0, 0}, "cannot remove a retired key: " + failure.message(),
                   "remove its files, or set purge_keys = 0");
    return false;
  }
  return true;
}

bool save_states(const std::string& directory, const ZoneKeys& keys, Problems& problems) {
  for (const ZoneKey& key : keys) {
    const std::string path = base_path(directory, key) + std::string(kStateSuffix);
    const std::string text = state_text(key);
    if (read_file(path, kMaxStateFile) == text) { continue; }
    if (!write_file_atomically(path, text)) {
      problems.error({path, 0, 0},
                     "cannot write the state of a key: " + std::generic_category().message(errno),
                     "the key goes on as it is; make room, or the directory writable");
      return false;
    }
  }
  return true;
}

}  // namespace gslb::dnssec
