// One maker a coding; others use transform.h.
#pragma once

#include <memory>

#include "edge/filter/transform.h"

namespace edge::filter {

std::unique_ptr<Transform> make_gzip_encoder(int level);
std::unique_ptr<Transform> make_gzip_decoder();
std::unique_ptr<Transform> make_brotli_encoder(int level);
std::unique_ptr<Transform> make_brotli_decoder();
std::unique_ptr<Transform> make_zstd_encoder(int level);
std::unique_ptr<Transform> make_zstd_decoder();

// Makes room for a step's output at the end of `out`; the caller cuts off what was not used.
inline char* widen(std::string& out, std::size_t octets) {
  const std::size_t before = out.size();
  out.resize(before + octets);
  return out.data() + before;
}

// Null: there was no memory for it.
template <typename Kind, typename... Options>
std::unique_ptr<Transform> made(Options... options) {
  auto transform = std::make_unique<Kind>(options...);
  if (!transform->begun()) { return nullptr; }
  return transform;
}

// Calls `run` with no input until nothing more comes out.
template <typename Run>
Transform::Status drain(Run&& run) {
  std::string_view nothing;
  auto status = Transform::Status::kMore;
  while (status == Transform::Status::kMore) { status = run(nothing); }
  return status;
}

}  // namespace edge::filter
