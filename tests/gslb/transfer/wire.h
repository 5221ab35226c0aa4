// What the transfer tests share: records from text, and the messages a primary would send.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "gslb/transfer/record.h"
#include "gslb/zone/loader.h"
#include "gslb/zone/rdata_text.h"

namespace gslb::transfer {

using Message = std::vector<std::uint8_t>;

inline dns::Name name_of(std::string_view text) { return dns::Name::parse(text).value(); }

// "www.example. 60 A 192.0.2.1", one a line; names absolute.
inline std::vector<Record> records(std::string_view text) {
  std::vector<Record> list;
  zone::Scanner scanner(text);
  zone::Entry entry;
  while (scanner.next(entry) == zone::Scanner::Step::kEntry) {
    Record record;
    record.owner = name_of(entry.words.at(0).text);
    record.ttl_s = static_cast<std::uint32_t>(std::stoul(std::string(entry.words.at(1).text)));
    record.type = zone::parse_zone_type(entry.words.at(2).text).value();
    const auto fault = zone::parse_rdata(record.type, std::span(entry.words).subspan(3),
                                         dns::Name(), record.rdata);
    EXPECT_FALSE(fault.has_value()) << text;
    list.push_back(std::move(record));
  }
  return list;
}
inline Record record_of(std::string_view text) { return records(text).at(0); }

inline std::string soa(std::uint32_t serial) {
  return "example. 300 SOA ns.example. host.example. " + std::to_string(serial) +
         " 1200 600 86400 60\n";
}

inline std::shared_ptr<const zone::Zone> zone_of(std::string_view text) {
  zone::ZoneBuilder builder(name_of("example."));
  for (const Record& record : records(text)) {
    builder.add(record.owner, record.type, record.ttl_s, record.rdata);
  }
  return builder.build();
}

// All records as sorted lines of hexadecimal octets: equal texts are equal zones.
inline std::string dump(const zone::Zone& zone) {
  std::vector<std::string> lines;
  for (zone::NodeIndex node = 0; node < zone.node_count(); ++node) {
    for (std::size_t i = 0; i < zone.rrset_count(node); ++i) {
      const dns::RrsetView set = zone.rrset_at(node, i);
      for (dns::RdataCursor cursor(set); !cursor.done(); cursor.next()) {
        std::string line = dns::Name::from_wire(zone.owner(node)).value().to_string() + ' ' +
                           std::to_string(set.ttl_s) + ' ' + dns::to_string(set.type);
        for (const std::uint8_t octet : cursor.rdata()) { line += ' ' + std::to_string(octet); }
        lines.push_back(std::move(line));
      }
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) { text += line + '\n'; }
  return text;
}

struct Response {
  std::uint16_t id = 7;
  std::uint16_t flags = 0x8400;
  dns::RrType type = dns::RrType::kAxfr;
  bool has_question = true;
  std::string apex = "example.";
};

inline void put_u16(Message& message, std::size_t value) {
  message.push_back(static_cast<std::uint8_t>(value >> 8));
  message.push_back(static_cast<std::uint8_t>(value));
}

inline void put_record(Message& message, const Record& record, std::uint16_t klass = 1) {
  const Octets owner = record.owner.wire();
  message.insert(message.end(), owner.begin(), owner.end());
  put_u16(message, static_cast<std::uint16_t>(record.type));
  put_u16(message, klass);
  put_u16(message, record.ttl_s >> 16);
  put_u16(message, record.ttl_s & 0xffff);
  put_u16(message, record.rdata.size());
  message.insert(message.end(), record.rdata.begin(), record.rdata.end());
  const std::size_t answers = load_u16(message.data() + 6) + std::size_t{1};
  store_u16(message.data() + 6, static_cast<std::uint16_t>(answers));
}

inline Message response(std::string_view text, const Response& as = {}) {
  Message message;
  put_u16(message, as.id);
  put_u16(message, as.flags);
  put_u16(message, as.has_question ? 1 : 0);
  message.resize(12);
  if (as.has_question) {
    const dns::Name apex = name_of(as.apex);
    message.insert(message.end(), apex.wire().begin(), apex.wire().end());
    put_u16(message, static_cast<std::uint16_t>(as.type));
    put_u16(message, 1);
  }
  for (const Record& record : records(text)) { put_record(message, record); }
  return message;
}

}  // namespace gslb::transfer
