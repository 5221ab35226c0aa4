"""How stored responses are used: validation, updates, variants, invalidation, parts, stale use, and
the fields an intermediary writes.  RFC 9111 3.1-3.4, 4.1, 4.3, 4.4; RFC 9110 7.6, 13, 14; RFC 5861;
RFC 9211; RFC 8586."""
from http_cases import ASKED, HIT, MISS, VALIDATED, Answer, Case, Step

V1, V2, WEAK = ("ETag", '"v1"'), ("ETag", '"v2"'), ("ETag", 'W/"v1"')
OLD = ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
NEWER = ("Last-Modified", "Mon, 07 Nov 1994 08:49:37 GMT")


def stale(*fields, **more):
    return Answer("max-age=0", fields, **more)


def fresh(*fields, **more):
    return Answer("max-age=60", fields, **more)


def unmodified(*fields, control="max-age=60", **more):
    return Answer(control, fields, status=304, **more)


def refreshed(name, section, first, second, **then):
    """Stale at once, validated by a 304, then reused."""
    return Case(name, section, [Step(MISS, first), Step(VALIDATED, second, status=200),
                                Step(HIT, **then)])


def if_matches(name, section, stored, fields, status=304, **more):
    return Case(name, section, [Step(MISS, fresh(*stored)),
                                Step(HIT, fields=fields, status=status, **more)])


VALIDATION = [
    Case("by ETag", "4.3.1", [
        Step(MISS, stale(V1)),
        Step(VALIDATED, unmodified(V1), status=200, sent={"If-None-Match": '"v1"'}), Step(HIT)]),
    Case("by Last-Modified", "4.3.1", [
        Step(MISS, stale(OLD)),
        Step(VALIDATED, unmodified(OLD), status=200, sent={"If-Modified-Since": OLD[1]}),
        Step(HIT)]),
    Case("by both", "4.3.1", [
        Step(MISS, stale(V1, OLD)),
        Step(VALIDATED, unmodified(V1), status=200,
             sent={"If-None-Match": '"v1"', "If-Modified-Since": OLD[1]}), Step(HIT)]),
    Case("a weak tag is sent as it is", "4.3.1", [
        Step(MISS, stale(WEAK)),
        Step(VALIDATED, unmodified(WEAK), status=200, sent={"If-None-Match": 'W/"v1"'}),
        Step(HIT)]),
    Case("a tag without quotes is sent as it is", "4.3.1", [
        Step(MISS, stale(("ETag", "v1"))),
        Step(VALIDATED, unmodified(("ETag", "v1")), status=200, sent={"If-None-Match": "v1"})]),
    Case("no-cache validates each time", "5.2.2.4", [
        Step(MISS, Answer("no-cache", (V1,))),
        Step(VALIDATED, unmodified(V1, control="no-cache"), status=200),
        Step(VALIDATED, unmodified(V1, control="no-cache"), status=200)]),
    Case("a 200 replaces what was stored", "4.3.3", [
        Step(MISS, stale(V1)), Step(VALIDATED, fresh(V2)), Step(HIT, has={"ETag": '"v2"'})]),
    Case("a 200 that may not be stored ends what was stored", "4.3.3", [
        Step(MISS, stale(V1)), Step(VALIDATED, Answer("no-store", (V2,))),
        Step(MISS, fresh(V2))]),
    Case("a 404 that may be stored replaces it", "4.3.3", [
        Step(MISS, stale(V1)), Step(VALIDATED, fresh(status=404)), Step(HIT, status=404)]),
    Case("a 5xx is passed on and replaces nothing", "4.3.3", [
        Step(MISS, stale(V1)), Step(VALIDATED, Answer(status=500)),
        Step(VALIDATED, unmodified(V1), status=200)]),
    Case("a 304 with another tag is not about it", "4.3.4", [
        Step(MISS, stale(V1)),
        Step(ASKED, unmodified(V2, body=b"new"), status=200, body=b"new", has={"ETag": '"v2"'}),
        Step(HIT, body=b"new")]),
    Case("a 304 with another Last-Modified is not about it", "4.3.4", [
        Step(MISS, stale(OLD)),
        Step(ASKED, unmodified(NEWER, body=b"new"), status=200, body=b"new")]),
    Case("a weak tag in a 304 matches weakly", "4.3.4", [
        Step(MISS, stale(V1)), Step(VALIDATED, unmodified(WEAK), status=200), Step(HIT)]),
    refreshed("a 304 without validators", "4.3.4", stale(V1), unmodified()),
    refreshed("a 304 without Date", "6.6.1", stale(V1, ("Date", "@-600"), date=False),
              unmodified(V1, date=False)),
    Case("a 304 that ends the freshness", "4.3.4", [
        Step(MISS, stale(V1)), Step(VALIDATED, unmodified(V1, control="max-age=0"), status=200),
        Step(VALIDATED, unmodified(V1), status=200)]),
    Case("a 304 that forbids storing", "4.3.4", [
        Step(MISS, stale(V1)), Step(VALIDATED, unmodified(V1, control="no-store"), status=200),
        Step(MISS, fresh(V1))]),
    Case("validation starts the age anew", "4.2.3", [
        Step(MISS, stale(V1, ("Age", "50"))),
        Step(VALIDATED, unmodified(V1), status=200, lacks=("Age",)),
        Step(HIT, has={"Age": "[01]"})]),
    Case("the client's own tag is not what the cache validates with", "4.3.1", [
        Step(MISS, stale(V1)),
        Step(ASKED, unmodified(V1), status=200, fields=(("If-None-Match", '"x"'),),
             sent={"If-None-Match": '.*"v1".*'})]),
    Case("the client gets its 304 after the cache got one", "4.3.2", [
        Step(MISS, stale(V1)),
        Step(ASKED, unmodified(V1), status=304, fields=(("If-None-Match", '"v1"'),))]),
    Case("a condition on nothing stored is answered from the whole", "4.3.2", [
        Step(MISS, fresh(V1), status=304, fields=(("If-None-Match", '"v1"'),)), Step(HIT)]),
]

UPDATES = [
    refreshed("fields of a 304 replace stored ones", "3.2",
              stale(V1, ("X-A", "old"), ("X-A", "older"), ("X-B", "stays")),
              unmodified(V1, ("X-A", "new"), ("X-C", "more")),
              has={"X-A": "new", "X-B": "stays", "X-C": "more"}),
    refreshed("Cache-Control of a 304 counts", "3.2", stale(V1), unmodified(V1),
              has={"Cache-Control": "max-age=60"}),
    refreshed("Expires of a 304 counts", "3.2", Answer(None, (V1, ("Expires", "@-60"))),
              Answer(None, (V1, ("Expires", "@60")), status=304)),
    refreshed("Content-Length of a 304 does not", "3.2", stale(V1),
              unmodified(V1, ("Content-Length", "3"))),
    refreshed("Content-Type does", "3.2", stale(V1, ("Content-Type", "text/a")),
              unmodified(V1, ("Content-Type", "text/b")), has={"Content-Type": "text/b"}),
    refreshed("fields a 304's Connection names do not", "3.2", stale(V1, ("X-A", "old")),
              unmodified(V1, ("Connection", "x-a"), ("X-A", "new")), has={"X-A": "old"}),
    Case("the validated answer has the new fields at once", "3.2", [
        Step(MISS, stale(V1, ("X-A", "old"))),
        Step(VALIDATED, unmodified(V1, ("X-A", "new")), status=200, has={"X-A": "new"})]),
    Case("HEAD with another tag outdates it", "4.3.5", [
        Step(MISS, fresh(V1)),
        Step(ASKED, fresh(V2), method="HEAD", fields=(("Cache-Control", "no-cache"),)),
        Step(ASKED, fresh(V2))]),
    Case("HEAD with another length outdates it", "4.3.5", [
        Step(MISS, fresh(body=b"12345")),
        Step(ASKED, fresh(body=b"123"), method="HEAD", fields=(("Cache-Control", "no-cache"),)),
        Step(ASKED, fresh(body=b"123"))]),
    Case("HEAD with the same renews it", "4.3.5", [
        Step(MISS, stale(V1, ("X-A", "old"), body=b"12345")),
        Step(ASKED, fresh(V1, ("X-A", "new"), body=b"12345"), method="HEAD"),
        Step(HIT, has={"X-A": "new"})]),
    Case("HEAD is answered from a stored GET", "4", [
        Step(MISS, fresh(V1, body=b"12345")),
        Step(HIT, method="HEAD", has={"Content-Length": "5", "ETag": '"v1"'})]),
    Case("GET is not answered from a HEAD", "4", [
        Step(ASKED, fresh(V1), method="HEAD"), Step(MISS, fresh(V1))]),
]

CONDITIONS = [
    if_matches("the same tag", "4.3.2", (V1,), (("If-None-Match", '"v1"'),),
               has={"ETag": '"v1"', "Cache-Control": "max-age=60", "Date": ".*GMT"}),
    if_matches("one of several tags", "4.3.2", (V1,), (("If-None-Match", '"a", "v1" , "b"'),)),
    if_matches("tags in several lines", "4.3.2", (V1,),
               (("If-None-Match", '"a"'), ("If-None-Match", '"v1"'))),
    if_matches("weak and strong match", "4.3.2", (V1,), (("If-None-Match", 'W/"v1"'),)),
    if_matches("weak and weak match", "4.3.2", (WEAK,), (("If-None-Match", 'W/"v1"'),)),
    if_matches("strong matches weak", "4.3.2", (WEAK,), (("If-None-Match", '"v1"'),)),
    if_matches("*", "4.3.2", (V1,), (("If-None-Match", "*"),)),
    if_matches("another tag", "4.3.2", (V1,), (("If-None-Match", '"v2"'),), 200),
    if_matches("a tag within a tag", "4.3.2", (("ETag", '"a,b"'),), (("If-None-Match", '"a"'),),
               200),
    if_matches("a tag with a comma", "4.3.2", (("ETag", '"a,b"'),), (("If-None-Match", '"a,b"'),)),
    if_matches("tags differ by case", "4.3.2", (V1,), (("If-None-Match", '"V1"'),), 200),
    if_matches("no tag stored", "4.3.2", (), (("If-None-Match", '"v1"'),), 200),
    if_matches("since the same", "4.3.2", (OLD,), (("If-Modified-Since", OLD[1]),)),
    if_matches("since later", "4.3.2", (OLD,), (("If-Modified-Since", NEWER[1]),)),
    if_matches("since earlier", "4.3.2", (NEWER,), (("If-Modified-Since", OLD[1]),), 200),
    if_matches("since a date in RFC 850's form", "4.3.2", (OLD,),
               (("If-Modified-Since", "Monday, 07-Nov-94 08:49:37 GMT"),)),
    if_matches("since no date", "13.1.3", (OLD,), (("If-Modified-Since", "yesterday"),), 200),
    if_matches("since two dates", "13.1.3", (OLD,),
               (("If-Modified-Since", NEWER[1]), ("If-Modified-Since", NEWER[1])), 200),
    if_matches("tags decide before dates", "13.2.2", (V1, OLD),
               (("If-None-Match", '"v2"'), ("If-Modified-Since", NEWER[1])), 200),
    if_matches("tags decide before dates, same", "13.2.2", (V1, NEWER),
               (("If-None-Match", '"v1"'), ("If-Modified-Since", OLD[1]))),
    if_matches("Date stands in for Last-Modified", "4.3.2", (),
               (("If-Modified-Since", "@60"),)),
    if_matches("a 304 has Vary, Content-Location and Expires", "15.4.5",
               (V1, ("Vary", "X-A"), ("Content-Location", "/x"), ("Expires", "@60")),
               (("If-None-Match", '"v1"'),),
               has={"Vary": "X-A", "Content-Location": "/x", "Expires": ".*GMT"},
               lacks=("Content-Length", "Content-Type")),
    Case("conditions are about a 200 only", "13.2.1", [
        Step(MISS, fresh(V1, status=404)),
        Step(HIT, fields=(("If-None-Match", '"v1"'),), status=404)]),
    Case("HEAD with a condition", "4.3.2", [
        Step(MISS, fresh(V1)),
        Step(HIT, method="HEAD", fields=(("If-None-Match", '"v1"'),), status=304)]),
]


def varied(name, vary, first, second, same, *more):
    steps = [Step(MISS, fresh(("Vary", vary), *more), fields=first),
             Step(HIT if same else MISS, fresh(("Vary", vary), *more), fields=second)]
    return Case(name, "4.1", steps)


A1, A2, B1 = ("X-A", "1"), ("X-A", "2"), ("X-B", "1")
VARIANTS = [
    varied("the same value", "X-A", (A1,), (A1,), True),
    varied("another value", "X-A", (A1,), (A2,), False),
    varied("then none", "X-A", (A1,), (), False),
    varied("first none", "X-A", (), (A1,), False),
    varied("none twice", "X-A", (), (), True),
    varied("empty and none differ", "X-A", (("X-A", ""),), (), False),
    varied("another field does not matter", "X-A", (A1, B1), (A1,), True),
    varied("names without case", "x-a", (A1,), (("x-A", "1"),), True),
    varied("values with case", "X-A", (("X-A", "a"),), (("X-A", "A"),), False),
    varied("both of a list, same", "X-A, X-B", (A1, B1), (A1, B1), True),
    varied("both of a list, one differs", "X-A, X-B", (A1, B1), (A1,), False),
    varied("a second line", "X-B", (A1, B1), (A2, B1), False, ("Vary", "X-A")),
    varied("a second line, same", "X-B", (A1, B1), (A1, B1), True, ("Vary", "X-A")),
    varied("spaces in a list", "X-A", (("X-A", "1, 2"),), (("X-A", "1,2"),), True),
    varied("lines of a list", "X-A", (("X-A", "1"), ("X-A", "2")), (("X-A", "1, 2"),), True),
    varied("order matters", "X-A", (("X-A", "1, 2"),), (("X-A", "2, 1"),), False),
    varied("*", "*", (), (), False),
    varied("* in a list", "X-A, *", (A1,), (A1,), False),
    varied("* in a second line", "X-A", (A1,), (A1,), False, ("Vary", "*")),
    varied("Accept-Encoding by the codings it names", "Accept-Encoding",
           (("Accept-Encoding", "gzip, deflate, br"),),
           (("Accept-Encoding", "br;q=1.0, gzip;q=0.9"),), True),
    varied("Accept-Encoding that refuses", "Accept-Encoding", (("Accept-Encoding", "gzip"),),
           (("Accept-Encoding", "gzip;q=0"),), False),
    Case("variants stay beside each other", "4.1", [
        Step(MISS, fresh(("Vary", "X-A"), body=b"one"), fields=(A1,)),
        Step(MISS, fresh(("Vary", "X-A"), body=b"two"), fields=(A2,)),
        Step(HIT, fields=(A1,), body=b"one"), Step(HIT, fields=(A2,), body=b"two")]),
    Case("the newest that matches", "4.1", [
        Step(MISS, fresh(("Vary", "X-A"), body=b"one"), fields=(A1,)),
        Step(MISS, fresh(body=b"two"), fields=(A2,)), Step(HIT, fields=(A1,), body=b"two")]),
    Case("a 304 renews the variant that was asked for", "4.3.4", [
        Step(MISS, stale(V1, ("Vary", "X-A"), body=b"one"), fields=(A1,)),
        Step(MISS, stale(V2, ("Vary", "X-A"), body=b"two"), fields=(A2,)),
        Step(VALIDATED, unmodified(V1), fields=(A1,), status=200, body=b"one",
             sent={"If-None-Match": '"v1"'}),
        Step(HIT, fields=(A1,), body=b"one"),
        Step(VALIDATED, unmodified(V2), fields=(A2,), status=200, body=b"two")]),
    Case("an unsafe method ends all variants", "4.4", [
        Step(MISS, fresh(("Vary", "X-A")), fields=(A1,)),
        Step(MISS, fresh(("Vary", "X-A")), fields=(A2,)),
        Step(ASKED, Answer(), method="POST", status=200),
        Step(MISS, fresh(("Vary", "X-A")), fields=(A1,)),
        Step(MISS, fresh(("Vary", "X-A")), fields=(A2,))]),
]


def after(method, status, gone):
    return Case(f"{method} answered {status}", "4.4", [
        Step(MISS, fresh(body=b"kept")), Step(ASKED, Answer(status=status), method=method),
        Step(MISS if gone else HIT, fresh(), body=None if gone else b"kept")])


INVALIDATION = [
    *[after(method, 200, True) for method in ("POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "FOO")],
    *[after("POST", status, True) for status in (201, 204, 302, 303, 399)],
    *[after("POST", status, False) for status in (400, 404, 409, 500, 503)],
    *[after(method, 200, False) for method in ("OPTIONS",)],
    Case("only the target", "4.4", [
        Step(MISS, fresh(body=b"kept"), query="?a"),
        Step(ASKED, Answer(body=b""), method="POST"), Step(HIT, query="?a", body=b"kept")]),
    *[Case(f"{field} {kind}", "4.4", [
        Step(MISS, fresh(body=b"kept"), query="?a"),
        Step(ASKED, Answer(fields=((field, value),), status=201, body=b""), method="POST"),
        Step(MISS if gone else HIT, fresh(), query="?a", body=None if gone else b"kept")])
      for field in ("Location", "Content-Location")
      for kind, value, gone in (("of the query alone", "?a", True),
                                ("with a fragment", "?a#x", True),
                                ("of another host", "http://other.example/?a", False),
                                ("of another query", "?b", False))],
]

ABC = b"0123456789" * 30


def ranged(name, value, status=206, body=None, has=None, more=(), stored=(V1,), section="14.2"):
    return Case(name, section, [
        Step(MISS, fresh(*stored, body=ABC)),
        Step(HIT, fields=(("Range", value),) + more, status=status, has=has or {},
             body=ABC if body is None else body)])


def part(first, last, *fields, control="max-age=60"):
    return Answer(control, fields + (("Content-Range", f"bytes {first}-{last}/300"),), status=206,
                  body=ABC[first:last + 1])


def asks_part(first, last, expect=ASKED, origin=None, **more):
    return Step(expect, origin, fields=(("Range", f"bytes={first}-{last}"),), status=206,
                body=ABC[first:last + 1],
                has={"Content-Range": f"bytes {first}-{last}/300"}, **more)


RANGES = [
    ranged("the first octets", "bytes=0-4", body=ABC[:5],
           has={"Content-Range": "bytes 0-4/300", "Content-Length": "5", "ETag": '"v1"'}),
    ranged("the middle", "bytes=100-199", body=ABC[100:200]),
    ranged("to the end", "bytes=290-", body=ABC[290:]),
    ranged("the last octets", "bytes=-7", body=ABC[-7:],
           has={"Content-Range": "bytes 293-299/300"}),
    ranged("more than there is", "bytes=290-999", body=ABC[290:]),
    ranged("a suffix longer than the whole", "bytes=-999", body=ABC),
    ranged("units without case", "BYTES=0-4", body=ABC[:5]),
    ranged("behind the end", "bytes=300-", 416, has={"Content-Range": r"bytes \*/300"}),
    ranged("another unit", "lines=0-4", 200),
    ranged("not a range", "bytes=a-b", 200),
    ranged("last before first", "bytes=5-4", 200),
    ranged("no ranges", "bytes=", 200),
    ranged("close ranges are one", "bytes=0-4,6-9", body=ABC[:10]),
    ranged("one of two is behind the end", "bytes=0-4,900-", body=ABC[:5]),
    ranged("If-Range with the tag", "bytes=0-4", body=ABC[:5], more=(("If-Range", '"v1"'),)),
    ranged("If-Range with another tag", "bytes=0-4", 200, more=(("If-Range", '"v2"'),)),
    ranged("If-Range with a weak tag", "bytes=0-4", 200, more=(("If-Range", 'W/"v1"'),),
           stored=(WEAK,)),
    ranged("If-Range with the date", "bytes=0-4", body=ABC[:5], more=(("If-Range", OLD[1]),),
           stored=(OLD,)),
    ranged("If-Range with another date", "bytes=0-4", 200, more=(("If-Range", NEWER[1]),),
           stored=(OLD,)),
    Case("two ranges are parts", "14.6", [
        Step(MISS, fresh(V1, ("Content-Type", "text/x"), body=ABC)),
        Step(HIT, fields=(("Range", "bytes=200-204,-5"),), status=206,
             body=False, has={"Content-Type": "multipart/byteranges; boundary=.+"},
             lacks=("Content-Range",), raw=b"Content-Range: bytes 200-204/300\r\n\r\n01234\r\n--")]),
    Case("Range is for GET", "14.2", [
        Step(MISS, fresh(V1, body=ABC)),
        Step(HIT, method="HEAD", fields=(("Range", "bytes=0-4"),), status=200,
             has={"Content-Length": "300"})]),
    Case("If-None-Match decides before Range", "13.2.2", [
        Step(MISS, fresh(V1, body=ABC)),
        Step(HIT, fields=(("Range", "bytes=0-4"), ("If-None-Match", '"v1"')), status=304)]),
    Case("whole slices are asked for around a range of nothing stored", "14.2", [
        asks_part(10, 19, origin=part(10, 19, V1), sent={"Range": "bytes=0-1048575"})], ours=True),
    Case("a suffix of nothing stored is asked for as it is", "14.2", [
        Step(MISS, part(290, 299, V1), fields=(("Range", "bytes=-10"),), status=206,
             body=ABC[290:], sent={"Range": "bytes=-10"})]),
    Case("a stored part answers ranges within it", "3.3", [
        asks_part(10, 19, origin=part(10, 19, V1)), asks_part(10, 19, HIT), asks_part(12, 15, HIT)]),
    Case("a stored part does not answer for the whole", "3.3", [
        asks_part(0, 19, origin=part(0, 19)), Step(MISS, fresh(body=ABC))]),
    Case("a stored part does not answer ranges outside it", "3.3", [
        asks_part(10, 19, origin=part(10, 19, V1)), asks_part(40, 49, origin=part(40, 49, V1))]),
    Case("a part that is stale is validated", "4.3.1", [
        asks_part(10, 19, origin=part(10, 19, V1, control="max-age=0")),
        asks_part(10, 19, VALIDATED, unmodified(V1)), asks_part(10, 19, HIT)]),
    Case("parts that touch are combined", "3.4", [
        asks_part(10, 19, origin=part(10, 19, V1)), asks_part(20, 29, origin=part(20, 29, V1)),
        asks_part(10, 29, HIT), asks_part(15, 24, HIT)]),
    Case("parts are combined from behind", "3.4", [
        asks_part(20, 29, origin=part(20, 29, V1)), asks_part(10, 19, origin=part(10, 19, V1)),
        asks_part(10, 29, HIT)]),
    Case("only what lacks is asked for", "3.4", [
        asks_part(10, 19, origin=part(10, 19, V1)),
        asks_part(15, 29, origin=part(20, 29, V1),
                  sent={"Range": "bytes=20-29", "If-Range": '"v1"'}), asks_part(10, 29, HIT)]),
    Case("parts that overlap are combined", "3.4", [
        asks_part(10, 19, origin=part(10, 19, V1)), asks_part(15, 29, origin=part(15, 29, V1)),
        asks_part(10, 29, HIT)]),
    Case("parts of different tags are not", "3.4", [
        asks_part(10, 19, origin=part(10, 19, V1)), asks_part(20, 29, origin=part(20, 29, V2)),
        asks_part(10, 29, origin=part(10, 29, V2))]),
    Case("parts of weak tags are not", "3.4", [
        asks_part(10, 19, origin=part(10, 19, WEAK)), asks_part(20, 29, origin=part(20, 29, WEAK)),
        asks_part(10, 29, origin=part(10, 29, WEAK))]),
    Case("the rest makes a part whole", "3.4", [
        asks_part(0, 99, origin=part(0, 99, V1)),
        Step(ASKED, part(100, 299, V1), status=200, body=ABC,
             sent={"Range": "bytes=100-299", "If-Range": '"v1"'}), Step(HIT, body=ABC)]),
    Case("the whole comes when the part has changed", "3.4", [
        asks_part(0, 99, origin=part(0, 99, V1)), Step(ASKED, fresh(V2, body=ABC)), Step(HIT)]),
    Case("a response cut short is completed", "3.3", [
        Step(MISS, fresh(V1, body=ABC[:100], length=300, cut=True)),
        Step(ASKED, part(100, 299, V1), status=200, body=ABC,
             sent={"Range": "bytes=100-299", "If-Range": '"v1"'}), Step(HIT, body=ABC)]),
    Case("a response cut short answers ranges within it", "3.3", [
        Step(MISS, fresh(V1, body=ABC[:100], length=300, cut=True)), asks_part(10, 19, HIT)]),
    Case("a response cut short does not answer for the whole", "3.3", [
        Step(MISS, fresh(body=ABC[:100], length=300, cut=True)), Step(MISS, fresh(body=ABC))]),
    Case("what no store may hold is no part either", "3.3", [
        asks_part(10, 19, origin=part(10, 19, V1, control="no-store")),
        asks_part(10, 19, origin=part(10, 19, V1))]),
    Case("a 206 nobody asked for is not stored", "3.3", [
        Step(MISS, part(0, 99, V1), status=206, body=ABC[:100]), Step(MISS, fresh(body=ABC))]),
    Case("a 416 says nothing about the whole", "3.3", [
        Step(ASKED, fresh(("Content-Range", "bytes */300"), status=416),
             fields=(("Range", "bytes=900-"),)), Step(MISS, fresh(body=ABC))]),
    Case("an origin that does not know ranges", "14.2", [
        Step(ASKED, fresh(V1, body=ABC), fields=(("Range", "bytes=10-19"),), status=206,
             body=ABC[10:20]), Step(HIT, body=ABC)]),
    Case("all that there is is the whole", "14.2", [
        Step(ASKED, fresh(V1, body=ABC), fields=(("Range", "bytes=0-"),), status=206, body=ABC,
             unsent=("Range",)), Step(HIT, body=ABC)], ours=True),
]

STALE = [
    Case("stale-while-revalidate: at once, and asked behind", "5861 3", [
        Step(MISS, Answer("max-age=10, stale-while-revalidate=60", (V1, ("Age", "20")))),
        Step(HIT, fresh(V2), until_asked=True, has={"Age": "2[01]"}),
        Step(HIT, body=False, wait=0.2, has={"ETag": '"v2"'})]),
    Case("stale-while-revalidate: validated behind", "5861 3", [
        Step(MISS, Answer("max-age=10, stale-while-revalidate=60", (V1, ("Age", "20")))),
        Step(HIT, unmodified(V1), until_asked=True, sent={"If-None-Match": '"v1"'}),
        Step(HIT, wait=0.2)]),
    Case("stale-while-revalidate: an error behind changes nothing", "5861 3", [
        Step(MISS, Answer("max-age=10, stale-while-revalidate=60", (V1, ("Age", "20")))),
        Step(HIT, Answer("max-age=60", status=503), until_asked=True),
        Step(HIT, unmodified(V1), until_asked=True, wait=0.2)]),
    Case("stale-while-revalidate ends", "5861 3", [
        Step(MISS, Answer("max-age=10, stale-while-revalidate=60", (V1, ("Age", "70")))),
        Step(VALIDATED, unmodified(V1), status=200)]),
    Case("stale-while-revalidate beside s-maxage", "5861 3", [
        Step(MISS, Answer("s-maxage=10, stale-while-revalidate=60", (V1, ("Age", "20")))),
        Step(HIT, fresh(V2), until_asked=True)], ours=True),
    *[Case(f"stale-while-revalidate beside {word}", "5861 3", [
        Step(MISS, Answer(f"max-age=10, stale-while-revalidate=60, {word}",
                          (V1, ("Age", "20")))),
        Step(VALIDATED, unmodified(V1), status=200)])
      for word in ("must-revalidate", "proxy-revalidate", "no-cache")],
    *[Case(f"stale-while-revalidate and a request with {word}", "5.2.1", [
        Step(MISS, Answer("max-age=10, stale-while-revalidate=60", (V1, ("Age", "20")))),
        Step(VALIDATED, unmodified(V1), status=200, fields=(("Cache-Control", word),))])
      for word in ("no-cache", "max-age=5", "min-fresh=1")],
    *[Case(f"stale-if-error: {status}", "5861 4", [
        Step(MISS, Answer("max-age=10, stale-if-error=60", (V1, ("Age", "20")))),
        Step(ASKED, Answer(status=status), status=200, has={"ETag": '"v1"', "Age": "2[01]"})])
      for status in (500, 502, 503, 504)],
    *[Case(f"stale-if-error is not for {status}", "5861 4", [
        Step(MISS, Answer("max-age=10, stale-if-error=60", (V1, ("Age", "20")))),
        Step(ASKED, Answer(status=status), status=status)])
      for status in (400, 404, 501)],
    Case("stale-if-error ends", "5861 4", [
        Step(MISS, Answer("max-age=10, stale-if-error=60", (V1, ("Age", "70")))),
        Step(ASKED, Answer(status=503), status=503)]),
    Case("stale-if-error of the request", "5861 4", [
        Step(MISS, Answer("max-age=10", (V1, ("Age", "20")))),
        Step(ASKED, Answer(status=503), status=200,
             fields=(("Cache-Control", "stale-if-error=60"),))]),
    *[Case(f"stale-if-error beside {word}", "5861 4", [
        Step(MISS, Answer(f"max-age=10, stale-if-error=60, {word}", (V1, ("Age", "20")))),
        Step(ASKED, Answer(status=503), status=503)])
      for word in ("must-revalidate", "proxy-revalidate", "no-cache")],
    Case("a 5xx without stale-if-error is passed on", "4.2.4", [
        Step(MISS, stale(V1)), Step(ASKED, Answer(status=503), status=503)]),
    Case("no answer: the stale one", "4.2.4", [
        Step(MISS, stale(V1, body=b"kept")),
        Step(ASKED, Answer(interim=b"garbage\r\n\r\n"), status=200, body=b"kept")]),
    *[Case(f"no answer beside {word}", "4.2.4", [
        Step(MISS, Answer(f"{word}", (V1, ("Age", "20")))),
        Step(ASKED, Answer(interim=b"garbage\r\n\r\n"), status=502)])
      for word in ("max-age=10, must-revalidate", "max-age=10, proxy-revalidate", "s-maxage=10",
                   "no-cache")],
    Case("max-stale without a bound", "5.2.1.2", [
        Step(MISS, Answer("max-age=10", (V1, ("Age", "20")))),
        Step(HIT, fields=(("Cache-Control", "max-stale"),), has={"Age": "2[01]"})]),
    Case("max-stale within its bound", "5.2.1.2", [
        Step(MISS, Answer("max-age=10", (V1, ("Age", "20")))),
        Step(HIT, fields=(("Cache-Control", "max-stale=100"),))]),
    Case("max-stale beyond its bound", "5.2.1.2", [
        Step(MISS, Answer("max-age=10", (V1, ("Age", "20")))),
        Step(VALIDATED, unmodified(V1), status=200, fields=(("Cache-Control", "max-stale=5"),))]),
    *[Case(f"max-stale against {word}", "5.2.1.2", [
        Step(MISS, Answer(word, (V1, ("Age", "20")))),
        Step(VALIDATED, unmodified(V1), status=200, fields=(("Cache-Control", "max-stale"),))])
      for word in ("max-age=10, must-revalidate", "max-age=10, proxy-revalidate", "s-maxage=10",
                   "max-age=10, no-cache")],
]


def passes(name, section, origin, has=None, lacks=(), hit_has=None, hit_lacks=None, **step):
    return Case(name, section, [
        Step(MISS, origin, has=has or {}, lacks=lacks, **step),
        Step(HIT, has=hit_has or has or {}, lacks=lacks if hit_lacks is None else hit_lacks)])


HOP = tuple((name, "x") for name in ("Keep-Alive", "Proxy-Connection", "Proxy-Authenticate",
                                     "Proxy-Authentication-Info", "TE", "Upgrade", "Trailer"))
FIELDS = [
    passes("unknown fields are stored", "3.1", fresh(("X-A", "1"), ("x-b", "two words")),
           {"X-A": "1", "X-B": "two words"}),
    passes("several lines of a field stay", "3.1", fresh(("X-A", "1"), ("X-A", "2")),
           {"X-A": "1, 2"}),
    passes("fields about the connection are not", "9110 7.6.1", fresh(*HOP),
           lacks=tuple(name for name, _ in HOP)),
    passes("fields that Connection names are not", "9110 7.6.1",
           fresh(("Connection", "x-a, X-B , close"), ("X-A", "1"), ("x-b", "2"), ("X-C", "3")),
           {"X-C": "3"}, ("X-A", "X-B")),
    passes("fields that two Connections name are not", "9110 7.6.1",
           fresh(("Connection", "x-a"), ("X-A", "1"), ("connection", "x-b"), ("X-B", "2")),
           lacks=("X-A", "X-B")),
    Case("fields of a request that Connection names stay here", "9110 7.6.1", [
        Step(MISS, fresh(), fields=(("X-Hop", "1"), ("Connection", "x-hop"), ("X-End", "1"),
                                    ("TE", "trailers"), ("Proxy-Authorization", "x")),
             sent={"X-End": "1"}, unsent=("X-Hop", "TE", "Connection", "Proxy-Authorization"))]),
    passes("Date stays that of the origin", "9110 6.6.1",
           fresh(("Date", "@-30"), date=False), {"Date": ".* GMT"}),
    Case("Via is added both ways", "9110 7.6.3", [
        Step(MISS, fresh(("Via", "1.0 first")), fields=(("Via", "2 before"),),
             sent={"Via": "2 before, 1.1 fra-a"}, has={"Via": "1.0 first, 1.1 fra-a"}),
        Step(HIT, has={"Via": "1.0 first, 1.1 fra-a"})], ours=True),
    Case("CDN-Loop is added", "8586 2", [
        Step(MISS, fresh(), fields=(("CDN-Loop", "other; a=b"),),
             sent={"CDN-Loop": "other; a=b, fra-a"})], ours=True),
    Case("CDN-Loop with this cache", "8586 2", [
        Step(HIT, fields=(("CDN-Loop", "other, fra-a; x=1"),), status=508)], ours=True),
    Case("Max-Forwards of OPTIONS is counted", "9110 7.6.2", [
        Step(ASKED, fresh(), method="OPTIONS", fields=(("Max-Forwards", "3"),),
             sent={"Max-Forwards": "2"}),
        Step(HIT, method="OPTIONS", fields=(("Max-Forwards", "0"),), body=False)]),
    Case("Max-Forwards of GET is not", "9110 7.6.2", [
        Step(MISS, fresh(), fields=(("Max-Forwards", "0"),), sent={"Max-Forwards": "0"})]),
    Case("103 is passed on, 100 is not", "9110 15.2", [
        Step(MISS, fresh(interim=b"HTTP/1.1 100 Continue\r\n\r\n"
                                 b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
             raw=b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n"), Step(HIT)], ours=True),
    Case("Warning is neither made nor dropped", "5.5", [
        Step(MISS, fresh(("Warning", '199 - "x"')), has={"Warning": '199 - "x"'}),
        Step(HIT, has={"Warning": '199 - "x"'})]),
    Case("a request with a query is another", "2", [
        Step(MISS, fresh(), query="?a"), Step(MISS, fresh(), query="?b"),
        Step(HIT, query="?b")]),
    Case("the path's case matters", "2", [
        Step(MISS, fresh(), query="/a"), Step(MISS, fresh(), query="/A")]),
    Case("HTTP/1.0 clients are answered from the store", "9112", [
        Step(MISS, fresh()), Step(HIT, minor=0)]),
    Case("a request with content is not answered from the store", "2", [
        Step(MISS, fresh()), Step(ASKED, fresh(), fields=(("Content-Length", "0"), ), method="PUT")]),
    Case("If-Match is for the origin", "4.3.2", [
        Step(MISS, fresh(V1)), Step(ASKED, Answer(status=412), fields=(("If-Match", '"x"'),),
                                    sent={"If-Match": '"x"'})]),
    Case("If-Unmodified-Since is for the origin", "4.3.2", [
        Step(MISS, fresh(OLD)),
        Step(ASKED, Answer(status=412), fields=(("If-Unmodified-Since", OLD[1]),))]),
]


def tells(name, step_status, *steps):
    return Case(name, "9211 2", [*steps, step_status], ours=True)


CACHE_STATUS = [
    tells("miss", Step(MISS, fresh(), has={"Cache-Status": "fra-a; fwd=uri-miss; ttl=(60|59|58); stored"})),
    tells("not stored", Step(MISS, Answer("no-store"),
                             has={"Cache-Status": "fra-a; fwd=uri-miss"})),
    tells("hit", Step(HIT, has={"Cache-Status": r"fra-a; hit; ttl=(60|59|58)"}), Step(MISS, fresh())),
    tells("validated", Step(VALIDATED, unmodified(V1), status=200, has={
        "Cache-Status": "fra-a; fwd=stale; fwd-status=304; ttl=(60|59|58); stored"}),
          Step(MISS, stale(V1))),
    tells("the request's doing", Step(MISS, fresh(), fields=(("Cache-Control", "no-cache"),), has={
        "Cache-Status": "fra-a; fwd=request; ttl=(60|59|58); stored"}), Step(MISS, fresh())),
    tells("another variant", Step(MISS, fresh(("Vary", "X-A")), fields=(A2,), has={
        "Cache-Status": "fra-a; fwd=vary-miss; ttl=(60|59|58); stored"}),
          Step(MISS, fresh(("Vary", "X-A")), fields=(A1,))),
    tells("a part", Step(
        ASKED, part(20, 29, V1), fields=(("Range", "bytes=20-29"),), status=206, body=ABC[20:30],
        has={"Cache-Status": "fra-a; fwd=partial; ttl=(60|59|58); stored",
             "Content-Range": "bytes 20-29/300"}), asks_part(10, 19, origin=part(10, 19, V1))),
    tells("a method", Step(ASKED, Answer(), method="POST", has={
        "Cache-Status": "fra-a; fwd=method"})),
    tells("bypass", Step(ASKED, Answer(), fields=(("If-Match", "*"),), has={
        "Cache-Status": "fra-a; fwd=bypass"})),
    tells("stale on an error", Step(ASKED, Answer(status=503), status=200, has={
        "Cache-Status": r"fra-a; hit; ttl=-1[012]; detail=origin-error"}),
          Step(MISS, Answer("max-age=10, stale-if-error=60", (V1, ("Age", "20"))))),
    tells("its own 304 of a miss", Step(
        MISS, fresh(V1), status=304, fields=(("If-None-Match", '"v1"'),),
        has={"Cache-Status": "fra-a; fwd=uri-miss; fwd-status=200; ttl=(60|59|58); stored"})),
    tells("behind another cache's", Step(MISS, fresh(("Cache-Status", "up; hit")), has={
        "Cache-Status": "up; hit, fra-a; fwd=uri-miss; ttl=(60|59|58); stored"})),
]

CASES = (VALIDATION + UPDATES + CONDITIONS + VARIANTS + INVALIDATION + RANGES + STALE + FIELDS +
         CACHE_STATUS)
