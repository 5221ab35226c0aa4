// Asks parents for the DS that rollovers wait for, so that nobody has to confirm it by hand.
//
// Source: RFC 7344 and 8078 (who reads CDS changes the DS when it likes), RFC 6781 4.1.2.
//
// Why TCP: an answer moves a rollover on, and over UDP a forged one would be cheap.  A parent whose
// answers can't be trusted on the way is still one to confirm by hand.
#pragma once

#include <atomic>
#include <map>
#include <random>
#include <string>

#include "gslb/control/loop.h"
#include "gslb/control/zone_signer.h"

namespace gslb::control {

// Has a thread of its own, as servers may take seconds to answer or not to.
class ParentChecker {
 public:
  // `signer` must outlive it.
  explicit ParentChecker(ZoneSigner& signer);
  ~ParentChecker() { stop(); }
  ParentChecker(const ParentChecker&) = delete;
  ParentChecker& operator=(const ParentChecker&) = delete;

  // Gives up what is being asked.  Idempotent.
  void stop();

 private:
  std::optional<MonoTime> look();
  std::string ask(const ZoneSigner::ParentQuestion& question);
  Result<transfer::DsAnswer, std::string> ask(const Endpoint& server, const dns::Name& apex);

  ZoneSigner& signer_;
  std::atomic<bool> stopping_{false};
  std::random_device random_;
  struct Asked {
    MonoTime next;
    std::string found;  // told once
  };
  std::map<std::string, Asked> asked_;  // by zone_key(); the loop's thread only
  Loop loop_;
};

}  // namespace gslb::control
