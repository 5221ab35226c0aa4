// The whole configuration reader on arbitrary text: no crash, and a verdict that agrees with the
// problems.  Secret files it names are looked for under a folder that is not there.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gslb/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find("_file") != std::string::npos && text.find('/') != std::string::npos) {
    return 0;  // an absolute path would leave that folder
  }
  gslb::Problems problems;
  const auto config = gslb::config::parse(text, "/nonexistent/proxima.toml", problems);
  if (config.has_value() == problems.has_errors()) { std::abort(); }
  if (problems.has_errors() && problems.to_string().empty()) { std::abort(); }
  return 0;
}
