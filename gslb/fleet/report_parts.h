// Reading JSON objects of heartbeats member by member.  Private to gslb/fleet.
//
// Source: docs/heartbeat.md; RFC 7493 2.2 (integers).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gslb/fleet/report.h"

namespace boost::json {
class array;
class object;
class value;
}  // namespace boost::json

namespace gslb::fleet {

enum class Member : std::uint8_t { kRequired, kOptional };

// Reads members of one object; the first fault stays.  An absent optional member leaves `out`.
class Members {
 public:
  // `value` must outlive this object.
  explicit Members(const boost::json::value& value);

  bool ok() const noexcept { return !failed_; }
  ReportError error() const noexcept { return error_; }
  void fail(ReportError error) noexcept {
    if (ok()) { error_ = error; }
    failed_ = true;
  }
  void require(bool in_range) noexcept {
    if (!in_range) { fail(ReportError::kOutOfRange); }
  }

  const boost::json::value* find(std::string_view name, Member need);
  void text(std::string_view name, Member need, std::string* out);
  // An integer in [low, high]; 1.0 and 1e3 are not integers here.
  template <typename Integer>
  void integer(std::string_view name, std::uint64_t low, std::uint64_t high, Integer* out,
               Member need = Member::kRequired) {
    const boost::json::value* found = find(name, need);
    std::uint64_t value = 0;
    if (found != nullptr && number(*found, low, high, &value)) {
      *out = static_cast<Integer>(value);
    }
  }
  // The same of a value; false: failed.
  bool number(const boost::json::value& value, std::uint64_t low, std::uint64_t high,
              std::uint64_t* out);
  // Optional.
  void truth(std::string_view name, bool* out);
  void amount(std::string_view name, Member need, double* out);
  void flag(std::string_view name, Member need, bool* out);
  // nullptr when absent or failed.
  const boost::json::array* list(std::string_view name, std::size_t limit);

 private:
  const boost::json::object* object_;
  bool failed_ = false;
  ReportError error_ = ReportError::kNotJson;
};

// A network whose clients are spoken of: a /24 or a /48, or shorter.
bool is_client(const Prefix& client) noexcept;

// Ids of clusters, nodes, resources, kinds of conditions.
bool is_id(std::string_view text) noexcept;
// The text cut to `limit`, with "?" for what is not printable ASCII: a reason with an odd octet (an
// errno text, an upstream's header) must not cost the heartbeat.
std::string printable(std::string_view text, std::size_t limit);

// The members of NodeFigures.
void write_figures(const NodeFigures& figures, boost::json::object& body);
void parse_figures(Members& members, NodeFigures* figures);

// The members about probes and beacons.
void write_probing(const Report& report, boost::json::object& body);
void parse_probing(Members& members, Report* report);

// The member `orders` of replies and of heartbeats.
void write_page(const OrderPage& page, boost::json::object& body);
std::optional<OrderPage> parse_page(Members& reply);
void write_seen(const OrdersSeen& seen, boost::json::object& body);
void parse_seen(Members& report, std::optional<OrdersSeen>* out);

}  // namespace gslb::fleet
