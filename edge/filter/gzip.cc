#include <algorithm>

#include <zlib.h>

#include "edge/filter/codings.h"

namespace edge::filter {
namespace {

using Status = Transform::Status;

constexpr int kGzipWindow = 15 + 16;  // the largest, in gzip's wrapping

void give(z_stream& stream, std::string_view in) {
  // zlib does not write there; its type has no const.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
}

void offer_room(z_stream& stream, std::string& out) {
  stream.next_out = reinterpret_cast<Bytef*>(widen(out, Transform::kStepOctets));
  stream.avail_out = static_cast<uInt>(Transform::kStepOctets);
}

// A slice at a time: zlib counts in 32 bits.
std::string_view front_of(std::string_view in) {
  return in.substr(0, std::min<std::size_t>(in.size(), 1 << 20));
}

class GzipEncoder final : public Transform {
 public:
  explicit GzipEncoder(int level)
      : begun_(deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) ==
               Z_OK) {}
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;
  ~GzipEncoder() override { deflateEnd(&stream_); }
  bool begun() const { return begun_; }

  Status step(std::string_view& in, std::string& out) override {
    const std::string_view front = front_of(in);
    give(stream_, front);
    offer_room(stream_, out);
    deflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(front.size() - stream_.avail_in);
    out.resize(out.size() - stream_.avail_out);
    return in.empty() && stream_.avail_out > 0 ? Status::kAll : Status::kMore;
  }
  Status flush(std::string& out) override { return end(Z_SYNC_FLUSH, out); }
  Status finish(std::string& out) override { return end(Z_FINISH, out); }

 private:
  Status end(int how, std::string& out) {
    give(stream_, {});
    do {
      offer_room(stream_, out);
      deflate(&stream_, how);
      out.resize(out.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return Status::kAll;
  }

  z_stream stream_{};
  const bool begun_;
};

class GzipDecoder final : public Transform {
 public:
  GzipDecoder() : begun_(inflateInit2(&stream_, kGzipWindow) == Z_OK) {}
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;
  ~GzipDecoder() override { inflateEnd(&stream_); }
  bool begun() const { return begun_; }

  Status step(std::string_view& in, std::string& out) override {
    if (whole_ && !in.empty()) {  // RFC 1952 2.2: members follow one another
      inflateReset(&stream_);
      whole_ = false;
    }
    if (whole_) { return Status::kAll; }
    const std::string_view front = front_of(in);
    give(stream_, front);
    offer_room(stream_, out);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(front.size() - stream_.avail_in);
    out.resize(out.size() - stream_.avail_out);
    if (result == Z_STREAM_END) {
      whole_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return Status::kBad;
    }
    return in.empty() && stream_.avail_out > 0 ? Status::kAll : Status::kMore;
  }
  Status flush(std::string&) override { return Status::kAll; }
  Status finish(std::string&) override { return whole_ ? Status::kAll : Status::kBad; }

 private:
  z_stream stream_{};
  const bool begun_;
  bool whole_ = false;  // a member has ended, and no other has begun
};

}  // namespace

std::unique_ptr<Transform> make_gzip_encoder(int level) { return made<GzipEncoder>(level); }
std::unique_ptr<Transform> make_gzip_decoder() { return made<GzipDecoder>(); }

}  // namespace edge::filter
