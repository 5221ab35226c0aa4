// Edge Side Includes found in a page that streams by, however it is cut into pieces.
//
// Source: ESI Language Specification 1.0 (W3C Note, 4 August 2001): 3.1 include, 3.3 try, 3.4
// comment, 3.5 remove, 3.7 "<!--esi -->".  What it has beside these (inline, choose, vars) goes to
// the client as it stands, so that nobody takes it for processed.
//
// Why no XML parser: pages are HTML with ESI's elements strewn in, rarely well-formed, and have to
// go on while they drip.  Only "<esi:", "</esi:" and "<!--esi" mean anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edge::filter {

struct EsiEvent {
  enum class Kind : std::uint8_t {
    kText,     // `text` goes on as it is
    kInclude,  // `text` is its src, `alt` the second choice or ""
    kAttempt,  // what comes until kAttemptEnd counts only if all its includes are had;
    kAttemptEnd,
    kExcept,  // else what comes between these
    kExceptEnd,
  };
  Kind kind = Kind::kText;
  std::string text;
  std::string alt;
  bool may_fail = false;  // onerror="continue"
  friend bool operator==(const EsiEvent&, const EsiEvent&) = default;
};

// One page.  Holds one tag at most.  Thread-compatible.
class EsiParser {
 public:
  // A longer tag is text.
  static constexpr std::size_t kMaxTag = 4096;
  // Try within try; what is deeper is dropped.
  static constexpr std::size_t kMaxNesting = 8;

  // Appends what is certain by now.  Text comes in pieces that depend on those given; put together
  // it does not.
  void feed(std::string_view page, std::vector<EsiEvent>& out);
  // The page has ended.  What is open is closed.
  void finish(std::vector<EsiEvent>& out);

 private:
  enum class Frame : std::uint8_t { kTry, kAttempt, kExcept, kDropped };
  // Octets used of `rest`, which begins with what may be markup; 0: more are needed.
  std::size_t markup(std::string_view rest, bool last, std::vector<EsiEvent>& out);
  std::size_t text_until(std::string_view rest) const noexcept;
  void tag(std::string_view text, std::vector<EsiEvent>& out);
  void open_tag(std::string_view name, std::string_view text, std::vector<EsiEvent>& out);
  void close_tag(std::string_view name, std::vector<EsiEvent>& out);
  void close_frame(std::vector<EsiEvent>& out);
  void put(std::string_view text, std::vector<EsiEvent>& out) const;
  bool shown() const noexcept;

  std::string held_;           // what may be the beginning of markup
  std::vector<Frame> frames_;  // open, outermost first
  bool removing_ = false;      // within <esi:remove>
  bool commented_ = false;     // within <!--esi
};

}  // namespace edge::filter
