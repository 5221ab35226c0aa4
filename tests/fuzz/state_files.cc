// Any text as what was kept on disk: a zone's copy, its journal, the state of a key.
#include <cstdint>
#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include "gslb/base/check.h"
#include "gslb/base/file.h"
#include "gslb/dnssec/key_store.h"
#include "gslb/transfer/journal.h"
#include "gslb/transfer/zone_copy.h"

#include "tests/support/folder.h"

namespace {

using namespace gslb;

const std::string& folder() {
  static const tests::Folder made;
  return made.path();
}

// The file's name is the journal's: made by one that has an entry.
const std::string& journal_file(const dns::Name& apex) {
  static const std::string path = [&] {
    transfer::Journal journal(apex, folder(), 1 << 16);
    journal.append({1, 2, 0, {}});
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
      return entry.path().string();
    }
    CHECK(false);
    return std::string();
  }();
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) { return 0; }
  const auto apex = dns::Name::parse("example.").value();
  const std::string text(as_text({data + 1, size - 1}));
  switch (data[0] % 3) {
    case 0: {
      const auto zone = transfer::decode_copy(apex, text);
      CHECK(zone == nullptr || zone->apex() == apex);
      break;
    }
    case 1: {
      CHECK(write_file_atomically(journal_file(apex), text));
      transfer::Journal journal(apex, folder(), 1 << 16);
      journal.restore(2, [] { return std::uint64_t{0}; });
      CHECK(journal.size() > 0 || !read_file(journal_file(apex)));
      break;
    }
    default: {
      dnssec::KeyState state;
      static_cast<void>(dnssec::parse_state(text, state));
    }
  }
  return 0;
}
