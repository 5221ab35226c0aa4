#include <zstd.h>

#include "edge/filter/codings.h"

namespace edge::filter {
namespace {

using Status = Transform::Status;

constexpr int kWindowBits = 19;
// RFC 9659: what a receiver on the web has to hold, and need not go beyond.
constexpr int kMaxWindowBits = 23;

class ZstdEncoder final : public Transform {
 public:
  explicit ZstdEncoder(int level) : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) { return; }
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_windowLog, kWindowBits);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ZstdEncoder(const ZstdEncoder&) = delete;
  ZstdEncoder& operator=(const ZstdEncoder&) = delete;
  ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }
  bool begun() const { return context_ != nullptr; }

  Status step(std::string_view& in, std::string& out) override {
    return run(ZSTD_e_continue, in, out);
  }
  Status flush(std::string& out) override {
    return drain([&](auto& in) { return run(ZSTD_e_flush, in, out); });
  }
  Status finish(std::string& out) override {
    return drain([&](auto& in) { return run(ZSTD_e_end, in, out); });
  }

 private:
  Status run(ZSTD_EndDirective how, std::string_view& in, std::string& out) {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{widen(out, kStepOctets), kStepOctets, 0};
    const std::size_t left = ZSTD_compressStream2(context_, &to, &from, how);
    in.remove_prefix(from.pos);
    out.resize(out.size() - (to.size - to.pos));
    if (ZSTD_isError(left) != 0) { return Status::kBad; }
    const bool drained = how == ZSTD_e_continue ? to.pos < to.size : left == 0;
    return in.empty() && drained ? Status::kAll : Status::kMore;
  }

  ZSTD_CCtx* const context_;
};

class ZstdDecoder final : public Transform {
 public:
  ZstdDecoder() : context_(ZSTD_createDCtx()) {
    if (context_ != nullptr) {
      ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kMaxWindowBits);
    }
  }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }
  bool begun() const { return context_ != nullptr; }

  Status step(std::string_view& in, std::string& out) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{widen(out, kStepOctets), kStepOctets, 0};
    const std::size_t left = ZSTD_decompressStream(context_, &to, &from);
    in.remove_prefix(from.pos);
    out.resize(out.size() - (to.size - to.pos));
    if (ZSTD_isError(left) != 0) { return Status::kBad; }
    // 0 when a frame has ended; a call that did nothing hints at the next frame.
    if (from.pos > 0 || to.pos > 0) { between_frames_ = left == 0; }
    return in.empty() && to.pos < to.size ? Status::kAll : Status::kMore;
  }
  Status flush(std::string&) override { return Status::kAll; }
  Status finish(std::string&) override { return between_frames_ ? Status::kAll : Status::kBad; }

 private:
  ZSTD_DCtx* const context_;
  bool between_frames_ = false;
};

}  // namespace

std::unique_ptr<Transform> make_zstd_encoder(int level) { return made<ZstdEncoder>(level); }
std::unique_ptr<Transform> make_zstd_decoder() { return made<ZstdDecoder>(); }

}  // namespace edge::filter
