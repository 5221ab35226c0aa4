// Service parameters of SVCB and HTTPS, RFC 9460 2.1 and 7; dohpath of RFC 9461, ohttp of RFC 9540.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <optional>  // before ldns, which defines false as a macro
#include <string>
#include <variant>
#include <vector>

#include <ldns/ldns.h>

#include "gslb/zone/rdata_fields.h"

namespace gslb::zone::field {
namespace {

constexpr std::array<std::string_view, 9> kKeys = {"mandatory", "alpn",     "no-default-alpn",
                                                   "port",      "ipv4hint", "ech",
                                                   "ipv6hint",  "dohpath",  "ohttp"};
enum Key : std::uint16_t {
  kMandatory = 0,
  kAlpn = 1,
  kNoDefaultAlpn = 2,
  kPort = 3,
  kIpv4Hint = 4,
  kEch = 5,
  kIpv6Hint = 6,
  kDohPath = 7,
  kOhttp = 8,
  kUnnamed = 0xffff,
};

std::optional<std::uint16_t> key_number(std::string_view name) {
  const auto* const known = std::ranges::find(kKeys, name);
  if (known != kKeys.end()) { return static_cast<std::uint16_t>(known - kKeys.begin()); }
  if (!name.starts_with("key") || name.size() < 4 || (name[3] == '0' && name.size() > 4)) {
    return std::nullopt;
  }
  std::uint16_t number = 0;
  const auto [stopped, error] = std::from_chars(name.data() + 3, name.data() + name.size(), number);
  if (error != std::errc{} || stopped != name.data() + name.size()) { return std::nullopt; }
  return number;
}

// Items of a comma-separated list; with escapes, "\," and "\\" stand for themselves (RFC 9460
// Appendix A.1).  nullopt for an empty item or any other escape.
std::optional<std::vector<std::string>> items(const std::string& value, bool has_escapes) {
  std::vector<std::string> out(1);
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] == ',') {
      out.emplace_back();
    } else if (value[at] == '\\' && has_escapes) {
      if (++at == value.size() || (value[at] != ',' && value[at] != '\\')) { return std::nullopt; }
      out.back() += value[at];
    } else {
      out.back() += value[at];
    }
  }
  if (std::ranges::any_of(out, &std::string::empty)) { return std::nullopt; }
  return out;
}

bool put_mandatory(const std::string& value, Buffer& out) {
  const auto names = items(value, false);
  if (!names) { return false; }
  std::vector<std::uint16_t> keys;
  for (const std::string& name : *names) {
    const auto key = key_number(name);
    if (!key || *key == kMandatory) { return false; }
    keys.push_back(*key);
  }
  std::ranges::sort(keys);
  if (std::ranges::adjacent_find(keys) != keys.end()) { return false; }
  for (const std::uint16_t key : keys) { put_number(out, key, 2); }
  return true;
}

bool put_alpn(const std::string& value, Buffer& out) {
  const auto protocols = items(value, true);
  if (!protocols) { return false; }
  for (const std::string& protocol : *protocols) {
    if (protocol.size() > 255) { return false; }
    put_number(out, protocol.size(), 1);
    put(out, as_octets(protocol));
  }
  return true;
}

bool put_hints(const std::string& value, bool is_v6, Buffer& out) {
  const auto hints = items(value, false);
  return hints && std::ranges::all_of(*hints, [&](const std::string& hint) {
           return !address({hint}, is_v6, out);
         });
}

bool put_base64(const std::string& value, Buffer& out) {
  const std::unique_ptr<ldns_rdf, decltype(&ldns_rdf_deep_free)> parsed(
      ldns_rdf_new_frm_str(LDNS_RDF_TYPE_B64, value.c_str()), &ldns_rdf_deep_free);
  if (!parsed || ldns_rdf_size(parsed.get()) == 0) { return false; }
  put(out, {ldns_rdf_data(parsed.get()), ldns_rdf_size(parsed.get())});
  return true;
}

// `key` is nothing for "keyNNN", whose value is taken as it stands (RFC 9460 2.1); `has_value`: the
// text had an equals sign.
bool put_value(std::optional<std::uint16_t> key, bool has_value, const std::string& value,
               Buffer& out) {
  switch (key.value_or(kUnnamed)) {
    case kMandatory:
      return put_mandatory(value, out);
    case kAlpn:
      return put_alpn(value, out);
    case kNoDefaultAlpn:
    case kOhttp:
      return !has_value;
    case kPort:
      return !number({value}, 2, out);
    case kIpv4Hint:
      return put_hints(value, false, out);
    case kIpv6Hint:
      return put_hints(value, true, out);
    case kEch:
      return put_base64(value, out);
    case kDohPath:
      put(out, as_octets(value));
      return !value.empty();
    default:
      put(out, as_octets(value));
      return true;
  }
}

}  // namespace

Fault service_parameters(Words words, Buffer& rdata) {
  std::map<std::uint16_t, Buffer> parameters;  // written in ascending order (RFC 9460 2.2)
  for (std::size_t index = 0; index < words.size(); ++index) {
    const std::string_view word = words[index].text;
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const auto key = key_number(name);
    if (!key) { return RdataFault{index, quoted(name) + " is not a service parameter"}; }
    const bool has_value = equals != std::string_view::npos;
    std::string_view raw = has_value ? word.substr(equals + 1) : std::string_view();
    if (raw.size() >= 2 && raw.front() == '"') { raw = raw.substr(1, raw.size() - 2); }
    const bool is_named = !name.starts_with("key");
    Buffer value;
    if (auto fault = text({raw}, false, value)) {
      return RdataFault{index, std::move(fault->what)};
    }
    const auto [at, is_new] = parameters.try_emplace(*key);
    if (!is_new) { return RdataFault{index, quoted(name) + " is given twice"}; }
    if (!put_value(is_named ? key : std::nullopt, has_value,
                   std::string(value.begin(), value.end()), at->second) ||
        at->second.size() > 0xffff) {
      return RdataFault{index, quoted(word) + " has a bad value (RFC 9460 7)"};
    }
  }
  for (const auto& [key, value] : parameters) {
    put_number(rdata, key, 2);
    put_number(rdata, value.size(), 2);
    put(rdata, value);
  }
  return std::nullopt;
}

}  // namespace gslb::zone::field
