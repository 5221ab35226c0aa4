#include "gslb/transfer/rdata_wire.h"
#include "gslb/transfer/tsig.h"

namespace gslb::transfer {
namespace {

constexpr std::size_t kHeaderOctets = 12;
constexpr std::size_t kFixedOctets = 10;  // TYPE, CLASS, TTL, RDLENGTH
constexpr auto kTsigType = static_cast<std::uint16_t>(dns::RrType::kTsig);
constexpr auto kClassAny = static_cast<std::uint16_t>(dns::RrClass::kAny);

// Moves `*at` behind a name that isn't needed; a pointer ends it and isn't followed.
bool skip_name(Octets message, std::size_t* at) noexcept {
  while (*at < message.size()) {
    const std::size_t length = message[*at];
    if (length >= 0xc0) {
      *at += 2;
      return *at <= message.size();
    }
    if (length > dns::kMaxLabelOctets) { return false; }
    *at += length + 1;
    if (length == 0) { return true; }
  }
  return false;
}

// Moves `*at` behind a record; its type goes to `*type`.
bool skip_record(Octets message, std::size_t* at, std::uint16_t* type) noexcept {
  if (!skip_name(message, at) || *at > message.size() || message.size() - *at < kFixedOctets) {
    return false;
  }
  *type = load_u16(message.data() + *at);
  const std::size_t size = kFixedOctets + load_u16(message.data() + *at + 8);
  if (message.size() - *at < size) { return false; }
  *at += size;
  return true;
}

// Where the last record of the additional section begins, and its type.  False when the message is
// cut off, or a TSIG record stands before that one.
bool find_last(Octets message, std::size_t* last_at, std::uint16_t* type) noexcept {
  std::size_t at = kHeaderOctets;
  for (std::size_t left = load_u16(message.data() + 4); left > 0; --left) {
    if (!skip_name(message, &at) || at > message.size() || message.size() - at < 4) {
      return false;
    }
    at += 4;
  }
  std::size_t left = 0;
  for (std::size_t field = 6; field < kHeaderOctets; field += 2) {
    left += load_u16(message.data() + field);
  }
  for (; left > 0; --left) {
    *last_at = at;
    if (!skip_record(message, &at, type)) { return false; }
    if (*type == kTsigType && left != 1) { return false; }
  }
  return at == message.size();
}

bool read_rdata(ByteReader& reader, Octets message, TsigRecord& record) {
  std::size_t at = reader.position();
  const std::size_t name_octets = dns::wire_name_size(message.subspan(at));  // 4.2: uncompressed
  if (name_octets == 0) { return false; }
  record.algorithm = dns::Name::from_wire(message.subspan(at)).value().lower();
  static_cast<void>(reader.take(name_octets));
  record.time_s = std::uint64_t{reader.u16()} << 32;
  record.time_s |= reader.u32();
  record.fudge_s = reader.u16();
  record.mac = reader.take(reader.u16());
  record.original_id = reader.u16();
  record.error = reader.u16();
  record.other = reader.take(reader.u16());
  return !reader.failed() && reader.remaining() == 0;
}

}  // namespace

Keyring::Keyring(const std::vector<config::TsigKey>& keys, Problems& problems) {
  for (const config::TsigKey& key : keys) {
    const auto name = dns::Name::parse(key.name.text);
    if (!name) {
      problems.error(key.name.at,
                     "key '" + key.name.text + "': " + std::string(dns::describe(name.error())));
      continue;
    }
    keys_.push_back({name->lower(), key.algorithm, key.secret});
  }
}

const TsigKey* Keyring::find(const dns::Name& name) const noexcept {
  for (const TsigKey& key : keys_) {
    if (key.name == name) { return &key; }
  }
  return nullptr;
}

std::string_view to_string(TsigFault fault) noexcept {
  switch (fault) {
    case TsigFault::kMissing:
      return "unsigned";
    case TsigFault::kMalformed:
      return "malformed";
    case TsigFault::kBadKey:
      return "BADKEY";
    case TsigFault::kBadSig:
      return "BADSIG";
    case TsigFault::kBadTime:
      return "BADTIME";
    case TsigFault::kBadTrunc:
      return "BADTRUNC";
  }
  return "unknown";
}

dns::Rcode rcode_of(TsigFault fault) noexcept {
  return fault == TsigFault::kMalformed ? dns::Rcode::kFormErr : dns::Rcode::kNotAuth;
}

Result<std::optional<TsigRecord>, TsigFault> find_tsig(Octets message) {
  if (message.size() < kHeaderOctets) { return Unexpected(TsigFault::kMalformed); }
  TsigRecord record;
  std::uint16_t type = 0;
  if (!find_last(message, &record.at, &type)) { return Unexpected(TsigFault::kMalformed); }
  if (type != kTsigType) { return std::optional<TsigRecord>(); }
  // Last of all, but is it in the additional section?
  if (load_u16(message.data() + 10) == 0) { return Unexpected(TsigFault::kMalformed); }
  std::size_t at = record.at;
  const auto key = read_name(message, &at);
  if (!key) { return Unexpected(TsigFault::kMalformed); }
  record.key = key->lower();
  const std::uint8_t* const fixed = message.data() + at;
  if (load_u16(fixed + 2) != kClassAny || load_u32(fixed + 4) != 0) {
    return Unexpected(TsigFault::kMalformed);
  }
  ByteReader reader(message, at + kFixedOctets);
  if (!read_rdata(reader, message, record)) { return Unexpected(TsigFault::kMalformed); }
  return std::optional(std::move(record));
}

}  // namespace gslb::transfer
