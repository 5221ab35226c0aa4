"""What primaries and secondaries say to each other beside the zone: how long it is good (RFC 7314),
refusals that are signed, and the SOA for those who may have the zone."""
import re
import subprocess
import unittest

import harness
import secondaries

ZONE = "example."
EXPIRE = 40  # seconds
KEY = f"{secondaries.ALGORITHM}:{secondaries.KEY_NAME}:{secondaries.SECRET}"


def dig(port, *arguments):
    return subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+norecurse", "+nocookie",
                           "+tries=1", "+time=5", *arguments], capture_output=True, text=True,
                          check=False).stdout


def status(answer):
    return re.search(r"status: (\w+)", answer).group(1)


def expire(port, *arguments):
    """Of the EXPIRE option in the answer to an SOA query; None: there is none."""
    found = re.search(r"; EXPIRE: (\d+)", dig(port, ZONE, "SOA", *arguments))
    return int(found.group(1)) if found else None


class Proxima:
    """One server; a secondary when it has the port of a primary."""

    def __init__(self, primary=None, more='allow_transfer = ["127.0.0.1"]'):
        self.port, self.folder = harness.free_port(), harness.folder()
        remote = f'[[remote]]\nid = "p"\naddress = "127.0.0.1:{primary}"\n' if primary else ""
        source = 'primaries = ["p"]' if primary else 'file = "zone"'
        (self.folder / "zone").write_text(
            f"$TTL 60\n@ SOA ns host 1 20 5 {EXPIRE} 60\n@ NS ns\nns A 192.0.2.1\n"
            "www A 192.0.2.2\n")
        (self.folder / "gslb.toml").write_text(f"""
{harness.server(self.port, harness.free_port())}
[secondary]
min_refresh = "1s"
min_retry = "1s"
[[key]]
name = "{secondaries.KEY_NAME}"
secret = "{secondaries.SECRET}"
{remote}
[[zone]]
name = "{ZONE}"
{source}
{more}
""")
        self.process = harness.Process([harness.binary("proxima-gslb"), "run", "-c",
                                        str(self.folder / "gslb.toml")])
        self.process.wait_for_log("answering")

    def has_zone(self):
        return status(dig(self.port, ZONE, "SOA")) == "NOERROR"


@unittest.skipIf(secondaries.missing(), f"not installed: {secondaries.missing()}")
class Talk(unittest.TestCase):
    def tearDown(self):
        harness.stop_everything()

    def test_a_chain_of_secondaries_ends_when_its_first_would(self):
        first = Proxima()
        self.assertEqual(expire(first.port, "+expire"), EXPIRE, "a primary's own")
        self.assertIsNone(expire(first.port), "who does not ask is not told")
        self.assertNotIn("EXPIRE", dig(first.port, "www." + ZONE, "SOA", "+expire"))
        second = Proxima(first.port)
        harness.wait_until(second.has_zone, 15, "the second's copy")
        first.process.stop()
        harness.wait_until(lambda: expire(second.port, "+expire") < EXPIRE - 2, 15, "time")
        # The third has no older copy: AXFR alone tells it.
        third = Proxima(second.port)
        harness.wait_until(third.has_zone, 15, "the third's copy")
        left = expire(third.port, "+expire")
        self.assertLessEqual(left, EXPIRE - 2, "not the SOA's, but what is left of it")
        self.assertLessEqual(abs(left - expire(second.port, "+expire")), 1)

    def test_refusals_of_signed_requests_are_signed(self):
        server = Proxima()
        for what, said in ((["+opcode=STATUS", ZONE], "NOTIMP"), (["+header-only"], "FORMERR"),
                           ([ZONE, "+ednsopt=8:0001"], "FORMERR"), ([ZONE, "SOA"], "NOERROR")):
            for transport in ("+tcp", "+notcp"):
                answer = dig(server.port, "-y", KEY, "+qr", *what, transport).split("Got answer")[-1]
                self.assertEqual(status(answer), said, answer)
                self.assertIn("TSIG PSEUDOSECTION", answer)
                self.assertNotIn("Couldn't verify", answer)
        # The wrong key is another matter, whatever else is wrong.
        other = KEY.replace("MDEy", "OTEy")
        self.assertEqual(status(dig(server.port, "-y", other, "+opcode=STATUS", ZONE)), "NOTAUTH")
        self.assertEqual(status(dig(server.port, "+opcode=STATUS", ZONE)), "NOTIMP")

    def test_who_may_have_the_zone_may_ask_for_its_soa(self):
        server = Proxima(more='allow_query = "192.0.2.0/24"\nallow_transfer = ["key:xfr"]')
        self.assertEqual(status(dig(server.port, ZONE, "SOA")), "REFUSED")
        self.assertEqual(status(dig(server.port, "-y", KEY, ZONE, "SOA")), "NOERROR")
        self.assertEqual(status(dig(server.port, "-y", KEY, ZONE, "NS")), "REFUSED")
        self.assertEqual(status(dig(server.port, "-y", KEY, "www." + ZONE, "SOA")), "REFUSED")
        secondary = secondaries.Bind(ZONE, server.port).start()
        harness.wait_until(lambda: status(dig(secondary.port, ZONE, "SOA")) == "NOERROR", 15,
                           "BIND's copy, which it asks the SOA for first")


if __name__ == "__main__":
    unittest.main()
