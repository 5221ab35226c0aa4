// The admin API's routes about keys: /v1/keys and its verbs.
//
// Source: docs/admin-api.md, docs/dnssec.md.
#pragma once

#include "gslb/control/http_message.h"
#include "gslb/control/zone_signer.h"

namespace gslb::control {

// `request`: authorised, its path begins with "/v1/keys".
HttpResponse handle_keys(ZoneSigner& signer, const HttpRequest& request);

}  // namespace gslb::control
