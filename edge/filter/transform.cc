#include "edge/filter/transform.h"

#include <utility>

#include "edge/filter/codings.h"
#include "gslb/base/check.h"

namespace edge::filter {
namespace {

// Below this any ratio will do: the first octets of a body may be its dictionary.
constexpr std::uint64_t kAnyRatioOctets = 1 << 20;
constexpr std::uint64_t kMaxRatio = 2000;

class Guarded final : public Transform {
 public:
  explicit Guarded(std::unique_ptr<Transform> inner) : inner_(std::move(inner)) {}

  Status step(std::string_view& in, std::string& out) override {
    const std::size_t in_before = in.size();
    const std::size_t out_before = out.size();
    const Status status = inner_->step(in, out);
    taken_ += in_before - in.size();
    made_ += out.size() - out_before;
    return made_ > kAnyRatioOctets + kMaxRatio * taken_ ? Status::kBad : status;
  }
  Status flush(std::string& out) override { return inner_->flush(out); }
  Status finish(std::string& out) override { return inner_->finish(out); }

 private:
  const std::unique_ptr<Transform> inner_;
  std::uint64_t taken_ = 0;
  std::uint64_t made_ = 0;
};

}  // namespace

std::unique_ptr<Transform> make_encoder(Coding coding, int level) {
  switch (coding) {
    case Coding::kGzip:
      return make_gzip_encoder(level);
    case Coding::kBrotli:
      return make_brotli_encoder(level);
    case Coding::kZstd:
      return make_zstd_encoder(level);
    case Coding::kIdentity:
      break;
  }
  CHECK(false);
}

std::unique_ptr<Transform> make_decoder(Coding coding) {
  std::unique_ptr<Transform> inner;
  switch (coding) {
    case Coding::kGzip:
      inner = make_gzip_decoder();
      break;
    case Coding::kBrotli:
      inner = make_brotli_decoder();
      break;
    case Coding::kZstd:
      inner = make_zstd_decoder();
      break;
    case Coding::kIdentity:
      CHECK(false);
  }
  return inner ? std::make_unique<Guarded>(std::move(inner)) : nullptr;
}

std::size_t transform_octets(Coding coding) noexcept {
  return coding == Coding::kGzip ? 288 * 1024 : 2 << 20;
}

}  // namespace edge::filter
