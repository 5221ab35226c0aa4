// Source: MaxMind DB format 2.0; libmaxminddb 1.7.
//
// The file is first copied into memory of its own: libmaxminddb maps what it opens, and a
// database that is overwritten in place while we walk it would end the process with SIGBUS.
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <maxminddb.h>

#include "gslb/geo/source.h"

namespace gslb::geo {
namespace {

constexpr int kMaxPath = 8;                // components of a field path
constexpr std::uint32_t kMaxFields = 256;  // in one record's map: 5 times what any database has
constexpr off_t kMaxFileOctets = off_t{2} << 30;
constexpr std::uint32_t kSeparatorOctets = 16;  // between tree and data

const char kCorruptHint[] = "fetch the file again; it may be truncated";

struct FileDescriptor {
  explicit FileDescriptor(int number) : fd(number) {}
  ~FileDescriptor() {
    if (fd >= 0) { close(fd); }
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int fd;
};

struct Database {
  MMDB_s mmdb{};
  bool is_open = false;
  ~Database() {
    if (is_open) { MMDB_close(&mmdb); }
  }
};

bool copy_all(int from, int to) {
  std::array<char, 1 << 16> buffer;
  off_t total = 0;
  for (;;) {
    const ssize_t got = read(from, buffer.data(), buffer.size());
    if (got == 0) { return true; }
    if (got < 0 && errno == EINTR) { continue; }
    if (got < 0) { return false; }
    if ((total += got) > kMaxFileOctets) {
      errno = EFBIG;
      return false;
    }
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = write(to, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (put < 0) { return false; }
      done += put;
    }
  }
}

// False after a problem.
bool open_copy(const Source& source, Database& database, Problems& problems) {
  const FileDescriptor file(open(source.file.c_str(), O_RDONLY | O_CLOEXEC));
  const FileDescriptor copy(memfd_create("geo", MFD_CLOEXEC));
  if (file.fd < 0 || copy.fd < 0 || !copy_all(file.fd, copy.fd)) {
    problems.error(source.at,
                   "can't read " + source.file + ": " + std::generic_category().message(errno),
                   "geodata/fetch.sh fetches the default databases");
    return false;
  }
  const std::string path = "/proc/self/fd/" + std::to_string(copy.fd);
  const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &database.mmdb);
  if (status != MMDB_SUCCESS) {
    problems.error(source.at, source.file + " is not a good MMDB file: " + MMDB_strerror(status),
                   kCorruptHint);
    return false;
  }
  database.is_open = true;
  return true;
}

// A field path cut at its dots, ready for MMDB_aget_value.  Empty when nothing is asked for.
struct Path {
  std::vector<std::string> parts;
  std::array<const char*, kMaxPath + 1> pointers{};

  bool set(const std::string& dotted) {
    for (std::size_t at = 0; !dotted.empty() && at <= dotted.size();) {
      const std::size_t dot = std::min(dotted.find('.', at), dotted.size());
      parts.push_back(dotted.substr(at, dot - at));
      at = dot + 1;
    }
    if (parts.size() > kMaxPath) { return false; }
    for (std::size_t i = 0; i < parts.size(); ++i) { pointers[i] = parts[i].c_str(); }
    return true;
  }
};

std::string_view text_of(const MMDB_entry_data_s& value) {
  if (!value.has_data || value.type != MMDB_DATA_TYPE_UTF8_STRING) { return {}; }
  return {value.utf8_string, value.data_size};
}

std::optional<double> number_of(const MMDB_entry_data_s& value) {
  if (!value.has_data) { return std::nullopt; }
  switch (value.type) {
    case MMDB_DATA_TYPE_DOUBLE:
      return value.double_value;
    case MMDB_DATA_TYPE_FLOAT:
      return value.float_value;
    case MMDB_DATA_TYPE_UINT16:
      return value.uint16;
    case MMDB_DATA_TYPE_UINT32:
      return value.uint32;
    case MMDB_DATA_TYPE_INT32:
      return value.int32;
    case MMDB_DATA_TYPE_UINT64:
      return static_cast<double>(value.uint64);
    case MMDB_DATA_TYPE_UTF8_STRING:
      return parse_number(text_of(value));
    default:
      return std::nullopt;
  }
}

// One pass over the search tree.
class Walker {
 public:
  Walker(const Source& source, const ReadContext& context) : source_(source), context_(context) {}

  std::optional<SourceData> run() {
    if (!set_paths() || !open_copy(source_, database_, context_.problems)) { return std::nullopt; }
    const MMDB_metadata_s& metadata = database_.mmdb.metadata;
    if (metadata.ip_version != 4 && metadata.ip_version != 6) {
      return corrupt("it says IP version " + std::to_string(metadata.ip_version));
    }
    visited_.resize(metadata.node_count);
    if (!walk()) { return std::nullopt; }
    if (!has_data_) { return corrupt("it holds no data"); }
    check_fields(source_, seen_,
                 "mmdblookup --file " + source_.file + " --ip 8.8.8.8 shows the names",
                 context_.problems);
    SourceData data;
    data.ipv4 = ipv4_.finish();
    data.ipv6 = ipv6_.finish();
    std::string description;
    for (std::size_t i = 0; i < metadata.description.count; ++i) {
      description += metadata.description.descriptions[i]->description;
    }
    data.attribution = attribution_of(source_.file, metadata.database_type, description);
    return data;
  }

 private:
  // What stands below one side of a node.
  struct Side {
    std::uint64_t record;
    std::uint8_t type;  // MMDB_RECORD_TYPE_*
    std::uint32_t data_offset;
    Wide first;  // address
    int depth;
  };

  std::nullopt_t corrupt(const std::string& why) {
    context_.problems.error(source_.at, source_.file + " is corrupt: " + why, kCorruptHint);
    return std::nullopt;
  }

  bool set_paths() {
    for (unsigned i = 0; i < kFieldCount; ++i) {
      const auto field = static_cast<Field>(i);
      if (!paths_[i].set(path_of(source_, field))) {
        context_.problems.error(
            source_.at, std::string(name_of(field)) + " has more than 8 parts between dots");
        return false;
      }
    }
    return true;
  }

  int address_bits() const { return database_.mmdb.metadata.ip_version == 4 ? 32 : 128; }

  // Depth first, left before right, so that leaves come in address order.
  bool walk() {
    std::vector<Side> stack{{0, MMDB_RECORD_TYPE_SEARCH_NODE, 0, 0, 0}};
    while (!stack.empty()) {
      const Side side = stack.back();
      stack.pop_back();
      if (side.type == MMDB_RECORD_TYPE_EMPTY) { continue; }
      if (side.type == MMDB_RECORD_TYPE_DATA) {
        if (!put_leaf(side)) { return false; }
        continue;
      }
      if (side.type != MMDB_RECORD_TYPE_SEARCH_NODE) {
        return corrupt("a node points nowhere"), false;
      }
      if (!enter(side, stack)) { return false; }
    }
    return true;
  }

  bool enter(const Side& side, std::vector<Side>& stack) {
    if (side.record >= visited_.size() || side.depth >= address_bits()) {
      return corrupt("the search tree is deeper than an address is long"), false;
    }
    const auto number = static_cast<std::uint32_t>(side.record);
    if (visited_[number]) {
      // 2002::/16, ::ffff:0:0/96 and 2001::/32 may lead back into the IPv4 tree.  They are not
      // places of IPv6 clients of their own, so they are left without data.
      if (address_bits() == 128 && number == database_.mmdb.ipv4_start_node.node_value) {
        return true;
      }
      return corrupt("its nodes form no tree"), false;
    }
    visited_[number] = true;
    MMDB_search_node_s node;
    if (MMDB_read_node(&database_.mmdb, number, &node) != MMDB_SUCCESS) {
      return corrupt("a node can't be read"), false;
    }
    const int depth = side.depth + 1;
    const Wide right_bit = Wide{1} << (address_bits() - depth);
    stack.push_back({node.right_record, node.right_record_type, node.right_record_entry.offset,
                     side.first | right_bit, depth});
    stack.push_back({node.left_record, node.left_record_type, node.left_record_entry.offset,
                     side.first, depth});
    return true;
  }

  bool put_leaf(const Side& side) {
    const auto id = record_at(side);
    if (!id) { return false; }
    const Wide last = side.first + ((Wide{1} << (address_bits() - side.depth)) - 1);
    if (address_bits() == 32) {
      ipv4_.add(side.first, last, *id);
      return true;
    }
    // In an IPv6 tree, ::/96 is IPv4.  A leaf above it speaks of all IPv4, as in libmaxminddb.
    if (side.first >> 32 == 0) {
      ipv4_.add(side.first, std::min(last, kIpv4.last_address()), *id);
      if (side.depth >= 96) { return true; }
    }
    ipv6_.add(side.first, last, *id);
    return true;
  }

  std::optional<RecordId> record_at(const Side& side) {
    const auto [id, is_new] = by_offset_.find_or_add(std::uint64_t{side.data_offset} + 1);
    if (!is_new) { return *id; }
    // libmaxminddb 1.7 lets a record point into the separator, which wraps its offset.
    if (side.record < database_.mmdb.metadata.node_count + std::uint64_t{kSeparatorOctets} ||
        side.data_offset >= database_.mmdb.data_section_size) {
      return corrupt("a node points outside the data");
    }
    has_data_ = true;
    std::array<MMDB_entry_data_s, kFieldCount> values{};
    MMDB_entry_s entry{&database_.mmdb, side.data_offset};
    const char* const whole[] = {nullptr};
    MMDB_entry_data_s root{};
    if (MMDB_aget_value(&entry, &root, whole) != MMDB_SUCCESS ||
        (root.type == MMDB_DATA_TYPE_MAP && root.data_size > kMaxFields)) {
      return corrupt("bad record at data offset " + std::to_string(side.data_offset));
    }
    for (unsigned i = 0; i < kFieldCount; ++i) {
      if (paths_[i].parts.empty()) { continue; }
      const int status = MMDB_aget_value(&entry, &values[i], paths_[i].pointers.data());
      if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR) { continue; }
      if (status != MMDB_SUCCESS) {
        return corrupt("bad record at data offset " + std::to_string(side.data_offset));
      }
      seen_[i] = seen_[i] || values[i].has_data;
    }
    RawRecord raw;
    raw.country = text_of(values[kCountry]);
    raw.latitude = number_of(values[kLatitude]);
    raw.longitude = number_of(values[kLongitude]);
    raw.radius_km = number_of(values[kRadius]);
    raw.asn = number_of(values[kAsn]);
    raw.operator_name = text_of(values[kOperator]);
    raw.subdivision = text_of(values[kSubdivision]);
    return *id = put_record(raw, context_);
  }

  const Source& source_;
  const ReadContext& context_;
  Database database_;
  std::array<Path, kFieldCount> paths_;
  std::array<bool, kFieldCount> seen_{};
  std::vector<bool> visited_;
  FlatMap by_offset_;  // of data, + 1
  bool has_data_ = false;
  FloorFolder ipv4_{kIpv4};
  FloorFolder ipv6_{kIpv6};
};

}  // namespace

std::optional<SourceData> read_mmdb(const Source& source, const ReadContext& context) {
  return Walker(source, context).run();
}

}  // namespace gslb::geo
