#include "gslb/dns/name.h"

#include <algorithm>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "gslb/base/check.h"

namespace gslb::dns {
namespace {

// Where each label of a name starts, leftmost first, the root label last.
struct LabelIndex {
  std::array<std::uint8_t, kMaxLabels + 1> offsets;  // not cleared: only [0, count] is read
  std::size_t count = 0;
};

// Walks the name at the front of `octets`; label offsets go to `offsets`, their number (without
// the root) to `*label_count`.  The size of the name, or why it is none.
inline Result<std::size_t, NameError> index_labels(Octets octets, std::uint8_t* offsets,
                                                   std::size_t* label_count) noexcept {
  std::size_t at = 0;
  std::size_t count = 0;
  for (;;) {
    if (at >= octets.size()) { return Unexpected(NameError::kShort); }
    offsets[count] = static_cast<std::uint8_t>(at);
    const std::size_t length = octets[at];
    if (length == 0) { break; }
    if (length > kMaxLabelOctets) { return Unexpected(NameError::kPointer); }
    at += length + 1;
    // The root label needs one octet more; this also keeps count within kMaxLabels.
    if (at >= kMaxNameOctets) { return Unexpected(NameError::kNameTooLong); }
    ++count;
  }
  *label_count = count;
  return at + 1;
}

LabelIndex index_of(Octets wire) noexcept {
  LabelIndex index;
  const auto size = index_labels(wire, index.offsets.data(), &index.count);
  DCHECK(size.has_value());
  return index;
}

// Folds the case of 16 octets at a time, as long as `octets` has as many and the first `size` are
// not done; returns how many are.  `out` has room for all of the last 16.
std::size_t fold_blocks([[maybe_unused]] Octets octets, [[maybe_unused]] std::size_t size,
                        [[maybe_unused]] std::uint8_t* out) noexcept {
  std::size_t at = 0;
#ifdef __SSE2__  // every x86-64 has it
  const __m128i before_a = _mm_set1_epi8(static_cast<char>('A' - 1 - 128));
  const __m128i after_z = _mm_set1_epi8(static_cast<char>('Z' + 1 - 128));
  const __m128i flip = _mm_set1_epi8(static_cast<char>(0x80));  // comparisons are signed
  const __m128i case_bit = _mm_set1_epi8(0x20);
  for (; at < size && octets.size() - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets.data() + at));
    const __m128i shifted = _mm_xor_si128(block, flip);
    const __m128i is_upper =
        _mm_and_si128(_mm_cmpgt_epi8(shifted, before_a), _mm_cmpgt_epi8(after_z, shifted));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + at),
                     _mm_or_si128(block, _mm_and_si128(is_upper, case_bit)));
  }
#endif
  return at;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// One octet of presentation text at `*at`, escapes resolved; `*at` moves behind it.
Result<char, NameError> take_octet(std::string_view text, std::size_t* at) noexcept {
  const char first = text[(*at)++];
  if (first != '\\') { return first; }
  if (*at == text.size()) { return Unexpected(NameError::kBadEscape); }
  if (!is_digit(text[*at])) { return text[(*at)++]; }
  int value = 0;
  for (int digit = 0; digit < 3; ++digit, ++*at) {
    if (*at == text.size() || !is_digit(text[*at])) { return Unexpected(NameError::kBadEscape); }
    value = (value * 10) + (text[*at] - '0');
  }
  if (value > 255) { return Unexpected(NameError::kBadEscape); }
  return static_cast<char>(value);
}

// -1, 0 or 1: labels as unsigned octets in lower case, the shorter first on a tie (RFC 4034 6.1).
int compare_labels(const std::uint8_t* a, const std::uint8_t* b) noexcept {
  const std::size_t shorter = std::min(a[0], b[0]);
  for (std::size_t i = 1; i <= shorter; ++i) {
    const int difference = int{ascii_lower(a[i])} - int{ascii_lower(b[i])};
    if (difference != 0) { return difference < 0 ? -1 : 1; }
  }
  return int{a[0] > b[0]} - int{a[0] < b[0]};
}

void append_escaped(std::uint8_t octet, std::string* text) {
  constexpr std::string_view kSpecial = ".\\\"();@$";
  if (octet <= ' ' || octet > '~') {
    *text += '\\';
    *text += static_cast<char>('0' + (octet / 100));
    *text += static_cast<char>('0' + (octet / 10 % 10));
    *text += static_cast<char>('0' + (octet % 10));
    return;
  }
  if (kSpecial.find(static_cast<char>(octet)) != std::string_view::npos) { *text += '\\'; }
  *text += static_cast<char>(octet);
}

}  // namespace

std::string_view describe(NameError error) noexcept {
  switch (error) {
    case NameError::kEmpty:
      return "name is empty";
    case NameError::kEmptyLabel:
      return "label is empty";
    case NameError::kLabelTooLong:
      return "label is longer than 63 octets";
    case NameError::kNameTooLong:
      return "name is longer than 255 octets";
    case NameError::kBadEscape:
      return "escape is neither \\X nor \\DDD with DDD up to 255";
    case NameError::kShort:
      return "name ends inside a label";
    case NameError::kPointer:
      return "name has a compression pointer or reserved label type";
  }
  return "name is malformed";
}

std::size_t wire_name_size(Octets octets) noexcept {
  LabelIndex index;
  const auto size = index_labels(octets, index.offsets.data(), &index.count);
  return size.has_value() ? *size : 0;
}

Result<Name, NameError> Name::parse(std::string_view text) {
  if (text.empty()) { return Unexpected(NameError::kEmpty); }
  Name name;
  if (text == ".") { return name; }
  std::string& wire = name.wire_;  // grows label by label, each behind a length octet
  std::size_t length_at = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '.') {
      ++at;
      if (wire.size() - length_at == 1) { return Unexpected(NameError::kEmptyLabel); }
      length_at = wire.size();
      wire += '\0';
      continue;
    }
    const auto octet = take_octet(text, &at);
    if (!octet.has_value()) { return Unexpected(octet.error()); }
    wire += *octet;
    const std::size_t length = wire.size() - length_at - 1;
    if (length > kMaxLabelOctets) { return Unexpected(NameError::kLabelTooLong); }
    wire[length_at] = static_cast<char>(length);
  }
  // Without a final dot the root label is still missing.
  if (wire.size() - length_at > 1) { wire += '\0'; }
  if (wire.size() > kMaxNameOctets) { return Unexpected(NameError::kNameTooLong); }
  return name;
}

Result<Name, NameError> Name::from_wire(Octets octets) {
  LabelIndex index;
  const auto size = index_labels(octets, index.offsets.data(), &index.count);
  if (!size.has_value()) { return Unexpected(size.error()); }
  Name name;
  name.wire_ = as_text(octets.first(*size));
  return name;
}

std::size_t Name::label_count() const noexcept { return index_of(wire()).count; }

bool Name::is_wildcard() const noexcept {
  return wire_.size() > 2 && wire_[0] == 1 && wire_[1] == '*';
}

Name Name::lower() const {
  Name name(*this);
  for (char& octet : name.wire_) {
    octet = static_cast<char>(ascii_lower(static_cast<std::uint8_t>(octet)));
  }
  return name;
}

Name Name::parent() const {
  CHECK(!is_root());
  Name name;
  name.wire_ = wire_.substr(static_cast<std::uint8_t>(wire_[0]) + 1U);
  return name;
}

bool Name::is_at_or_below(const Name& ancestor) const noexcept {
  const Octets own = wire();
  const Octets other = ancestor.wire();
  if (other.size() > own.size()) { return false; }
  // The tail must start at a label: octets inside a label can look like labels.
  const std::size_t tail = own.size() - other.size();
  std::size_t at = 0;
  while (at < tail) { at += own[at] + 1U; }
  return at == tail && equal_ignoring_case(own.data() + tail, other.data(), other.size());
}

Result<Name, NameError> Name::prepend(std::string_view label) const {
  if (label.empty()) { return Unexpected(NameError::kEmptyLabel); }
  if (label.size() > kMaxLabelOctets) { return Unexpected(NameError::kLabelTooLong); }
  if (label.size() + 1 + wire_.size() > kMaxNameOctets) {
    return Unexpected(NameError::kNameTooLong);
  }
  Name name;
  name.wire_.assign(1, static_cast<char>(label.size()));
  name.wire_ += label;
  name.wire_ += wire_;
  return name;
}

std::string Name::to_string() const {
  if (is_root()) { return "."; }
  std::string text;
  const Octets octets = wire();
  for (std::size_t at = 0; octets[at] != 0; at += octets[at] + 1U) {
    for (const std::uint8_t octet : octets.subspan(at + 1, octets[at])) {
      append_escaped(octet, &text);
    }
    text += '.';
  }
  return text;
}

bool operator==(const Name& a, const Name& b) noexcept {
  return a.wire_.size() == b.wire_.size() &&
         equal_ignoring_case(a.wire().data(), b.wire().data(), a.wire_.size());
}

bool canonical_less(Octets a, Octets b) noexcept {
  const LabelIndex left = index_of(a);
  const LabelIndex right = index_of(b);
  const std::size_t shared = std::min(left.count, right.count);
  for (std::size_t i = 1; i <= shared; ++i) {
    const int order = compare_labels(a.data() + left.offsets[left.count - i],
                                     b.data() + right.offsets[right.count - i]);
    if (order != 0) { return order < 0; }
  }
  return left.count < right.count;
}

bool operator<(const Name& a, const Name& b) noexcept { return canonical_less(a.wire(), b.wire()); }

Result<void, NameError> QuestionName::parse(Octets octets, std::size_t* consumed) noexcept {
  // First hop from label to label, then fold case over all of them at once: a loop over the octets
  // of each label costs five times as many instructions.
  std::size_t count = 0;
  const auto size = index_labels(octets, offsets_.data(), &count);
  if (!size.has_value()) { return Unexpected(size.error()); }
  size_ = static_cast<std::uint8_t>(*size);
  label_count_ = static_cast<std::uint8_t>(count);
  *consumed = *size;

  // lower_ has room for the last word (256 octets), `octets` need not.
  static_assert((kMaxNameOctets + 15) / 16 * 16 == std::tuple_size_v<decltype(lower_)>);
  const std::size_t whole = std::min((*size + 7) / 8 * 8, octets.size() / 8 * 8);
  std::size_t at = fold_blocks(octets, *size, lower_.data());
  for (; at < whole; at += 8) {
    const std::uint64_t word = ascii_lower8(load_word(octets.data() + at));
    std::memcpy(lower_.data() + at, &word, sizeof(word));
  }
  for (; at < *size; ++at) { lower_[at] = ascii_lower(octets[at]); }

  NameHash hash = kRootHash;
  hashes_[count] = hash;
  while (count-- > 0) {
    hash = child_hash(hash, lower_.data() + offsets_[count]);
    hashes_[count] = hash;
  }
  return {};
}

void QuestionName::assign(Octets uncompressed_wire) noexcept {
  std::size_t consumed = 0;
  const auto parsed = parse(uncompressed_wire, &consumed);
  CHECK(parsed.has_value());
}

}  // namespace gslb::dns
