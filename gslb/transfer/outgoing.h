// The primary side: who may have which zone, and what of it they get.
//
// Source: RFC 5936 (AXFR), RFC 1995 (IXFR), RFC 9103 (over TLS), RFC 1982 (serials), RFC 8914.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "gslb/config/config.h"
#include "gslb/dns/query.h"
#include "gslb/transfer/access.h"
#include "gslb/transfer/journal.h"
#include "gslb/transfer/transfer_writer.h"

namespace gslb::transfer {

// What a configuration says.  Immutable; thread-safe.
class OutgoingPolicy {
 public:
  struct Rules {
    AccessList allow;
    bool tls_only = false;
    std::size_t journal_octets = 0;
  };

  OutgoingPolicy() = default;
  // What can't be used (a key's name) is reported.
  OutgoingPolicy(const config::Config& config, Problems& problems);
  OutgoingPolicy(const OutgoingPolicy&) = delete;  // rules point to keys
  OutgoingPolicy& operator=(const OutgoingPolicy&) = delete;

  const Keyring& keys() const noexcept { return keys_; }
  // Null: nobody gets it.
  const Rules* find(const dns::Name& apex) const;
  unsigned most_at_a_time() const noexcept { return most_at_a_time_; }
  std::size_t most_journal_octets() const noexcept { return most_journal_octets_; }
  const std::string& journal_folder() const noexcept { return journal_folder_; }

 private:
  Keyring keys_;
  std::unordered_map<std::string, Rules> rules_;  // by lower-case apex
  unsigned most_at_a_time_ = 0;
  std::size_t most_journal_octets_ = SIZE_MAX;
  std::string journal_folder_;  // "": none
};

// How requests were answered; the label of a metric.
enum class TransferOutcome : std::uint8_t {
  kWhole,        // all records (AXFR, or an IXFR whose version is not in the journal)
  kDifferences,  // IXFR
  kUpToDate,     // IXFR: the SOA alone
  kRefused,      // no rule allows it
  kNotAuth,      // no such zone, or not loaded
  kBusy,         // too many at a time
  kMalformed,    // AXFR over UDP, IXFR without an SOA
};
inline constexpr std::size_t kTransferOutcomes = 7;
std::string_view to_string(TransferOutcome outcome) noexcept;

struct OutgoingRequest {
  Octets message;  // without TSIG
  const dns::Query& query;
  Address from;
  bool over_udp = false;
  bool over_tls = false;
  bool is_xot = false;                           // ... with what RFC 9103 wants of it
  std::span<const std::string> tls_names = {};   // of the client's certificate
  std::size_t udp_limit = 512;                   // octets of an answer over UDP
  const SignedRequest* signature = nullptr;      // null: unsigned.  A good one
  std::shared_ptr<const OutgoingPolicy> policy;  // that it was checked with
  bool has_zone = false;                         // one of that name is served here
  std::optional<std::uint32_t> expire_s = {};    // for the EXPIRE option (RFC 7314), if asked for
};

// One transfer under way.  Worker-confined.
class OutgoingStream {
 public:
  OutgoingStream(TransferWriter writer, std::shared_ptr<const OutgoingPolicy> policy,
                 std::atomic<unsigned>& active)
      : writer_(std::move(writer)), policy_(std::move(policy)), active_(active) {}
  ~OutgoingStream() { active_.fetch_sub(1, std::memory_order_relaxed); }
  OutgoingStream(const OutgoingStream&) = delete;
  OutgoingStream& operator=(const OutgoingStream&) = delete;

  // See TransferWriter::next().
  std::size_t next(MutableOctets out, WallTime now) { return writer_.next(out, now); }

 private:
  TransferWriter writer_;
  std::shared_ptr<const OutgoingPolicy> policy_;  // has the key
  std::atomic<unsigned>& active_;
};

// What answering a request gave: a stream, whose messages are signed if the request is; or one
// message in `out`, not signed and, over UDP, perhaps larger than the client allows.
struct OutgoingAnswer {
  std::unique_ptr<OutgoingStream> stream;
  std::size_t size = 0;
};

// Thread-safe: workers ask, one thread (the planning thread) brings new versions.  A lock is taken
// per request for a transfer or a signed request, for the copy of a pointer.  Must outlive its
// streams.
class Outgoing {
 public:
  Outgoing();

  void set_policy(std::shared_ptr<const OutgoingPolicy> policy);
  std::shared_ptr<const OutgoingPolicy> policy() const;

  // A new version of a zone is served.  Compares it with the version before and keeps the
  // difference: up to some hundred milliseconds for a million records.  One thread at a time.
  void update(const ExportedZone& zone);
  // The zone is gone, or can't be answered from (`keep_journal`: its file stays).
  void remove(const dns::Name& apex, bool keep_journal);

  OutgoingAnswer answer(const OutgoingRequest& request, MutableOctets out, WallTime now);
  // Whether who asks may have the zone of the question's name.
  bool allows(const OutgoingRequest& request) const;

  std::uint64_t count(TransferOutcome outcome) const noexcept {
    return counts_[static_cast<std::size_t>(outcome)].load(std::memory_order_relaxed);
  }
  unsigned active() const noexcept { return active_.load(std::memory_order_relaxed); }
  // Memory of all journals.
  std::size_t journal_octets() const noexcept {
    return journal_octets_.load(std::memory_order_relaxed);
  }

 private:
  struct Version {
    ExportedZone zone;
    JournalChain chain;
  };

  static bool allows(const OutgoingRequest& request, const Version& version);
  // Null: there is no such zone, or nobody gets it.
  std::shared_ptr<const Version> find(const dns::QuestionName& apex) const;
  JournalChain update_journal(const std::string& key, const OutgoingPolicy::Rules& rules,
                              const std::string& folder, const ExportedZone& zone);
  void note_difference(const ExportedZone& old, const ExportedZone& now, Journal& journal,
                       std::size_t max_octets);
  void bound_journals(std::size_t max_octets);
  void drop_journal(const std::string& key, std::string_view why);
  OutgoingAnswer refuse(const OutgoingRequest& request, MutableOctets out, dns::Rcode rcode,
                        TransferOutcome outcome, std::optional<dns::EdeCode> ede = std::nullopt);
  std::unique_ptr<RecordSource> incremental(const Version& version, std::uint32_t serial,
                                            TransferOutcome* outcome);
  OutgoingAnswer send(const OutgoingRequest& request, MutableOctets out, WallTime now,
                      const Version& version, std::optional<std::uint32_t> serial);
  void count_outcome(TransferOutcome outcome) noexcept {
    counts_[static_cast<std::size_t>(outcome)].fetch_add(1, std::memory_order_relaxed);
  }

  std::map<std::string, Journal> journals_;     // by lower-case apex; update()'s thread only
  std::atomic<std::size_t> journal_octets_{0};  // sum over journals_
  std::atomic<unsigned> active_{0};
  std::array<std::atomic<std::uint64_t>, kTransferOutcomes> counts_{};
  mutable std::mutex mutex_;
  std::shared_ptr<const OutgoingPolicy> policy_;                              // guarded by mutex_
  std::unordered_map<std::string, std::shared_ptr<const Version>> versions_;  // guarded by mutex_
};

}  // namespace gslb::transfer
