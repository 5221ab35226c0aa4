"""Unbound as a validating resolver."""
import shutil

import harness


class Unbound:
    """A validating resolver on loopback.  `stubs`: zone → port of its server; `anchors`: zone →
    RDATA of its DNSKEYs; `options`: lines of its server clause."""

    def __init__(self, stubs, anchors, options=()):
        folder = harness.folder()
        self.port = harness.free_port()
        trust = folder / "anchors"
        trust.write_text("".join(f"{zone} IN DNSKEY {key}\n"
                                 for zone, keys in anchors.items() for key in keys))
        config = folder / "unbound.conf"
        config.write_text(
            f"""server:
  interface: 127.0.0.1
  port: {self.port}
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/pid"
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-file: "{trust}"
  val-log-level: 2
  num-threads: 1
  root-hints: ""
""" + "".join(f"  {option}\n" for option in options) + """remote-control:
  control-enable: no
""" + "".join(f'stub-zone:\n  name: "{zone}"\n  stub-addr: 127.0.0.1@{port}\n  stub-no-cache: no\n'
              for zone, port in stubs.items()))
        program = shutil.which("unbound") or "/usr/sbin/unbound"
        self.process = harness.Process([program, "-d", "-c", str(config)])
        self.process.wait_for_port(self.port)

    def why(self):
        return "\n".join(line for line in self.process.log().splitlines()
                         if "validation failure" in line)[-2000:]
