#include "bench/cache/trace.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <unordered_map>

#include <zstd.h>

#include "gslb/base/hash.h"

namespace bench::cache {
namespace {

constexpr std::size_t kRecordOctets = 24;

template <typename T>
T load(gslb::Octets octets, std::size_t at) {
  T value;
  std::memcpy(&value, octets.data() + at, sizeof(value));
  return value;
}

gslb::Result<Trace, TraceError> finished(TraceBuilder& builder) {
  if (builder.size() == 0) { return gslb::Unexpected(TraceError::kEmpty); }
  if (builder.size() >= kNever) { return gslb::Unexpected(TraceError::kTooLong); }
  return builder.take("");
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) { return {}; }
  return value;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t comma = line.find(',');
    fields.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) { return fields; }
    line.remove_prefix(comma + 1);
  }
}

// All of a file's octets, unpacked when they are packed.  A record cut off by `limit` is no fault:
// the caller stops before it.
gslb::Result<std::string, TraceError> unpack(std::ifstream& in, std::size_t octets) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          &ZSTD_freeDStream);
  std::string packed(ZSTD_DStreamInSize(), '\0');
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  std::string out;
  std::size_t open = 0;  // what zstd still expects of the frame
  while (out.size() < octets) {
    in.read(packed.data(), static_cast<std::streamsize>(packed.size()));
    ZSTD_inBuffer from{packed.data(), static_cast<std::size_t>(in.gcount()), 0};
    if (from.size == 0) { break; }
    while (from.pos < from.size) {
      ZSTD_outBuffer to{piece.data(), piece.size(), 0};
      open = ZSTD_decompressStream(stream.get(), &to, &from);
      if (ZSTD_isError(open) != 0) { return gslb::Unexpected(TraceError::kCompression); }
      out.append(piece, 0, to.pos);
    }
  }
  if (open != 0 && out.size() < octets) { return gslb::Unexpected(TraceError::kCompression); }
  return out;
}

gslb::Result<std::string, TraceError> contents(const std::string& path, std::size_t octets) {
  std::ifstream in(path, std::ios::binary);
  if (!in) { return gslb::Unexpected(TraceError::kUnreadable); }
  if (path.ends_with(".zst")) { return unpack(in, octets); }
  std::string out;
  std::string piece(1 << 20, '\0');
  while (out.size() < octets) {
    in.read(piece.data(),
            static_cast<std::streamsize>(std::min(piece.size(), octets - out.size())));
    if (in.gcount() == 0) { break; }
    out.append(piece, 0, static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) { return gslb::Unexpected(TraceError::kUnreadable); }
  return out;
}

}  // namespace

std::string_view describe(TraceError error) {
  switch (error) {
    case TraceError::kUnreadable:
      return "can't be read";
    case TraceError::kTorn:
      return "ends within a record of 24 octets: not oracleGeneral?";
    case TraceError::kBadNumber:
      return "CSV: a size or time is no number";
    case TraceError::kBadFields:
      return "CSV: expected object,size or time,object,size";
    case TraceError::kTooLong:
      return "more than 4294967294 requests: use --limit";
    case TraceError::kCompression:
      return "damaged zstd";
    case TraceError::kEmpty:
      return "holds no request with a size";
  }
  return "";
}

void TraceBuilder::add(std::uint64_t object, std::uint32_t size) {
  if (size == 0) { return; }
  objects_.push_back(object);
  sizes_.push_back(size);
}

Trace TraceBuilder::take(std::string name) {
  Trace trace;
  trace.name = std::move(name);
  trace.requests.resize(objects_.size());
  std::unordered_map<std::uint64_t, std::uint32_t> numbers;
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    const auto [place, is_new] = numbers.try_emplace(objects_[i], trace.keys);
    if (is_new) {
      ++trace.keys;
      trace.footprint += sizes_[i];
    }
    trace.requests[i] = {place->second, sizes_[i], kNever};
    trace.requested_octets += sizes_[i];
  }
  std::vector<std::uint32_t> next(trace.keys, kNever);
  for (std::size_t i = objects_.size(); i-- > 0;) {
    trace.requests[i].next = next[trace.requests[i].key];
    next[trace.requests[i].key] = static_cast<std::uint32_t>(i);
  }
  objects_.clear();
  sizes_.clear();
  return trace;
}

gslb::Result<Trace, TraceError> parse_oracle_general(gslb::Octets octets, std::size_t limit) {
  TraceBuilder builder;
  std::size_t at = 0;
  for (; at < octets.size() && limit > 0; at += kRecordOctets, --limit) {
    if (octets.size() - at < kRecordOctets) { return gslb::Unexpected(TraceError::kTorn); }
    builder.add(load<std::uint64_t>(octets, at + 4), load<std::uint32_t>(octets, at + 12));
  }
  return finished(builder);
}

gslb::Result<Trace, TraceError> parse_csv(std::string_view text, std::size_t limit) {
  TraceBuilder builder;
  for (bool first = true; !text.empty() && limit > 0; first = false) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) { line.remove_suffix(1); }
    if (line.empty() || line.front() == '#') { continue; }
    const std::vector<std::string_view> fields = fields_of(line);
    if (fields.size() < 2) { return gslb::Unexpected(TraceError::kBadFields); }
    const std::size_t object_at = fields.size() == 2 ? 0 : 1;
    const auto size = number(fields[object_at + 1]);
    if (!size && first) { continue; }
    if (!size || *size > 0xffffffff) { return gslb::Unexpected(TraceError::kBadNumber); }
    const auto object = number(fields[object_at]);
    builder.add(object ? *object : gslb::hash_text(fields[object_at]),
                static_cast<std::uint32_t>(*size));
    --limit;
  }
  return finished(builder);
}

gslb::Result<Trace, TraceError> read_trace(const std::string& path, std::size_t limit) {
  std::string_view name = path;
  if (name.ends_with(".zst")) { name.remove_suffix(4); }
  const bool csv = name.ends_with(".csv") || name.ends_with(".txt");
  const std::size_t most = static_cast<std::size_t>(-1);
  const bool bounded = !csv && limit < most / kRecordOctets;
  auto octets = contents(path, bounded ? limit * kRecordOctets : most);
  if (!octets) { return gslb::Unexpected(octets.error()); }
  auto trace =
      csv ? parse_csv(*octets, limit) : parse_oracle_general(gslb::as_octets(*octets), limit);
  if (trace) { trace.value().name = path.substr(path.rfind('/') + 1); }
  return trace;
}

}  // namespace bench::cache
