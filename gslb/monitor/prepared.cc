#include "gslb/monitor/prepared.h"

#include <boost/asio/ssl/context.hpp>

#include "gslb/transfer/rdata_wire.h"
#include "gslb/zone/rdata_text.h"
#include "gslb/zone/scanner.h"

namespace gslb::monitor {
namespace {

namespace ssl = boost::asio::ssl;
using config::MonitorKind;

std::shared_ptr<ssl::context> tls_context(const config::Monitor& monitor, Problems& problems) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  context->set_verify_mode(monitor.insecure ? ssl::verify_none : ssl::verify_peer);
  boost::system::error_code error;
  if (monitor.ca_file.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->load_verify_file(monitor.ca_file, error);
  }
  if (error) {
    problems.error(monitor.id.at,
                   "can't use the certificates of '" + monitor.ca_file + "': " + error.message(),
                   "ca_file is a PEM file");
  }
  return context;
}

void prepare_dns(Prepared& into, Problems& problems) {
  const config::Monitor& monitor = into.options;
  auto name = dns::Name::parse(monitor.name.text);
  if (name) {
    into.name = *std::move(name);
  } else {
    problems.error(monitor.name.at, "'" + monitor.name.text + "' is not a domain name",
                   std::string(dns::describe(name.error())));
  }
  const auto type = dns::parse_rr_type(monitor.type.text);
  if (!type) {
    problems.error(monitor.type.at, "'" + monitor.type.text + "' is not a record type",
                   "A, AAAA, TXT, TYPE65");
    return;
  }
  into.type = *type;
  if (!monitor.answer) { return; }
  zone::Scanner scanner(monitor.answer->text);
  zone::Entry entry;
  std::vector<std::uint8_t> rdata;
  std::string fault = "it is empty";
  if (scanner.next(entry) == zone::Scanner::Step::kEntry) {
    const auto wrong = zone::parse_rdata(*type, entry.words, dns::Name(), rdata);
    fault = wrong ? wrong->what : "";
  }
  if (!fault.empty()) {
    problems.error(monitor.answer->at,
                   "'" + monitor.answer->text + "' is no data of type " + monitor.type.text, fault);
    return;
  }
  into.answer = transfer::fold_rdata(*type, rdata);
}

}  // namespace

std::shared_ptr<const Kit> prepare(const config::Config& config, Problems& problems) {
  const std::size_t errors = problems.error_count();
  auto kit = std::make_shared<Kit>();
  for (const config::Monitor& monitor : config.monitors) {
    auto prepared = std::make_shared<Prepared>();
    prepared->options = monitor;
    if (monitor.kind == MonitorKind::kHttps) { prepared->tls = tls_context(monitor, problems); }
    if (monitor.kind == MonitorKind::kDns) { prepare_dns(*prepared, problems); }
    kit->emplace(monitor.id.text, std::move(prepared));
  }
  return problems.error_count() == errors ? kit : nullptr;
}

std::vector<Target> targets(const Kit& kit, const fleet::FleetModel& model) {
  std::vector<Target> all;
  all.reserve(model.monitors().size());
  for (const fleet::MonitorTarget& each : model.monitors()) {
    auto how = kit.at(each.monitor->id.text);
    if (!each.service.empty()) {
      auto own = std::make_shared<Prepared>(*how);
      own->options = *each.monitor;
      how = std::move(own);
    }
    all.push_back({each.key, std::move(how), each.address, each.item});
  }
  return all;
}

}  // namespace gslb::monitor
