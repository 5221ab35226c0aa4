#include <brotli/decode.h>
#include <brotli/encode.h>

#include "edge/filter/codings.h"

namespace edge::filter {
namespace {

using Status = Transform::Status;

constexpr std::uint32_t kWindowBits = 19;

const std::uint8_t* octets_of(std::string_view in) {
  return reinterpret_cast<const std::uint8_t*>(in.data());
}

class BrotliEncoder final : public Transform {
 public:
  explicit BrotliEncoder(int level)
      : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (state_ == nullptr) { return; }
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(level));
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, kWindowBits);
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_MODE, BROTLI_MODE_TEXT);
  }
  BrotliEncoder(const BrotliEncoder&) = delete;
  BrotliEncoder& operator=(const BrotliEncoder&) = delete;
  ~BrotliEncoder() override { BrotliEncoderDestroyInstance(state_); }
  bool begun() const { return state_ != nullptr; }

  Status step(std::string_view& in, std::string& out) override {
    return run(BROTLI_OPERATION_PROCESS, in, out);
  }
  Status flush(std::string& out) override {
    return drain([&](auto& in) { return run(BROTLI_OPERATION_FLUSH, in, out); });
  }
  Status finish(std::string& out) override {
    return drain([&](auto& in) { return run(BROTLI_OPERATION_FINISH, in, out); });
  }

 private:
  Status run(BrotliEncoderOperation how, std::string_view& in, std::string& out) {
    std::size_t left = in.size();
    const std::uint8_t* next = octets_of(in);
    std::size_t room = kStepOctets;
    auto* to = reinterpret_cast<std::uint8_t*>(widen(out, room));
    const bool good = BrotliEncoderCompressStream(state_, how, &left, &next, &room, &to, nullptr);
    in.remove_prefix(in.size() - left);
    out.resize(out.size() - room);
    if (!good) { return Status::kBad; }
    const bool drained = BrotliEncoderHasMoreOutput(state_) == BROTLI_FALSE;
    return in.empty() && drained ? Status::kAll : Status::kMore;
  }

  BrotliEncoderState* const state_;
};

class BrotliDecoder final : public Transform {
 public:
  BrotliDecoder() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
  BrotliDecoder(const BrotliDecoder&) = delete;
  BrotliDecoder& operator=(const BrotliDecoder&) = delete;
  ~BrotliDecoder() override { BrotliDecoderDestroyInstance(state_); }
  bool begun() const { return state_ != nullptr; }

  Status step(std::string_view& in, std::string& out) override {
    if (BrotliDecoderIsFinished(state_) != BROTLI_FALSE) {
      return in.empty() ? Status::kAll : Status::kBad;
    }
    std::size_t left = in.size();
    const std::uint8_t* next = octets_of(in);
    std::size_t room = kStepOctets;
    auto* to = reinterpret_cast<std::uint8_t*>(widen(out, room));
    const auto result = BrotliDecoderDecompressStream(state_, &left, &next, &room, &to, nullptr);
    in.remove_prefix(in.size() - left);
    out.resize(out.size() - room);
    if (result == BROTLI_DECODER_RESULT_ERROR) { return Status::kBad; }
    const bool more = result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT || !in.empty();
    return more ? Status::kMore : Status::kAll;
  }
  Status flush(std::string&) override { return Status::kAll; }
  Status finish(std::string&) override {
    return BrotliDecoderIsFinished(state_) != BROTLI_FALSE ? Status::kAll : Status::kBad;
  }

 private:
  BrotliDecoderState* const state_;
};

}  // namespace

std::unique_ptr<Transform> make_brotli_encoder(int level) { return made<BrotliEncoder>(level); }
std::unique_ptr<Transform> make_brotli_decoder() { return made<BrotliDecoder>(); }

}  // namespace edge::filter
