#include "gslb/zone/zone_reader.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "gslb/base/file.h"
#include "gslb/zone/generate.h"
#include "gslb/zone/rdata_text.h"
#include "gslb/zone/ttl_text.h"

namespace gslb::zone {
namespace {

constexpr std::size_t kMaxErrors = 100;              // shown for one zone; more help nobody
constexpr int kMaxIncludeDepth = 16;                 // a file that includes itself ends here
constexpr std::size_t kMaxFiles = 1000;              // included in all: depth alone allows 2^16
constexpr std::uint64_t kMaxStored = 3'000'000'000;  // octets: the zone's offsets have 32 bits
constexpr std::uint64_t kPerRecord = 64;  // octets of node, header and table beside the data

bool is_word(const Word& word, std::string_view upper) noexcept {
  return word.text.size() == upper.size() &&
         std::equal(upper.begin(), upper.end(), word.text.begin(), [](char u, char c) {
           return u == (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
         });
}

bool starts_with_digit(const Word& word) noexcept {
  return !word.text.empty() && word.text[0] >= '0' && word.text[0] <= '9';
}

std::string quote(std::string_view text) { return "'" + std::string(text.substr(0, 80)) + "'"; }

const std::vector<std::string>& common_types() {
  static const std::vector<std::string> types = {
      "A",  "AAAA", "NS",    "CNAME", "SOA",  "MX",    "TXT",   "SRV", "PTR", "CAA", "DNAME",
      "DS", "TLSA", "SSHFP", "NAPTR", "SVCB", "HTTPS", "HINFO", "LOC", "URI", "CERT"};
  return types;
}

// BIND takes the data of a $GENERATE as one word, in quotes when there is more than one field in
// it: MX "0 .".  What is in the quotes, \" in it a quote, is read as the rest of a line is.
bool append_fields(std::string& text, const Word& at, std::vector<Word>& words) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escapes = text[i] == '\\' && i + 1 < text.size();
    if (!escapes || text[i + 1] != '"') { plain += text[i]; }
    if (escapes) { plain += text[++i]; }
  }
  text = std::move(plain);
  Entry entry;
  Scanner scanner(text);
  if (scanner.next(entry) != Scanner::Step::kEntry) { return false; }
  for (Word& word : entry.words) {
    word.line = at.line;
    word.column = at.column;
    words.push_back(word);
  }
  return scanner.next(entry) == Scanner::Step::kEnd;
}

}  // namespace

ZoneReader::ZoneReader(const dns::Name& apex, const ReadLimits& limits, ZoneBuilder& builder,
                       RecordLog& log, Problems& problems)
    : apex_(apex),
      limits_(limits),
      builder_(builder),
      log_(log),
      problems_(problems),
      origin_(apex) {}

Location ZoneReader::place(const Word& at) const { return {log_.file(file_), at.line, at.column}; }

void ZoneReader::error(const Word& at, std::string what, std::string hint) {
  problems_.error(place(at), std::move(what), std::move(hint));
  if (++errors_ == kMaxErrors) {
    problems_.error(place(at), "too many errors, the rest of the zone is not read");
    stopped_ = true;
  }
}

void ZoneReader::warning(const Word& at, std::string what, std::string hint) {
  problems_.warning(place(at), std::move(what), std::move(hint));
}

void ZoneReader::read(const std::string& path, std::string_view text) {
  const std::uint16_t outer = file_;
  file_ = log_.add_file(path);
  Scanner scanner(text);
  Entry entry;
  while (!stopped_) {
    const Scanner::Step step = scanner.next(entry);
    if (step == Scanner::Step::kEnd) { break; }
    if (step == Scanner::Step::kFault) {
      const Scanner::Fault& fault = scanner.fault();
      error({{}, false, fault.line, fault.column}, std::string(fault.what),
            std::string(fault.hint));
    } else if (!entry.starts_blank && !entry.words[0].is_quoted &&
               entry.words[0].text.starts_with('$')) {
      directive(entry);
    } else {
      record(entry.words, entry.starts_blank);
    }
  }
  file_ = outer;
}

void ZoneReader::directive(const Entry& entry) {
  const Word& name = entry.words[0];
  if (is_word(name, "$ORIGIN")) { return set_origin(entry); }
  if (is_word(name, "$TTL")) { return set_ttl(entry); }
  if (is_word(name, "$INCLUDE")) { return include(entry); }
  if (is_word(name, "$GENERATE")) { return generate(entry); }
  const std::string near =
      did_you_mean(std::string(name.text), {"$ORIGIN", "$TTL", "$INCLUDE", "$GENERATE"});
  error(
      name, "unknown directive " + quote(name.text),
      near.empty() ? "an owner that begins with a dollar is written \\$" : "did you mean " + near);
}

void ZoneReader::set_origin(const Entry& entry) {
  if (entry.words.size() != 2 || entry.words[1].is_quoted) {
    return error(entry.words[0], "$ORIGIN takes one name, without quotes");
  }
  auto origin = parse_name(entry.words[1].text, origin_);
  if (!origin) {
    return error(entry.words[1], "origin " + quote(entry.words[1].text) + ": " +
                                     std::string(dns::describe(origin.error())));
  }
  origin_ = *std::move(origin);
}

void ZoneReader::set_ttl(const Entry& entry) {
  if (entry.words.size() != 2) { return error(entry.words[0], "$TTL takes one time"); }
  if (const auto ttl_s = ttl_of(entry.words[1])) { default_ttl_s_ = *ttl_s; }
}

std::optional<std::uint32_t> ZoneReader::ttl_of(const Word& word) {
  const auto ttl_s = word.is_quoted ? std::nullopt : parse_ttl(word.text);
  if (!ttl_s) {
    error(word, quote(word.text) + " is not a TTL", "seconds, or such as 1h30m");
    return std::nullopt;
  }
  if (*ttl_s > kMaxTtl) {
    error(word, "TTL " + quote(word.text) + " is over 2147483647 seconds (RFC 2181 8)");
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*ttl_s);
}

void ZoneReader::include(const Entry& entry) {
  const Word& name = entry.words[0];
  if (!limits_.may_include) { return error(name, "$INCLUDE is not allowed here"); }
  if (entry.words.size() < 2 || entry.words.size() > 3) {
    return error(name, "$INCLUDE takes a file and, if need be, an origin");
  }
  if (depth_ == kMaxIncludeDepth) {
    return error(name, "$INCLUDE is nested over " + std::to_string(kMaxIncludeDepth) + " deep",
                 "does a file include itself?");
  }
  if (log_.file_count() >= kMaxFiles) {
    stopped_ = true;
    return error(name, "over " + std::to_string(kMaxFiles) + " files are included");
  }
  dns::Name origin = origin_;
  if (entry.words.size() == 3) {
    auto given = parse_name(entry.words[2].text, origin_);
    if (!given) {
      return error(entry.words[2], "origin " + quote(entry.words[2].text) + ": " +
                                       std::string(dns::describe(given.error())));
    }
    origin = *std::move(given);
  }
  const std::string path = resolve_path(std::string(entry.words[1].text), log_.file(file_));
  const auto text = read_file(path);
  if (!text) {
    return error(entry.words[1],
                 "cannot read " + path + ": " + std::generic_category().message(errno),
                 "relative to the file that includes it");
  }
  // What the included file sets as origin and owner ends with it (RFC 1035 5.1).
  std::swap(origin, origin_);
  const std::optional<dns::Name> owner = owner_;
  const bool owner_failed = owner_failed_;
  ++depth_;
  read(path, *text);
  --depth_;
  std::swap(origin, origin_);
  owner_ = owner;
  owner_failed_ = owner_failed;
}

void ZoneReader::generate(const Entry& entry) {
  const std::vector<Word>& words = entry.words;
  if (words.size() < 5) { return error(words[0], "$GENERATE takes: range owner type data"); }
  const auto range = parse_generate_range(words[1].text);
  if (!range) {
    return error(words[1], quote(words[1].text) + " is not a range",
                 "start-stop or start-stop/step");
  }
  generated_ += range->count();
  if (generated_ > limits_.max_generated) {
    return error(words[1],
                 "$GENERATE would make over " + std::to_string(limits_.max_generated) + " records");
  }
  std::size_t type_at = 3;
  std::optional<std::uint32_t> ttl_s;
  if (!take_ttl_and_class(words, type_at, ttl_s)) { return; }
  const bool has_data_in_quotes = words.back().is_quoted && type_at + 2 == words.size();
  const std::size_t errors_before = errors_;
  for (std::uint64_t i = 0; i < range->count() && errors_ == errors_before && !stopped_; ++i) {
    const auto counter = static_cast<std::uint32_t>(range->start + i * range->step);
    std::vector<std::string> texts;
    texts.reserve(words.size());  // the words below view into it
    std::vector<Word> expanded;
    for (std::size_t at = 2; at < words.size(); ++at) {
      auto text = expand_generate(words[at].text, counter);
      if (!text) {
        return error(words[at], "bad template " + quote(words[at].text),
                     "$ or ${offset,width,base} with base d, o, x, X, n or N");
      }
      texts.push_back(*std::move(text));
      expanded.push_back(words[at]);
      expanded.back().text = texts.back();
    }
    if (has_data_in_quotes) {
      const Word data = expanded.back();
      expanded.pop_back();
      if (!append_fields(texts.back(), data, expanded)) {
        return error(data, "the data in quotes is not whole", "quotes in it are written \\\"");
      }
    }
    record(expanded, false);
  }
}

bool ZoneReader::take_owner(const Word& word) {
  auto owner = parse_name(word.text, origin_);
  owner_failed_ = !owner;
  if (!owner) {
    error(word, "owner " + quote(word.text) + ": " + std::string(dns::describe(owner.error())));
    return false;
  }
  owner_ = *std::move(owner);
  return true;
}

bool ZoneReader::take_ttl_and_class(std::span<const Word> words, std::size_t& at,
                                    std::optional<std::uint32_t>& ttl_s) {
  bool has_class = false;
  for (; at < words.size(); ++at) {
    const Word& word = words[at];
    if (word.is_quoted) { break; }
    if (starts_with_digit(word) && !ttl_s) {
      ttl_s = ttl_of(word);
      if (!ttl_s) { return false; }
    } else if (!has_class && (is_word(word, "IN") || is_word(word, "CLASS1"))) {
      has_class = true;
    } else if (is_word(word, "CH") || is_word(word, "HS") || is_word(word, "CS") ||
               (word.text.size() > 5 && is_word({word.text.substr(0, 5)}, "CLASS"))) {
      error(word, "class " + quote(word.text) + " is not served", "only IN");
      return false;
    } else {
      break;
    }
  }
  return true;
}

// RFC 2308 4: $TTL; without it RFC 1035 5.1: the last TTL stated; for the SOA its own MINIMUM.
std::optional<std::uint32_t> ZoneReader::implied_ttl(const Word& at, dns::RrType type) {
  if (default_ttl_s_) { return default_ttl_s_; }
  if (!last_ttl_s_ && type == dns::RrType::kSoa && rdata_.size() >= 22) {
    last_ttl_s_ = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(load_u32(rdata_.data() + rdata_.size() - 4), kMaxTtl));
    warned_of_ttl_ = true;
    warning(at, "no TTL given: the SOA MINIMUM is used", "put a $TTL above it");
  }
  if (!last_ttl_s_) {
    error(at, "record has no TTL and nothing to take it from", "put a $TTL above it");
    return std::nullopt;
  }
  if (!warned_of_ttl_) {
    warned_of_ttl_ = true;
    warning(at, "no TTL given: the last one stated is used (RFC 1035 5.1)", "put a $TTL above it");
  }
  return last_ttl_s_;
}

void ZoneReader::record(std::span<const Word> words, bool starts_blank) {
  std::size_t at = 0;
  if (!starts_blank) {
    if (!take_owner(words[0])) { return; }
    at = 1;
  } else if (owner_failed_) {
    return;  // reported where the owner stands
  } else if (!owner_) {
    return error(words[0], "record without an owner, and none before it",
                 "lines that begin with white space belong to the owner above");
  }
  std::optional<std::uint32_t> ttl_s;
  if (!take_ttl_and_class(words, at, ttl_s)) { return; }
  if (at == words.size()) { return error(words[at - 1], "record without a type"); }
  const Word& type_word = words[at];
  const auto type = type_word.is_quoted ? std::nullopt : parse_zone_type(type_word.text);
  if (!type) {
    const std::string near =
        did_you_mean(std::string(type_word.text.substr(0, 20)), common_types());
    return error(type_word, "unknown RR type " + quote(type_word.text),
                 near.empty() ? "types without a name are written TYPE123 \\# (RFC 3597)"
                              : "did you mean " + near);
  }
  if (dns::is_meta(*type)) {
    return error(type_word, dns::to_string(*type) + " is never stored in a zone");
  }
  const std::span<const Word> fields = words.subspan(at + 1);
  if (const auto fault = parse_rdata(*type, fields, origin_, rdata_)) {
    const Word& wrong = fault->word < fields.size() ? fields[fault->word] : words.back();
    return error(wrong, dns::to_string(*type) + ": " + fault->what);
  }
  if (!ttl_s) {
    ttl_s = implied_ttl(words[0], *type);
    if (!ttl_s) { return; }
  } else {
    last_ttl_s_ = ttl_s;
  }
  keep(words[0], *type, *ttl_s);
}

void ZoneReader::keep(const Word& at, dns::RrType type, std::uint32_t ttl_s) {
  if (!owner_->is_at_or_below(apex_)) {
    return error(at, owner_->to_string() + " is not in the zone " + apex_.to_string(),
                 "a name without a final dot is relative to the origin");
  }
  stored_octets_ += owner_->wire().size() + rdata_.size() + kPerRecord;
  if (stored_octets_ > kMaxStored) {
    stopped_ = true;
    return error(at, "the zone is larger than this server can hold");
  }
  builder_.add(*owner_, type, ttl_s, rdata_);
  const bool at_apex = *owner_ == apex_;
  has_soa_ = has_soa_ || (type == dns::RrType::kSoa && at_apex);
  dns::QuestionName lower;
  lower.assign(owner_->wire());
  const auto column = static_cast<std::uint16_t>(std::min<std::uint32_t>(at.column, 0xffff));
  log_.add({RecordLog::key(lower.wire(), type), ttl_s, at.line, column, file_, type});
}

}  // namespace gslb::zone
