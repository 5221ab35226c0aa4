// Signatures of the RRsets that routed names are answered with.
#include <algorithm>

#include "gslb/base/hash.h"
#include "gslb/control/zone_signer_entry.h"

namespace gslb::control {
namespace {

std::uint32_t rrsig_time(WallTime time) {
  return static_cast<std::uint32_t>(std::chrono::floor<seconds>(time).time_since_epoch().count());
}

// The same content expires at the same place in the jitter, whichever server signs it.
seconds jitter_of(const answer::SignRequest& request, std::int64_t most_s) {
  const std::uint64_t place = hash_octets(request.set.rdata, hash_octets(request.lower_owner, 0));
  return seconds(static_cast<std::int64_t>(place % static_cast<std::uint64_t>(most_s + 1)));
}

}  // namespace

answer::RoutedSigning ZoneSigner::routed_signing(WallTime* renew_at, std::size_t most_renewed) {
  *renew_at = WallTime::max();
  return {
      .sign = [this, renew_at](
                  const answer::SignRequest& request) { return sign_routed(request, renew_at); },
      .is_fresh =
          [this, renew_at, left = most_renewed](const answer::SignRequest& request,
                                                const dns::RrsetView& signatures) mutable {
            const auto renewal = renewal_of(request, signatures);
            const WallTime now = clock_.wall();
            if (!renewal || renewal->latest <= now) { return false; }
            if (renewal->due <= now && left > 0) {
              --left;
              return false;
            }
            *renew_at = std::min(*renew_at, renewal->due);
            return true;
          }};
}

std::vector<std::uint8_t> ZoneSigner::sign_routed(const answer::SignRequest& request,
                                                  WallTime* renew_at) {
  std::vector<std::uint8_t> records;
  std::lock_guard lock(mutex_);
  const Entry* const entry = find(request.zone.apex());
  if (entry == nullptr || !entry->current) { return records; }
  const config::DnssecPolicy& policy = entry->policy;
  const WallTime now = clock_.wall();
  const WallTime expiration =
      now + seconds(policy.signature_lifetime_s) - jitter_of(request, policy.signature_jitter_s);
  const dnssec::Validity validity{rrsig_time(now - seconds(policy.inception_skew_s)),
                                  rrsig_time(expiration)};
  for (const dnssec::PlannedKey& key : entry->current->planned) {
    if (!key.signs_zone) { continue; }
    auto& signer = routed_signers_[zone_key(entry->apex) + std::to_string(key.key->tag())];
    if (!signer || &signer->key() != key.key.get()) {
      signer = std::make_unique<dnssec::RrsetSigner>(key.key);
    }
    const std::size_t size = dnssec::rrsig_octets(*key.key);
    const std::size_t at = records.size();
    records.resize(at + 2 + size);
    records[at] = static_cast<std::uint8_t>(size >> 8);
    records[at + 1] = static_cast<std::uint8_t>(size);
    signer->sign(request.lower_owner, request.set, validity, &records[at + 2]);
    ++signatures_made_;
  }
  *renew_at = std::min(*renew_at, expiration - seconds(policy.signature_refresh_s));
  return records;
}

std::optional<ZoneSigner::Renewal> ZoneSigner::renewal_of(const answer::SignRequest& request,
                                                          const dns::RrsetView& signatures) const {
  std::lock_guard lock(mutex_);
  const Entry* const entry = find(request.zone.apex());
  if (entry == nullptr || !entry->current) { return std::nullopt; }
  const auto& planned = entry->current->planned;
  const WallTime now = clock_.wall();
  auto wanted = std::ranges::count_if(planned, &dnssec::PlannedKey::signs_zone);
  WallTime end = WallTime::max();
  for (dns::RdataCursor each(signatures); !each.done(); each.next()) {
    const auto rrsig = dnssec::parse_rrsig(each.rdata());
    const bool is_wanted =
        rrsig && std::ranges::any_of(planned, [&](const auto& key) {
          return key.signs_zone && key.key->tag() == rrsig->key_tag &&
                 static_cast<std::uint8_t>(key.key->algorithm()) == rrsig->algorithm;
        });
    if (!is_wanted) { return std::nullopt; }
    const seconds left(static_cast<std::int32_t>(rrsig->validity.expiration - rrsig_time(now)));
    end = std::min(end, now + left);
    --wanted;
  }
  if (wanted != 0) { return std::nullopt; }
  const seconds refresh(entry->policy.signature_refresh_s);
  return Renewal{end - refresh, end - refresh / 2};
}

}  // namespace gslb::control
