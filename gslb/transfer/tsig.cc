#include "gslb/transfer/tsig.h"

#include <algorithm>
#include <cstring>

#include "gslb/base/check.h"
#include "gslb/transfer/hmac.h"

namespace gslb::transfer {
namespace {

constexpr std::size_t kHeaderOctets = 12;
// TYPE, CLASS, TTL, RDLENGTH; time, fudge, MAC size, original ID, error, other length.
constexpr std::size_t kFixedOctets = 10 + 6 + 2 + 2 + 2 + 2 + 2;
constexpr std::size_t kTimeOctets = 6;
constexpr std::size_t kMinMacOctets = 10;  // 5.2.2.1

constexpr std::uint16_t kErrorBadSig = 16;
constexpr std::uint16_t kErrorBadKey = 17;
constexpr std::uint16_t kErrorBadTime = 18;
constexpr std::uint16_t kErrorBadTrunc = 22;

std::uint64_t seconds_of(WallTime now) noexcept {
  const auto since = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0));
}

std::uint16_t error_of(TsigFault fault) noexcept {
  switch (fault) {
    case TsigFault::kBadSig:
      return kErrorBadSig;
    case TsigFault::kBadKey:
      return kErrorBadKey;
    case TsigFault::kBadTime:
      return kErrorBadTime;
    default:
      return kErrorBadTrunc;
  }
}

// What the other side says with a TSIG error of its own.
TsigFault fault_of(std::uint16_t error) noexcept {
  switch (error) {
    case kErrorBadKey:
      return TsigFault::kBadKey;
    case kErrorBadTime:
      return TsigFault::kBadTime;
    case kErrorBadTrunc:
      return TsigFault::kBadTrunc;
    default:
      return TsigFault::kBadSig;
  }
}

// 4.3.1: the request's, or the last message's, with its length; nothing for a request.
void add_prior(Hmac& hmac, const Mac& prior) {
  if (prior.size == 0) { return; }
  hmac.add_u16(static_cast<std::uint16_t>(prior.size));
  hmac.add(prior.octets());
}

// 4.3.2: the message as it was before its TSIG record was put on.
void add_message(Hmac& hmac, Octets without_tsig, std::uint16_t original_id,
                 std::uint16_t arcount) {
  std::array<std::uint8_t, kHeaderOctets> header{};
  std::memcpy(header.data(), without_tsig.data(), kHeaderOctets);
  store_u16(header.data(), original_id);
  store_u16(header.data() + 10, arcount);
  hmac.add(header);
  hmac.add(without_tsig.subspan(kHeaderOctets));
}

// 4.3.3, or 5.3.1 (timers only) behind the first message of a response.
void add_variables(Hmac& hmac, const TsigRecord& record, bool timers_only) {
  if (!timers_only) {
    hmac.add(record.key.wire());
    hmac.add_u16(static_cast<std::uint16_t>(dns::RrClass::kAny));
    hmac.add_u16(0);  // TTL
    hmac.add_u16(0);
    hmac.add(record.algorithm.wire());
  }
  hmac.add_u48(record.time_s);
  hmac.add_u16(record.fudge_s);
  if (!timers_only) {
    hmac.add_u16(record.error);
    hmac.add_u16(static_cast<std::uint16_t>(record.other.size()));
    hmac.add(record.other);
  }
}

std::uint8_t* put(std::uint8_t* at, Octets octets) noexcept {
  return std::copy(octets.begin(), octets.end(), at);
}
std::uint8_t* put_u16(std::uint8_t* at, std::uint16_t value) noexcept {
  store_u16(at, value);
  return at + 2;
}

void count_additional(MutableOctets message, int difference) noexcept {
  std::uint8_t* const at = message.data() + 10;
  store_u16(at, static_cast<std::uint16_t>(load_u16(at) + difference));
}

// Appends `record` and counts it; `at` of it is not looked at.  The new size.
std::size_t append(MutableOctets buffer, std::size_t size, const TsigRecord& record) noexcept {
  DCHECK(size >= kHeaderOctets && size < buffer.size());
  std::uint8_t* at = buffer.data() + size;
  at = put(at, record.key.wire());
  at = put_u16(at, static_cast<std::uint16_t>(dns::RrType::kTsig));
  at = put_u16(at, static_cast<std::uint16_t>(dns::RrClass::kAny));
  store_u32(at, 0);
  std::uint8_t* const length_at = at + 4;
  at = put(length_at + 2, record.algorithm.wire());
  at = put_u16(at, static_cast<std::uint16_t>(record.time_s >> 32));
  store_u32(at, static_cast<std::uint32_t>(record.time_s));
  at = put_u16(at + 4, record.fudge_s);
  at = put_u16(at, static_cast<std::uint16_t>(record.mac.size()));
  at = put(at, record.mac);
  at = put_u16(at, record.original_id);
  at = put_u16(at, record.error);
  at = put_u16(at, static_cast<std::uint16_t>(record.other.size()));
  at = put(at, record.other);
  store_u16(length_at, static_cast<std::uint16_t>(at - length_at - 2));
  count_additional(buffer, 1);
  return static_cast<std::size_t>(at - buffer.data());
}

// The checks that need no HMAC.  5.2.1, 5.2.2.1.
std::optional<TsigFault> check_form(const TsigRecord& record, const TsigKey* key) {
  if (key == nullptr || !(record.key == key->name) ||
      !(record.algorithm == algorithm_name(key->algorithm))) {
    return TsigFault::kBadKey;
  }
  const std::size_t whole = mac_octets(key->algorithm);
  if (record.mac.size() > whole || record.mac.size() < std::max(kMinMacOctets, whole / 2)) {
    return TsigFault::kMalformed;
  }
  return std::nullopt;
}

// The order of 5.2: the MAC, then the time, then its length.
std::optional<TsigFault> check_mac(const TsigRecord& record, const Mac& expected, WallTime now) {
  if (!equal_macs(record.mac, expected.octets().first(record.mac.size()))) {
    return TsigFault::kBadSig;
  }
  const std::uint64_t ours = seconds_of(now);
  const std::uint64_t apart = ours > record.time_s ? ours - record.time_s : record.time_s - ours;
  if (apart > record.fudge_s) { return TsigFault::kBadTime; }
  if (record.mac.size() < expected.size) { return TsigFault::kBadTrunc; }
  return std::nullopt;
}

}  // namespace

SignedRequest check_request(MutableOctets message, const Keyring& keys, WallTime now) {
  SignedRequest request;
  request.size = message.size();
  const auto found = find_tsig(message);
  if (!found) {
    request.fault = found.error();
    return request;
  }
  if (!found->has_value()) {
    request.fault = TsigFault::kMissing;
    return request;
  }
  const TsigRecord& record = **found;
  const TsigKey* const key = keys.find(record.key);
  request.fault = check_form(record, key);
  if (request.fault == TsigFault::kMalformed) { return request; }
  request.key_name = record.key;
  request.algorithm_name = record.algorithm;
  request.time_s = record.time_s;
  request.size = record.at;
  count_additional(message, -1);
  if (request.fault) { return request; }
  request.key = key;
  Hmac hmac(*key);
  const Octets signed_part = Octets(message).first(record.at);
  add_message(hmac, signed_part, record.original_id, load_u16(message.data() + 10));
  add_variables(hmac, record, false);
  request.mac.size = record.mac.size();
  std::copy(record.mac.begin(), record.mac.end(), request.mac.data.begin());
  request.fault = check_mac(record, hmac.finish(), now);
  return request;
}

std::size_t TsigSigner::room() const noexcept {
  return key_->name.wire().size() + algorithm_name(key_->algorithm).wire().size() + kFixedOctets +
         mac_octets(key_->algorithm);
}

std::size_t TsigSigner::sign(MutableOctets buffer, std::size_t size, WallTime now) {
  DCHECK(size + room() <= buffer.size());
  TsigRecord record{.key = key_->name,
                    .algorithm = algorithm_name(key_->algorithm),
                    .time_s = seconds_of(now),
                    .fudge_s = kTsigFudgeS,
                    .mac = {},
                    .original_id = load_u16(buffer.data()),
                    .error = 0,
                    .other = {}};
  Hmac hmac(*key_);
  add_prior(hmac, prior_);
  hmac.add(Octets(buffer).first(size));
  add_variables(hmac, record, !is_first_);
  prior_ = hmac.finish();
  is_first_ = false;
  record.mac = prior_.octets();
  return append(buffer, size, record);
}

std::size_t error_room(const SignedRequest& request) noexcept {
  return request.key_name.wire().size() + request.algorithm_name.wire().size() + kFixedOctets +
         sizeof(Mac::data) + kTimeOctets;
}

std::size_t sign_error(const SignedRequest& request, MutableOctets buffer, std::size_t size,
                       WallTime now) {
  if (request.good() || request.fault == TsigFault::kMissing ||
      request.fault == TsigFault::kMalformed) {
    return size;
  }
  TsigRecord record{.key = request.key_name,
                    .algorithm = request.algorithm_name,
                    .time_s = request.time_s,
                    .fudge_s = kTsigFudgeS,
                    .mac = {},
                    .original_id = load_u16(buffer.data()),
                    .error = error_of(*request.fault),
                    .other = {}};
  Mac mac;
  std::array<std::uint8_t, 8> our_time{};
  if (request.fault == TsigFault::kBadTime || request.fault == TsigFault::kBadTrunc) {
    // The client's own time, so that it takes the response for fresh; ours says how far it is off.
    if (request.fault == TsigFault::kBadTime) {
      store_u64(our_time.data(), seconds_of(now));
      record.other = Octets(our_time).subspan(2);
    }
    Hmac hmac(*request.key);
    add_prior(hmac, request.mac);
    hmac.add(Octets(buffer).first(size));
    add_variables(hmac, record, false);
    mac = hmac.finish();
    record.mac = mac.octets();
  }
  return append(buffer, size, record);
}

TsigVerifier::TsigVerifier(const TsigKey& key, const Mac& request_mac)
    : key_(&key), digest_(std::make_unique<Hmac>(key)) {
  add_prior(*digest_, request_mac);
}
TsigVerifier::~TsigVerifier() = default;
TsigVerifier::TsigVerifier(TsigVerifier&&) noexcept = default;
TsigVerifier& TsigVerifier::operator=(TsigVerifier&&) noexcept = default;

Result<std::size_t, TsigFault> TsigVerifier::check(MutableOctets message, WallTime now) {
  const auto found = find_tsig(message);
  if (!found) { return Unexpected(found.error()); }
  if (!found->has_value()) {
    if (is_first_ || ++unsigned_count_ > kMaxUnsigned) { return Unexpected(TsigFault::kMissing); }
    digest_->add(message);
    return message.size();
  }
  const TsigRecord& record = **found;
  // Who doesn't know the key can't sign the refusal: it is a failure either way.
  if (record.error != 0) { return Unexpected(fault_of(record.error)); }
  if (const auto fault = check_form(record, key_)) { return Unexpected(*fault); }
  count_additional(message, -1);
  add_message(*digest_, Octets(message).first(record.at), record.original_id,
              load_u16(message.data() + 10));
  add_variables(*digest_, record, !is_first_);
  if (const auto fault = check_mac(record, digest_->finish(), now)) { return Unexpected(*fault); }
  Mac mac;
  mac.size = record.mac.size();
  std::copy(record.mac.begin(), record.mac.end(), mac.data.begin());
  digest_ = std::make_unique<Hmac>(*key_);
  add_prior(*digest_, mac);
  is_first_ = false;
  unsigned_count_ = 0;
  return record.at;
}

}  // namespace gslb::transfer
