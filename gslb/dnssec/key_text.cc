#include "gslb/dnssec/key_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include <openssl/evp.h>

#include "gslb/base/base64.h"
#include "gslb/zone/rdata_text.h"
#include "gslb/zone/scanner.h"

namespace gslb::dnssec {
namespace {

struct TimeField {
  std::string_view tag;
  std::optional<WallTime> KeyTimes::*time;
};
// In BIND's order; the first five also stand as comments in its .key files.
constexpr std::array<TimeField, 8> kTimes = {{
    {"Created", &KeyTimes::created},
    {"Publish", &KeyTimes::publish},
    {"Activate", &KeyTimes::activate},
    {"Revoke", &KeyTimes::revoke},
    {"Inactive", &KeyTimes::inactive},
    {"Delete", &KeyTimes::remove},
    {"SyncPublish", &KeyTimes::sync_publish},
    {"SyncDelete", &KeyTimes::sync_delete},
}};

struct NumberField {
  std::string_view tag;
  Buffer PrivateNumbers::*number;
};
constexpr std::array<NumberField, 9> kNumbers = {{
    {"Modulus", &PrivateNumbers::modulus},
    {"PublicExponent", &PrivateNumbers::public_exponent},
    {"PrivateExponent", &PrivateNumbers::private_exponent},
    {"Prime1", &PrivateNumbers::prime1},
    {"Prime2", &PrivateNumbers::prime2},
    {"Exponent1", &PrivateNumbers::exponent1},
    {"Exponent2", &PrivateNumbers::exponent2},
    {"Coefficient", &PrivateNumbers::coefficient},
    {"PrivateKey", &PrivateNumbers::secret},
}};

std::string encode_base64(Octets octets) {
  std::string text(4 * ((octets.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock() ends with a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets.data(),
                  static_cast<int>(octets.size()));
  text.pop_back();
  return text;
}

// YYYYMMDDHHMMSS.
std::optional<WallTime> parse_time(std::string_view text) {
  constexpr std::array<std::size_t, 6> kDigits = {4, 2, 2, 2, 2, 2};
  if (text.size() != 14) { return std::nullopt; }
  std::array<unsigned, 6> part{};
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + kDigits[i], part[i]);
    if (error != std::errc{} || end != text.data() + kDigits[i]) { return std::nullopt; }
    text.remove_prefix(kDigits[i]);
  }
  const auto day = std::chrono::year(static_cast<int>(part[0])) / std::chrono::month(part[1]) /
                   std::chrono::day(part[2]);
  // WallTime counts nanoseconds and ends in 2262.
  if (!day.ok() || part[0] < 1970 || part[0] > 2199 || part[3] > 23 || part[4] > 59 ||
      part[5] > 59) {
    return std::nullopt;
  }
  return WallTime(std::chrono::sys_days(day)) + std::chrono::hours(part[3]) +
         std::chrono::minutes(part[4]) + seconds(part[5]);
}

std::string time_text(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(time - day));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02u%02d%02d%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t start = text.find_first_not_of(kBlank);
  if (start == std::string_view::npos) { return {}; }
  return text.substr(start, text.find_last_not_of(kBlank) - start + 1);
}

// The .private file, read line by line.
class PrivateReader {
 public:
  PrivateReader(const std::string& file, Problems& problems) : file_(file), problems_(problems) {}

  bool read(std::string_view text) {
    const std::size_t errors_before = problems_.error_count();
    while (!text.empty()) {
      ++line_;
      const std::size_t end = std::min(text.find('\n'), text.size());
      take_line(trimmed(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!has_format_) {
      problems_.error({file_, 1, 0}, "no 'Private-key-format:' line", "is this a private key?");
    } else if (algorithm.empty()) {
      problems_.error({file_, 0, 0}, "no 'Algorithm:' line");
    }
    return problems_.error_count() == errors_before;
  }

  std::string_view algorithm;  // its number
  PrivateNumbers numbers;
  KeyTimes times;
  std::vector<std::pair<std::string, std::string>> other;

 private:
  void error(std::string what, std::string hint = {}) {
    problems_.error({file_, line_, 0}, std::move(what), std::move(hint));
  }

  void take_line(std::string_view line) {
    if (line.empty() || line.starts_with(';')) { return; }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) { return error("a line without 'Name: value'"); }
    const std::string_view tag = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (tag == "Private-key-format") {
      has_format_ = true;
      if (!value.starts_with("v1.")) { error("private key format is not v1.x"); }
    } else if (tag == "Algorithm") {
      algorithm = value.substr(0, value.find(' '));
    } else {
      take_field(tag, value);
    }
  }

  void take_field(std::string_view tag, std::string_view value) {
    if (const auto* field = std::ranges::find(kNumbers, tag, &NumberField::tag);
        field != kNumbers.end()) {
      const auto octets = decode_base64(value);
      if (!octets || octets->empty()) {
        return error(std::string(tag) + " is not base64 on one line");
      }
      numbers.*field->number = Buffer(octets->begin(), octets->end());
      return;
    }
    if (const auto* field = std::ranges::find(kTimes, tag, &TimeField::tag);
        field != kTimes.end()) {
      times.*field->time = parse_time(value);
      if (!(times.*field->time)) {
        error(std::string(tag) + " is not a time YYYYMMDDHHMMSS of 1970 to 2199");
      }
      return;
    }
    other.emplace_back(tag, value);
  }

  const std::string& file_;
  Problems& problems_;
  std::uint32_t line_ = 0;
  bool has_format_ = false;
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::optional<KeyRecord> parse_key_record(const KeyText& source, Problems& problems) {
  const auto fail = [&](std::uint32_t line, std::uint32_t column, std::string what) {
    problems.error({source.file, line, column}, std::move(what),
                   "a .key file is one record: NAME [TTL] [IN] DNSKEY ...");
    return std::nullopt;
  };
  zone::Scanner scanner(source.text);
  zone::Entry entry;
  const auto step = scanner.next(entry);
  if (step == zone::Scanner::Step::kEnd) { return fail(1, 0, "no DNSKEY record"); }
  if (step == zone::Scanner::Step::kFault) {
    return fail(scanner.fault().line, scanner.fault().column, std::string(scanner.fault().what));
  }
  const std::vector<zone::Word>& words = entry.words;
  const zone::Word& first = words.front();
  const auto owner = dns::Name::parse(first.text);
  if (entry.starts_blank || !owner) { return fail(first.line, first.column, "no owner name"); }
  std::size_t at = 1;
  if (at < words.size() && is_number(words[at].text)) { ++at; }
  if (at < words.size() && words[at].text == "IN") { ++at; }
  if (at == words.size() || words[at].text != "DNSKEY") {
    return fail(first.line, first.column, "no DNSKEY record");
  }
  ++at;
  KeyRecord record{owner->lower(), {}, first.line};
  const auto fault = zone::parse_rdata(dns::RrType::kDnskey, std::span(words).subspan(at),
                                       dns::Name(), record.rdata);
  if (fault) {
    const zone::Word& wrong = words[std::min(at + fault->word, words.size() - 1)];
    return fail(wrong.line, wrong.column, fault->what);
  }
  if (scanner.next(entry) != zone::Scanner::Step::kEnd) {
    return fail(first.line, 0, "more than one record");
  }
  return record;
}

std::optional<KeyFile> parse_key_file(const KeyText& public_half, const KeyText& private_half,
                                      Problems& problems) {
  const auto record = parse_key_record(public_half, problems);
  PrivateReader secret(private_half.file, problems);
  if (!secret.read(private_half.text) || !record) { return std::nullopt; }
  const Location at{public_half.file, record->line, 0};
  const unsigned number = record->rdata.size() > 3 ? record->rdata[3] : 0;
  if (secret.algorithm != std::to_string(number)) {
    problems.error({private_half.file, 0, 0}, "algorithm " + std::string(secret.algorithm) +
                                                  ", but the .key file has " +
                                                  std::to_string(number));
    return std::nullopt;
  }
  auto key = SigningKey::from_numbers(record->owner, record->rdata, secret.numbers);
  if (key) { return KeyFile{*key, secret.times, std::move(secret.other)}; }
  switch (key.error()) {
    case KeyError::kUnsupported:
      problems.error(at, "not a zone key of an algorithm we sign with",
                     "RSASHA256, RSASHA512, ECDSAP256SHA256, ECDSAP384SHA384 or ED25519");
      break;
    case KeyError::kMalformed:
      problems.error(at, "numbers of the key are missing, out of range or of the wrong length");
      break;
    case KeyError::kNotAPair:
      problems.error({private_half.file, 0, 0},
                     "the private key does not belong to " + public_half.file);
      break;
  }
  return std::nullopt;
}

std::string public_text(const KeyFile& key) {
  const SigningKey& of = *key.key;
  const std::string owner = of.owner().to_string();
  std::string text = std::string("; This is a ") + (of.is_sep() ? "key" : "zone") +
                     "-signing key, keyid " + std::to_string(of.tag()) + ", for " + owner + "\n";
  for (const TimeField& field : kTimes) {
    if (const auto& time = key.times.*field.time) {
      text += "; " + std::string(field.tag) + ": " + time_text(*time) + "\n";
    }
  }
  return text + owner + " IN DNSKEY " + std::to_string(of.flags()) + " 3 " +
         std::to_string(static_cast<unsigned>(of.algorithm())) + " " +
         encode_base64(of.dnskey_rdata().subspan(4)) + "\n";
}

std::string private_text(const KeyFile& key) {
  const SigningKey& of = *key.key;
  std::string text = "Private-key-format: v1.3\nAlgorithm: " +
                     std::to_string(static_cast<unsigned>(of.algorithm())) + " (" +
                     std::string(to_string(of.algorithm())) + ")\n";
  const PrivateNumbers numbers = of.private_numbers();
  for (const NumberField& field : kNumbers) {
    const Buffer& number = numbers.*field.number;
    if (!number.empty()) { text += std::string(field.tag) + ": " + encode_base64(number) + "\n"; }
  }
  for (const TimeField& field : kTimes) {
    if (const auto& time = key.times.*field.time) {
      text += std::string(field.tag) + ": " + time_text(*time) + "\n";
    }
  }
  for (const auto& [tag, value] : key.other) { text += tag + ": " + value + "\n"; }
  return text;
}

}  // namespace gslb::dnssec
