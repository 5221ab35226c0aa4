#include "gslb/ctl/options.h"

namespace gslb::ctl {

const std::string_view kUsage =
    R"(usage: proximactl [OPTION]... VERB

Asks a running proxima-gslb through its admin API.

verbs
  status [-v]                 version, readiness, clusters, last events; -v: every node
  explain NAME [TYPE] --client ADDR [--as-resolver] [--resolver ADDR]
                              why this client gets that answer: where it is, and every cluster
                              with round-trip time, cost, price and verdict.  ADDR is sent as a
                              client subnet; --as-resolver: it asks without one.  --resolver:
                              who asks for it, used when the subnet says nothing.  TYPE: A
  reload [ZONE] [--force]     read the configuration, zones and geo files anew; waits for the end.
                              ZONE: its file alone.  --force: zone files that look unchanged too
  monitors                    what each monitor last found, since when it is up or down, its counts
  resolvers                   those that are answered for their clients, and where these are
  zones [ZONE]                what is served: serial, state, where it came from, last problem
  zone refresh ZONE           ask its primaries for their serial now
  zone retransfer ZONE        fetch all of it, even with the same or an older serial
  zone secondaries            zones with primaries: serial, next refresh, expiry, last error
  acme set NAME TOKEN [--ttl-out TIME]
                              TXT at _acme-challenge.NAME for that long (10m), then gone by itself;
                              returns when answers have it
  acme list | acme clear NAME
  keys list [ZONE]            DNSSEC keys, their place in a rollover, what you have to do
  keys ds ZONE                DS records for the parent
  keys rollover ZONE [TAG] [--role csk|ksk|zsk]
                              replace keys step by step, all or those named
  keys ds-seen ZONE TAG|none  the parent's servers all have the DS of TAG and no other, or no DS
  keys generate ZONE [--role csk|ksk|zsk]
                              a spare key, which the next rollover takes
      --dir DIR               list, ds, generate: the key files there, no server is asked;
      --algorithm A           ... generate: ecdsap256sha256 (default), ed25519, rsasha256
  drain TARGET [--for TIME] [--reason TEXT]
                              name it in no new answer; TARGET: fra, fra/n1, 'fra*', '*/n1'
  undrain TARGET              back to what its heartbeats say; also ends force
  force TARGET up|down [--for TIME] [--reason TEXT]
                              taken for alive or dead, whatever its heartbeats say
  purge URL… [--prefix URL] [--host NAME] [--key KEY] [--all] [--soft] [--wait]
                              take it out of every edge's cache; --soft: validate it first; --wait:
                              until all nodes that are there have it (--timeout)
  prefetch URL… [--wait]      every edge fetches it by itself, at the rate of its [prefetch];
                              --wait: until they all know
  purges                      which nodes have seen what was purged
  check [--dnssec] [--n-1 strict|warn|off]
                              read all that the configuration names, as a start would; whether each
                              cluster can be lost (proxima-gslb --help has the rest)
  simulate [--outage GLOB] [--drain GLOB] [--capacity GLOB=X] [--base FILE] [--queries FILE]
           [--state DIR] [--max-utilisation X] [--max-moved X] [--max-rtt-p95-increase MS]
                              what would move with the configuration and these changes: traffic,
                              use of targets, RTT, cost.  Demand and loads are the running server's
                              but with --state or --queries; nothing is changed there.  Exit 5 when
                              a limit would be passed (proxima-gslb --help has the rest)
  replay FILE                 make every plan of a recording again ([record]); exit 1: one differs
  ready | metrics             exit 0 when it answers queries; what Prometheus scrapes

options
  -c, --config FILE           the server's configuration: its [admin] says where and with which
                              token (default /etc/proxima/proxima.toml)
      --url URL               the admin listener, not a file's; --ca FILE: whom to trust (PEM)
      --token T               the operator's token; --token-file F: in a file
      --json                  print the server's JSON (docs/admin-api.md)
      --timeout TIME          for each request, default 5s
      --for TIME              then by itself back: 90s, 10m, 2h
  -h, --help    --version

environment: PROXIMA_URL, PROXIMA_TOKEN, where no option says otherwise; NO_COLOR

exit codes
  0  ok
  1  the server can't be reached, isn't ready, or failed
  2  wrong usage or input, a refused reload, a configuration with errors
  3  no such cluster, node, zone or token
  4  not authorised
  5  simulate: a limit would be passed
)";

}  // namespace gslb::ctl
