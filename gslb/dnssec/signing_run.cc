#include "gslb/dnssec/signing_run.h"

#include <algorithm>
#include <thread>

#include "gslb/base/check.h"
#include "gslb/base/hash.h"
#include "gslb/dns/serial.h"
#include "gslb/dnssec/sign_rrset.h"

namespace gslb::dnssec {
namespace {

constexpr std::size_t kChunk = 16;  // a millisecond or less of signing between two questions

std::uint32_t to_u32(WallTime time) {
  const auto since = std::chrono::floor<seconds>(time.time_since_epoch()).count();
  return static_cast<std::uint32_t>(since);
}

std::uint32_t to_u32(seconds span) { return static_cast<std::uint32_t>(span.count()); }

// One RRset, whatever the order of its records.
bool is_same(const dns::RrsetView& a, const dns::RrsetView& b) {
  if (a.ttl_s != b.ttl_s || a.count != b.count || a.rdata.size() != b.rdata.size()) {
    return false;
  }
  if (std::ranges::equal(a.rdata, b.rdata)) { return true; }
  const auto sorted = [](const dns::RrsetView& set) {
    std::vector<std::string_view> records;
    for (dns::RdataCursor cursor(set); !cursor.done(); cursor.next()) {
      records.push_back(as_text(cursor.rdata()));
    }
    std::ranges::sort(records);
    return records;
  };
  return sorted(a) == sorted(b);
}

}  // namespace

SigningRun::SigningRun(const SigningPlan& plan, const zone::Zone* previous)
    : plan_(plan), previous_(previous), now_(to_u32(plan.now)) {
  for (const PlannedKey& planned : plan_.keys) {
    has_signed_.push_back(previous_ != nullptr && has_signed(*planned.key));
  }
}

// A tag is 16 bits: another key may have had it.  One signature at the apex tells.
bool SigningRun::has_signed(const SigningKey& key) const {
  const auto half = PublicKey::from_rdata(key.dnskey_rdata());
  if (!half || previous_->rrset_count(zone::Zone::kApexNode) == 0) { return false; }
  const Octets apex = previous_->owner(zone::Zone::kApexNode);
  for (const dns::RrType type : {dns::RrType::kSoa, dns::RrType::kDnskey}) {
    const auto set = previous_->rrset(zone::Zone::kApexNode, type);
    const auto signatures = previous_->signatures(zone::Zone::kApexNode, type);
    if (!set || !signatures) { continue; }
    for (dns::RdataCursor cursor(*signatures); !cursor.done(); cursor.next()) {
      if (verify_rrset(*half, apex, *set, cursor.rdata())) { return true; }
    }
  }
  return false;
}

void SigningRun::add(Octets owner, const dns::RrsetView& set, bool is_of_keys) {
  const auto task = static_cast<std::uint32_t>(tasks_.size());
  tasks_.push_back({owner, set});
  for (std::size_t key = 0; key < plan_.keys.size(); ++key) {
    const PlannedKey& planned = plan_.keys[key];
    if (is_of_keys ? planned.signs_keys : planned.signs_zone) {
      jobs_.push_back({task, static_cast<std::uint16_t>(key)});
    }
  }
}

bool SigningRun::run() {
  if (previous_ != nullptr) {
    const bool is_done = on_threads([this] {
      return [this](std::size_t first, std::size_t last) {
        for (; first < last; ++first) { look_up(jobs_[first]); }
      };
    });
    if (!is_done) { return false; }
    take_due();
  }
  if (!make()) { return false; }
  first_remaining_s_ = INT32_MAX;
  for (const Job& job : jobs_) {
    const auto remaining = static_cast<std::int32_t>(job.expiration - now_);
    first_remaining_s_ = std::min(first_remaining_s_, remaining);
  }
  return true;
}

// Finds a signature of the zone before that says what one made now would say.
void SigningRun::look_up(Job& job) const {
  const Task& task = tasks_[job.task];
  const SigningKey& key = *plan_.keys[job.key].key;
  if (!has_signed_[job.key]) { return; }
  const zone::NodeIndex node = previous_->find_node(task.owner);
  if (node == zone::kNoNode) { return; }
  const auto signatures = previous_->signatures(node, task.set.type);
  const auto old = previous_->rrset(node, task.set.type);
  if (!signatures || !old || !is_same(*old, task.set)) { return; }
  for (dns::RdataCursor cursor(*signatures); !cursor.done(); cursor.next()) {
    const auto rrsig = parse_rrsig(cursor.rdata());
    // The size is what the buffers of this run and their readers go by.
    if (!rrsig || rrsig->key_tag != key.tag() || cursor.rdata().size() != rrsig_octets(job.key) ||
        rrsig->algorithm != static_cast<std::uint8_t>(key.algorithm()) ||
        rrsig->original_ttl_s != task.set.ttl_s || rrsig->labels != signed_labels(task.owner) ||
        !std::ranges::equal(rrsig->signer, key.owner().wire()) ||
        dns::is_newer_serial(rrsig->validity.inception, now_)) {
      continue;
    }
    const auto remaining = static_cast<std::int32_t>(rrsig->validity.expiration - now_);
    if (remaining <= 0) { continue; }
    const bool is_good = remaining >= (plan_.refresh + plan_.renew_ahead).count();
    job.state = is_good ? State::kGood : State::kDue;
    job.expiration = rrsig->validity.expiration;
    job.rdata = cursor.rdata().data();
    return;
  }
}

// Those that expire first are renewed, the others of those due keep what they have.
void SigningRun::take_due() {
  std::vector<Job*> due;
  for (Job& job : jobs_) {
    if (job.state == State::kDue) { due.push_back(&job); }
  }
  const auto renewed = static_cast<std::ptrdiff_t>(std::min(plan_.max_renewed, due.size()));
  std::ranges::nth_element(due, due.begin() + renewed, {}, [this](const Job* job) {
    return static_cast<std::int32_t>(job->expiration - now_);
  });
  for (auto at = due.begin(); at != due.end(); ++at) {
    (*at)->state = at - due.begin() < renewed ? State::kMissing : State::kGood;
  }
}

bool SigningRun::make() {
  std::vector<std::size_t> places(jobs_.size());
  std::size_t octets = 0;
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    if (jobs_[i].state != State::kMissing) { continue; }
    places[i] = octets;
    octets += rrsig_octets(jobs_[i].key);
    ++made_;
  }
  rdata_.resize(octets);
  const std::uint32_t inception = now_ - to_u32(plan_.inception_skew);
  return on_threads([&]() -> Work {
    auto signers = std::make_shared<std::vector<std::unique_ptr<RrsetSigner>>>(plan_.keys.size());
    return [this, signers, inception, &places](std::size_t first, std::size_t last) {
      for (; first < last; ++first) {
        Job& job = jobs_[first];
        if (job.state != State::kMissing) { continue; }
        std::unique_ptr<RrsetSigner>& signer = (*signers)[job.key];
        if (!signer) { signer = std::make_unique<RrsetSigner>(plan_.keys[job.key].key); }
        const Task& task = tasks_[job.task];
        job.expiration = new_expiration(task);
        std::uint8_t* rdata = rdata_.data() + places[first];
        signer->sign(task.owner, task.set, {inception, job.expiration}, rdata);
        job.rdata = rdata;
      }
    };
  });
}

bool SigningRun::on_threads(const std::function<Work()>& start) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> is_cancelled = false;
  const auto body = [&] {
    const Work work = start();
    while (!is_cancelled) {
      const std::size_t first = next.fetch_add(kChunk);
      if (first >= jobs_.size()) { return; }
      if (plan_.is_cancelled && plan_.is_cancelled()) { is_cancelled = true; }
      work(first, std::min(first + kChunk, jobs_.size()));
    }
  };
  const std::size_t useful = jobs_.size() / kChunk + 1;
  std::vector<std::thread> helpers;
  for (std::size_t i = 1; i < std::min<std::size_t>(plan_.threads, useful); ++i) {
    helpers.emplace_back(body);
  }
  body();
  for (std::thread& helper : helpers) { helper.join(); }
  return !is_cancelled;
}

// The same name and type always has the same place in the spread.
std::uint32_t SigningRun::new_expiration(const Task& task) const noexcept {
  const std::uint64_t hash = hash_octets(task.owner, static_cast<std::uint64_t>(task.set.type));
  const auto spread = static_cast<std::uint64_t>(plan_.jitter.count()) + 1;
  return now_ + to_u32(plan_.lifetime) - static_cast<std::uint32_t>(hash % spread);
}

std::size_t SigningRun::rrsig_octets(std::size_t key) const noexcept {
  return dnssec::rrsig_octets(*plan_.keys[key].key);
}

void SigningRun::for_each(const Visitor& visit) const {
  for (const Job& job : jobs_) {
    const Task& task = tasks_[job.task];
    visit(task.owner, task.set.ttl_s, {job.rdata, rrsig_octets(job.key)});
  }
}

}  // namespace gslb::dnssec
