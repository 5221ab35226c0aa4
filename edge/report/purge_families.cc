#include "edge/report/families.h"

namespace edge::report {
namespace {

double number(std::uint64_t value) { return static_cast<double>(value); }

Family of_one(const char* name, const char* help, bool is_counter, double value) {
  return {name, help, is_counter, {{{}, value}}};
}

}  // namespace

void add_purges(const PurgeFigures& purges, std::vector<Family>& families) {
  Family done{"purges_total", "Purges that were carried out.", true, {}};
  for (const auto& [kind, count] : purges.purges) {
    done.samples.push_back({{{"kind", std::string(kind)}}, number(count)});
  }
  families.push_back(std::move(done));
  families.push_back(of_one("refused_purges_total", "Purges over the rate or over what may wait.",
                            true, number(purges.refused)));
  families.push_back({"purged_responses_total",
                      "Times a stored response was found purged.",
                      true,
                      {{{{"standing", "gone"}}, number(purges.gone)},
                       {{{"standing", "stale"}}, number(purges.stale)}}});
  families.push_back(
      of_one("purge_marks", "Purges that are remembered.", false, number(purges.marks)));
  families.push_back(of_one("folded_purge_marks_total",
                            "Purges that were folded into wider ones, for room.", true,
                            number(purges.folded)));
  families.push_back(of_one("purge_journal_writable", "0: purges hold until the next start only.",
                            false, purges.journal_writable ? 1 : 0));
  families.push_back({"prefetches_total",
                      "URLs of prefetch lists.",
                      true,
                      {{{{"result", "done"}}, number(purges.prefetched)},
                       {{{"result", "failed"}}, number(purges.failed_prefetches)},
                       {{{"result", "refused"}}, number(purges.refused_prefetches)}}});
  families.push_back(of_one("prefetches_waiting", "URLs that wait to be fetched.", false,
                            number(purges.waiting_prefetches)));
  families.push_back(of_one("pins", "URLs that are pinned.", false, number(purges.pins)));
  families.push_back(of_one("pinned_bytes", "Of pinned responses in memory.", false,
                            number(purges.pinned_octets)));
  families.push_back(of_one("pinned_budget_bytes", "What they may be at most.", false,
                            number(purges.pinned_budget_octets)));
  families.push_back(of_one("refused_pins_total", "Pinned responses there was no room for.", true,
                            number(purges.refused_pins)));
}

}  // namespace edge::report
