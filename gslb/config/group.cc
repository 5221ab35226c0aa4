// [group.ID], and the capacity tables that clusters and groups have alike.
#include <algorithm>

#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr double kMaxCapacity = 1e15;

Group read_group(const LocatedString& id, TomlTable& table, const std::vector<std::string>& known,
                 Context& context) {
  Group group;
  group.id = id;
  check_id(id, "group", context.problems);
  group.capacity = read_capacity(table, "proximactl drain CLUSTER", context);
  group.commit = read_commitment(table);
  group.group = read_group_id(table, known, context);
  group.fails_together = table.boolean("fails_together").value_or(true);
  table.finish();
  return group;
}

// Each before the one it is part of, else as in the file.  What is part of itself is a problem.
std::vector<Group> in_order(std::vector<Group> groups, Problems& problems) {
  std::vector<Group> sorted;
  while (!groups.empty()) {
    const auto is_leaf = [&](const Group& group) {
      return std::none_of(groups.begin(), groups.end(), [&](const Group& other) {
        return other.group && other.group->text == group.id.text;
      });
    };
    const auto leaf = std::find_if(groups.begin(), groups.end(), is_leaf);
    if (leaf == groups.end()) {
      problems.error(groups.front().group->at,
                     "group '" + groups.front().id.text + "' is part of itself",
                     "groups are a tree: leave one 'group' out");
      return sorted;
    }
    sorted.push_back(std::move(*leaf));
    groups.erase(leaf);
  }
  return sorted;
}

}  // namespace

std::vector<Capacity> read_capacity(TomlTable& table, std::string_view off, Context& context) {
  std::vector<Capacity> capacity;
  for (auto& [name, limits] : table.named_tables("capacity")) {
    const bool valid = !name.text.empty() && name.text.size() <= 63 &&
                       std::all_of(name.text.begin(), name.text.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                       });
    if (!valid) {
      context.problems.error(name.at, "resource '" + name.text + "' is not a valid name",
                             "1 to 63 of a-z, 0-9 and '_', such as requests_per_s");
    }
    const auto target = limits.number("target", 0, kMaxCapacity, Need::kRequired);
    const auto max = limits.number("max", 0, kMaxCapacity, Need::kRequired);
    if (target && max && *target > *max) {
      limits.error("target", "the target of '" + name.text + "' is over its max",
                   "planned for up to target, never beyond max");
    }
    if (max && *max == 0) {
      limits.error("max", "the max of '" + name.text + "' is 0",
                   "drain the cluster instead: " + std::string(off));
    }
    limits.finish();
    capacity.push_back({name.text, target.value_or(0), max.value_or(0)});
  }
  return capacity;
}

Commitment read_commitment(TomlTable& table) {
  const Commitment commit{table.number("commit_mbps", 1e-3, 1e9).value_or(0),
                          table.number("cost_per_mbps", 0, 1e6).value_or(0)};
  if (table.has("commit_mbps") != table.has("cost_per_mbps")) {
    const bool has_commit = table.has("commit_mbps");
    table.error(
        has_commit ? "commit_mbps" : "cost_per_mbps",
        has_commit ? "'commit_mbps' needs 'cost_per_mbps'" : "'cost_per_mbps' needs 'commit_mbps'",
        "a month's price of a megabit a second over the commitment, and the commitment");
  }
  return commit;
}

std::optional<LocatedString> read_group_id(TomlTable& table, const std::vector<std::string>& known,
                                           Context& context) {
  auto id = located(table, "group");
  if (id && std::find(known.begin(), known.end(), id->text) == known.end()) {
    report_unknown(*id, "group", known, context.problems);
    return std::nullopt;
  }
  return id;
}

void read_groups(TomlTable& root, Context& context) {
  auto tables = root.named_tables("group");
  std::vector<std::string> known;
  known.reserve(tables.size());
  for (const auto& [id, table] : tables) { known.push_back(id.text); }
  std::vector<Group> groups;
  groups.reserve(tables.size());
  for (auto& [id, table] : tables) { groups.push_back(read_group(id, table, known, context)); }
  if (groups.size() > kMaxGroups) {
    context.problems.error(
        groups[kMaxGroups].id.at,
        std::to_string(groups.size()) + " groups, over " + std::to_string(kMaxGroups));
  }
  context.config.groups = in_order(std::move(groups), context.problems);
}

}  // namespace gslb::config
