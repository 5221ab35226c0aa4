// Domain names: owned (zones, configuration) and as found in a question.
//
// Source: RFC 1035 3.1 and 5.1 (presentation form), RFC 4343 (case), RFC 4592 (wildcards).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gslb/base/bytes.h"
#include "gslb/base/result.h"
#include "gslb/dns/ascii_case.h"
#include "gslb/dns/name_hash.h"

namespace gslb::dns {

inline constexpr std::size_t kMaxNameOctets = 255;  // RFC 1035 2.3.4, root label included
inline constexpr std::size_t kMaxLabelOctets = 63;
inline constexpr std::size_t kMaxLabels = 127;  // 255 octets of one-octet labels

enum class NameError : std::uint8_t {
  kEmpty,         // no text at all
  kEmptyLabel,    // "a..b"
  kLabelTooLong,  // over 63 octets
  kNameTooLong,   // over 255 octets
  kBadEscape,     // "\" at the end, "\9", "\999"
  kShort,         // wire: ends inside a label
  kPointer,       // wire: a compression pointer or reserved label type
};

// "label is longer than 63 octets", for problems shown to operators.
std::string_view describe(NameError error) noexcept;

// Octets of the one uncompressed name at the front of `octets`, root label included, or 0 when it
// is malformed.  Octets after it are ignored.
std::size_t wire_name_size(Octets octets) noexcept;

// Canonical order of two whole names in wire form, ignoring case (RFC 4034 6.1).
bool canonical_less(Octets a, Octets b) noexcept;

// An absolute name in uncompressed wire form, case kept.  Immutable value; owns its octets.
// Equality and order ignore case (order: canonical, RFC 4034 6.1).
class Name {
 public:
  Name() : wire_(1, '\0') {}  // the root

  // Presentation form with escapes ("\." "\065").  A name without the final dot is taken as
  // absolute all the same; "." is the root, "" is an error.
  static Result<Name, NameError> parse(std::string_view text);
  // Exactly one uncompressed name at the front of `octets`; octets after it are ignored.
  static Result<Name, NameError> from_wire(Octets octets);

  Octets wire() const noexcept { return as_octets(wire_); }
  // Labels without the root: 0 for ".".
  std::size_t label_count() const noexcept;
  bool is_root() const noexcept { return wire_.size() == 1; }
  // Leftmost label is "*".
  bool is_wildcard() const noexcept;

  Name lower() const;
  // One label removed.  REQUIRES: !is_root()
  Name parent() const;
  // True when this name equals `ancestor` or lies below it.
  bool is_at_or_below(const Name& ancestor) const noexcept;
  // `label` (raw octets, no escapes) put in front; kEmptyLabel, kLabelTooLong or kNameTooLong when
  // it does not fit.
  Result<Name, NameError> prepend(std::string_view label) const;

  // Presentation form with the final dot, unprintable octets escaped.
  std::string to_string() const;

  friend bool operator==(const Name& a, const Name& b) noexcept;
  // Canonical order, RFC 4034 6.1.
  friend bool operator<(const Name& a, const Name& b) noexcept;

 private:
  std::string wire_;
};

// The QNAME of one query: lower-cased copy, label index and hashes, no allocation.  What is beyond
// size() and label_count() is unspecified.  Worker-confined (lives in the query context).
class QuestionName {
 public:
  // Parses one uncompressed name at the front of `octets` (a pointer in a QNAME is refused: there
  // is nothing before it to point to).  On success `*consumed` is its wire length.
  Result<void, NameError> parse(Octets octets, std::size_t* consumed) noexcept;
  // From an owned name (CNAME targets, tests).  REQUIRES: one whole name, as Name::wire() gives.
  void assign(Octets uncompressed_wire) noexcept;

  // Lower-cased wire form, root label included.
  Octets wire() const noexcept { return {lower_.data(), size_}; }
  std::size_t size() const noexcept { return size_; }
  std::size_t label_count() const noexcept { return label_count_; }
  // Offset of label `index` in wire(), 0 = leftmost.  index == label_count(): the root label.
  std::size_t label_offset(std::size_t index) const noexcept { return offsets_[index]; }
  // The name without its `labels` leftmost labels.  REQUIRES: labels <= label_count()
  Octets suffix(std::size_t labels) const noexcept { return wire().subspan(offsets_[labels]); }
  // Its hash.
  NameHash suffix_hash(std::size_t labels) const noexcept { return hashes_[labels]; }

 private:
  std::array<std::uint8_t, kMaxNameOctets + 1> lower_{};
  std::array<std::uint8_t, kMaxLabels + 1> offsets_{};
  std::array<NameHash, kMaxLabels + 1> hashes_;  // NOLINT: valid up to label_count_
  std::uint8_t size_ = 0;
  std::uint8_t label_count_ = 0;
};

}  // namespace gslb::dns
