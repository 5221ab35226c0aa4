// Bodies in content codings, as origins send them: any octets are decoded or refused within bounds,
// and what encoders make of any octets comes back.
#include <cstdint>
#include <cstdlib>

#include "edge/filter/transform.h"

namespace {

using edge::filter::Coding;
using edge::filter::Transform;

// False: refused.  At most 4 MiB of what comes out are looked at.
bool run(Transform& transform, std::string_view in, std::string& all) {
  std::size_t made = 0;
  std::string out;
  auto status = Transform::Status::kMore;
  while (status == Transform::Status::kMore && made < 4U << 20) {
    out.clear();
    status = transform.step(in, out);
    if (out.size() > Transform::kStepOctets) { std::abort(); }
    made += out.size();
    all += out;
  }
  return status == Transform::Status::kAll && transform.finish(all) == Transform::Status::kAll;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) { return 0; }
  const auto coding = static_cast<Coding>(1 + data[0] % 3);
  const std::string_view octets(reinterpret_cast<const char*>(data + 1), size - 1);
  std::string decoded;
  run(*edge::filter::make_decoder(coding), octets, decoded);
  std::string coded;
  std::string back;
  const bool made = run(*edge::filter::make_encoder(coding, 1), octets, coded);
  const bool read = made && run(*edge::filter::make_decoder(coding), coded, back);
  if (!read || back != octets) { std::abort(); }
  return 0;
}
