#include "edge/origin/swift_page.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <boost/json.hpp>

namespace edge::origin {
namespace {

namespace json = boost::json;

constexpr std::string_view kDoctype =
    "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\" "
    "\"http://www.w3.org/TR/html4/loose.dtd\">\n";

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#x27;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string human_readable(std::uint64_t octets) {
  constexpr std::string_view kSuffixes = "KMGTPEZY";
  auto value = static_cast<double>(octets);
  std::size_t steps = 0;
  for (; value >= 1024 && steps < kSuffixes.size(); ++steps) {
    value = std::nearbyint(value / 1024);
  }
  std::string text = std::to_string(static_cast<std::uint64_t>(value));
  if (steps > 0) { (text += kSuffixes[steps - 1]) += 'i'; }
  return text;
}

std::string label_of(const SwiftContainer& container, std::string_view path) {
  if (container.listings_label.empty()) { return std::string(path); }
  // Behind "/v1/account/container/".
  for (int segments = 0; segments < 4; ++segments) {
    const std::size_t slash = path.find('/');
    path = slash == path.npos ? "" : path.substr(slash + 1);
  }
  return container.listings_label + "/" + std::string(path);
}

std::string style_sheet(const SwiftContainer& container, std::string_view prefix) {
  const std::string& css = container.listings_css;
  if (css.starts_with('/') || css.starts_with("http://") || css.starts_with("https://")) {
    return percent_encode(css, ":/");
  }
  std::string path;
  for (auto n = std::count(prefix.begin(), prefix.end(), '/'); n > 0; --n) { path += "../"; }
  return path + percent_encode(css);
}

std::string link_to(const SwiftContainer& container, std::string_view prefix) {
  return "  <link rel=\"stylesheet\" type=\"text/css\" href=\"" + style_sheet(container, prefix) +
         "\" />\n";
}

std::string row(std::string_view classes, std::string_view name, std::string_view size,
                std::string_view date) {
  std::string text = "   <tr class=\"item ";
  ((text += classes) += "\">\n    <td class=\"colname\"><a href=\"") += percent_encode(name);
  ((text += "\">") += escape(name)) += "</a></td>\n    <td class=\"colsize\">";
  ((text += size) += "</td>\n    <td class=\"coldate\">") += date;
  return text += "</td>\n   </tr>\n";
}

// "text/plain" → "type-text type-plain".
std::string classes_of(std::string_view type) {
  std::string classes;
  while (true) {
    const std::size_t slash = type.find('/');
    classes += "type-" + escape(http::to_lower(type.substr(0, slash)));
    if (slash == type.npos) { return classes; }
    classes += ' ';
    type = type.substr(slash + 1);
  }
}

std::string date_of(std::string_view modified) {
  std::string text = escape(modified);
  text.resize(std::min(text.find('.'), text.size()));
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string_view member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_string()) { return {}; }
  const json::string& text = value->get_string();
  return {text.data(), text.size()};
}

}  // namespace

std::string percent_encode(std::string_view text, std::string_view also) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("_.-~").find(c) != std::string_view::npos ||
                       also.find(c) != also.npos;
    if (plain) {
      out += c;
      continue;
    }
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto octet = static_cast<unsigned char>(c);
    ((out += '%') += kDigits[octet >> 4]) += kDigits[octet & 15];
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') { return c - '0'; }
    if (c >= 'a' && c <= 'f') { return c - 'a' + 10; }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '%' && i + 2 < text.size();
    const int high = escaped ? digit(text[i + 1]) : -1;
    const int low = escaped ? digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::optional<std::vector<SwiftEntry>> parse_listing(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_array()) { return std::nullopt; }
  std::vector<SwiftEntry> entries;
  for (const json::value& each : value.get_array()) {
    if (!each.is_object()) { return std::nullopt; }
    const json::object& object = each.get_object();
    SwiftEntry entry;
    entry.is_directory = object.contains("subdir");
    entry.name = member(object, entry.is_directory ? "subdir" : "name");
    entry.content_type = member(object, "content_type");
    entry.last_modified = member(object, "last_modified");
    if (const json::value* octets = object.if_contains("bytes"); octets != nullptr) {
      entry.octets = octets->is_int64() ? static_cast<std::uint64_t>(octets->get_int64()) : 0;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string listing_page(const SwiftContainer& container, std::string_view path,
                         std::string_view prefix, const std::vector<SwiftEntry>& entries) {
  const std::string label = escape(label_of(container, path));
  std::string page(kDoctype);
  page += "<html>\n <head>\n  <title>Listing of " + label + "</title>\n";
  page += !container.listings_css.empty() ? link_to(container, prefix)
                                          : "  <style type=\"text/css\">\n"
                                            "   h1 {font-size: 1em; font-weight: bold;}\n"
                                            "   th {text-align: left; padding: 0px 1em 0px 1em;}\n"
                                            "   td {padding: 0px 1em 0px 1em;}\n"
                                            "   a {text-decoration: none;}\n"
                                            "  </style>\n";
  page += " </head>\n <body>\n  <h1 id=\"title\">Listing of " + label +
          "</h1>\n"
          "  <table id=\"listing\">\n"
          "   <tr id=\"heading\">\n"
          "    <th class=\"colname\">Name</th>\n"
          "    <th class=\"colsize\">Size</th>\n"
          "    <th class=\"coldate\">Date</th>\n"
          "   </tr>\n";
  if (!prefix.empty()) {
    page +=
        "   <tr id=\"parent\" class=\"item\">\n"
        "    <td class=\"colname\"><a href=\"../\">../</a></td>\n"
        "    <td class=\"colsize\">&nbsp;</td>\n"
        "    <td class=\"coldate\">&nbsp;</td>\n"
        "   </tr>\n";
  }
  for (const bool directories : {true, false}) {
    for (const SwiftEntry& entry : entries) {
      if (entry.is_directory != directories) { continue; }
      const std::string_view name =
          std::string_view(entry.name).substr(std::min(prefix.size(), entry.name.size()));
      page += directories ? row("subdir", name, "&nbsp;", "&nbsp;")
                          : row(classes_of(entry.content_type), name, human_readable(entry.octets),
                                date_of(entry.last_modified));
    }
  }
  return page += "  </table>\n </body>\n</html>\n";
}

std::string no_listing_page(const SwiftContainer& container, std::string_view path,
                            std::string_view prefix) {
  std::string page(kDoctype);
  page += "<html>\n<head>\n<title>Listing of " + escape(label_of(container, path)) + "</title>\n";
  page += !container.listings_css.empty() ? link_to(container, prefix)
                                          : "  <style type=\"text/css\">\n"
                                            "   h1 {font-size: 1em; font-weight: bold;}\n"
                                            "   p {font-size: 2}\n"
                                            "  </style>\n";
  page +=
      "</head>\n<body>  <h1>Web Listing Disabled</h1>"
      "   <p>The owner of this web site has disabled web listing."
      "   <p>If you are the owner of this web site, you can enable"
      "   web listing by setting X-Container-Meta-Web-Listings.</p>";
  if (!container.index.empty()) {
    page +=
        "<h1>Index File Not Found</h1>"
        " <p>The owner of this web site has set "
        " <b>X-Container-Meta-Web-Index: " +
        escape(container.index) +
        "</b>. "
        " However, this file is not found.</p>";
  }
  return page += " </body>\n</html>\n";
}

std::string swift_page(int status) {
  const auto page = [](std::string_view title, std::string_view text) {
    return "<html><h1>" + std::string(title) + "</h1><p>" + std::string(text) + "</p></html>";
  };
  switch (status) {
    case 301:
      return page("Moved Permanently", "The resource has moved permanently.");
    case 401:
      return page("Unauthorized",
                  "This server could not verify that you are authorized to access the document you "
                  "requested.");
    case 404:
      return page("Not Found", "The resource could not be found.");
    default:
      return page(http::reason_phrase(status), http::reason_phrase(status));
  }
}

}  // namespace edge::origin
