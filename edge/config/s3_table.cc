#include "edge/config/s3_table.h"

#include <algorithm>

#include "edge/config/values.h"

namespace edge::config {
namespace {

constexpr std::int64_t kYearMs = 365 * kDayMs;

bool is_bucket(const std::string& text) {
  return text.size() >= 3 && text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

S3 read_s3(gslb::TomlTable& table, const std::string& host, std::string secret) {
  S3 s3;
  s3.bucket = table.string("bucket").value_or("");
  if (!s3.bucket.empty() && !is_bucket(s3.bucket)) {
    table.error("bucket", "\"" + s3.bucket + "\" is no bucket's name", "3 to 63 letters or digits");
  }
  if (s3.bucket.empty() && !host.starts_with("*.")) {
    table.error("bucket", "no bucket", "bucket = \"photos\", or host = \"*.s3.example.com\"");
  }
  s3.domain = host.substr(std::min<std::size_t>(2, host.size()));
  s3.region = table.string("region").value_or(s3.region);
  s3.key_id = table.string("key_id", gslb::Need::kRequired).value_or("");
  s3.secret = std::move(secret);
  s3.token = table.string("token").value_or("");
  if (s3.secret.empty()) { table.error("key_file", "no secret key", "key_file = \"s3.key\""); }
  for (const std::string& text : {s3.region, s3.key_id, s3.secret, s3.token}) {
    if (!is_visible(text)) { table.error("", "region, key_id, key and token have no spaces"); }
  }
  s3.virtual_host = table.choice("style", {"path", "host"}).value_or("path") == "host";
  s3.index = table.string("index").value_or("");
  s3.error = table.string("error").value_or("");
  for (const char* key : {"index", "error"}) {
    const std::string& name = key == std::string_view("index") ? s3.index : s3.error;
    if (name.starts_with('/')) { table.error(key, "begins with a slash", "\"index.html\""); }
  }
  s3.listing = table.boolean("listing").value_or(false);
  if (const auto ttl = table.duration_ms("ttl", 0, kYearMs)) { s3.ttl_s = *ttl / 1000; }
  if (const auto ttl = table.duration_ms("negative_ttl", 0, kDayMs)) {
    s3.negative_ttl_s = *ttl / 1000;
  }
  table.finish();
  return s3;
}

}  // namespace edge::config
