// Pages with Edge Side Includes: cut in two they must say the same as whole.
#include <cstdint>
#include <cstdlib>

#include "edge/filter/esi.h"

namespace {

using edge::filter::EsiEvent;
using edge::filter::EsiParser;

// Text that is one run however many pieces it came in.
std::vector<EsiEvent> joined(std::string_view front, std::string_view back) {
  EsiParser parser;
  std::vector<EsiEvent> pieces;
  parser.feed(front, pieces);
  std::vector<EsiEvent> rest;
  parser.feed(back, rest);
  parser.finish(rest);
  for (EsiEvent& event : rest) {
    const bool text = event.kind == EsiEvent::Kind::kText;
    if (text && !pieces.empty() && pieces.back().kind == EsiEvent::Kind::kText) {
      pieces.back().text += event.text;
    } else {
      pieces.push_back(std::move(event));
    }
  }
  return pieces;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) { return 0; }
  const std::string_view page(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t split = page.empty() ? 0 : data[0] % page.size();
  if (joined(page, {}) != joined(page.substr(0, split), page.substr(split))) { std::abort(); }
  return 0;
}
