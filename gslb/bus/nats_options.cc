#include "gslb/bus/nats_options.h"

#include <algorithm>
#include <vector>

#include <nats/nats.h>

namespace gslb::bus {
namespace {

constexpr int kPingsUnanswered = 2;

natsStatus set_login(natsOptions* to, const NatsOptions& options) {
  natsStatus status = NATS_OK;
  if (!options.user.empty()) {
    status = natsOptions_SetUserInfo(to, options.user.c_str(), options.password.c_str());
  }
  if (status == NATS_OK && !options.token.empty()) {
    status = natsOptions_SetToken(to, options.token.c_str());
  }
  if (status == NATS_OK && !options.credentials_file.empty()) {
    status = natsOptions_SetUserCredentialsFromFiles(to, options.credentials_file.c_str(), nullptr);
  }
  return status;
}

natsStatus set_tls(natsOptions* to, const NatsOptions& options) {
  const bool secure = !options.ca_file.empty() || !options.certificate_file.empty() ||
                      std::any_of(options.servers.begin(), options.servers.end(),
                                  [](const auto& url) { return url.rfind("tls://", 0) == 0; });
  if (!secure) { return NATS_OK; }
  natsStatus status = natsOptions_SetSecure(to, true);
  if (status == NATS_OK && !options.ca_file.empty()) {
    status = natsOptions_LoadCATrustedCertificates(to, options.ca_file.c_str());
  }
  if (status == NATS_OK && !options.certificate_file.empty()) {
    status = natsOptions_LoadCertificatesChain(to, options.certificate_file.c_str(),
                                               options.key_file.c_str());
  }
  return status;
}

}  // namespace

bool set_options(natsOptions* to, const NatsOptions& options) {
  std::vector<const char*> servers;
  for (const std::string& url : options.servers) { servers.push_back(url.c_str()); }
  natsStatus status = natsOptions_SetServers(to, servers.data(), static_cast<int>(servers.size()));
  const auto then = [&status](natsStatus next) {
    if (status == NATS_OK) { status = next; }
  };
  then(natsOptions_SetName(to, options.name.c_str()));
  then(natsOptions_SetAllowReconnect(to, true));
  then(natsOptions_SetMaxReconnect(to, -1));
  then(natsOptions_SetReconnectWait(to, options.reconnect_wait.count()));
  then(natsOptions_SetReconnectJitter(to, options.reconnect_wait.count(),
                                      options.reconnect_wait.count()));
  then(natsOptions_SetPingInterval(to, options.ping_interval.count()));
  then(natsOptions_SetMaxPingsOut(to, kPingsUnanswered));
  then(natsOptions_SetTimeout(to, options.request_timeout.count()));
  then(natsOptions_SetWriteDeadline(to, options.request_timeout.count()));
  then(natsOptions_SetFailRequestsOnDisconnect(to, true));
  then(set_login(to, options));
  then(set_tls(to, options));
  return status == NATS_OK;
}

}  // namespace gslb::bus
