// [[rule]] and [[site.rule]]: what is done with requests before the cache sees them.
//
// The schema is written in docs/edge.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gslb/base/prefix_set.h"

namespace edge::config {

// A field of a request, wanted present or absent.
struct FieldRule {
  std::string name;
  std::string value = "*";  // a pattern
  bool absent = false;
  friend bool operator==(const FieldRule&, const FieldRule&) = default;
};

// First conditions, all of which have to hold; then what is done.  Patterns: "*" is any octets,
// "?" is one.
struct Rule {
  enum class Action : std::uint8_t {
    kDeny,      // answered with `status`
    kRedirect,  // answered with `status` and `location`
    kAllow,     // no further rule is looked at
    kPass,      // not answered from the cache, nor stored; no further rule is looked at
    kThrottle,  // its answer is sent at `octets_per_s` after the first `after_octets`
    kCount,     // nothing
  };
  enum class By : std::uint8_t { kClient, kNetwork, kField, kCookie, kAll };

  std::string name;  // in metrics
  bool dry_run = false;

  std::vector<std::string> methods;  // any of them, as of the other lists; empty: all
  std::vector<std::string> hosts;
  std::vector<std::string> paths;
  std::vector<std::string> queries;
  std::vector<FieldRule> fields;  // all of them
  gslb::PrefixSet clients;        // empty: all
  gslb::PrefixSet not_clients;
  std::int64_t body_over = -1;    // octets announced; -1: any
  std::int64_t target_over = -1;  // octets
  std::int64_t fields_over = -1;  // number of them

  // Only requests beyond the rate are meant; 0: all.
  double rate = 0;  // a second, for each value of `by`
  double burst = 0;
  By by = By::kClient;
  std::string by_name;  // of the field or cookie

  Action action = Action::kDeny;
  int status = 403;
  std::string location;
  std::int64_t octets_per_s = 0;
  std::int64_t after_octets = 0;

  friend bool operator==(const Rule&, const Rule&) = default;
};

}  // namespace edge::config
