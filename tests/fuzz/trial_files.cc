// Any text as a recording, as what was learnt, as a list of queries.
#include <cstdint>
#include <string_view>

#include "gslb/base/check.h"
#include "gslb/control/learnt.h"
#include "gslb/control/recording.h"
#include "gslb/trial/queries.h"

using namespace gslb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // What was taken is written so that it is taken again, and the same.
  const control::Learnt learnt = control::parse_learnt(text);
  const std::string written = write_learnt(learnt);
  CHECK(write_learnt(control::parse_learnt(written)) == written);

  control::RecordingReader reader(text);
  if (const auto start = reader.start()) {
    const std::string again = write_start(*start);
    CHECK(write_start(control::RecordingReader(again).start().value()) == again);
  }
  while (const auto plan = reader.next()) { CHECK(!write_plan(*plan).empty()); }
  CHECK(reader.line() >= 1);

  Problems problems;
  for (const trial::AskedQuery& query : trial::read_queries(text, "list", problems)) {
    CHECK(query.count > 0);
  }
  return 0;
}
