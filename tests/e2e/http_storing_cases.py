"""What may be stored and for how long: RFC 9111 3, 4.2, 5.2, 5.3; RFC 9213."""
from http_cases import ASKED, HIT, MISS, Answer, Case, Step

ETAG = ("ETag", '"v1"')


def reused(name, section, origin, first=(), second=(), ours=False, **hit):
    """The second request is answered without the origin."""
    return Case(name, section, [Step(MISS, origin, fields=first),
                                Step(HIT, status=origin.status, fields=second, **hit)], ours)


def not_reused(name, section, origin, first=(), second=(), ours=False):
    return Case(name, section, [Step(MISS, origin, fields=first),
                                Step(ASKED, origin, fields=second)], ours)


def control(name, section, value, fresh, *fields):
    make = reused if fresh else not_reused
    return make(name, section, Answer(value, fields))


def asks(name, section, value, fresh, *fields, request=(), ours=False):
    """A stored response (max-age=100) and a request with Cache-Control: value."""
    steps = [Step(MISS, Answer("max-age=100", fields)),
             Step(HIT if fresh else ASKED, Answer("max-age=100", fields),
                  fields=(("Cache-Control", value),) + request)]
    return Case(name, section, steps, ours)


def authorized(name, value, fresh):
    make = reused if fresh else not_reused
    return make(name, "3.5", Answer(value), first=(("Authorization", "Basic eA=="),))


LIFETIMES = [
    control("max-age", "5.2.2.1", "max-age=60", True),
    control("max-age=0", "5.2.2.1", "max-age=0", False),
    control("s-maxage", "5.2.2.10", "s-maxage=60", True),
    control("s-maxage before max-age", "5.2.2.10", "max-age=0, s-maxage=60", True),
    control("s-maxage=0 before max-age", "5.2.2.10", "max-age=60, s-maxage=0", False),
    control("Expires", "5.3", None, True, ("Expires", "@60")),
    control("Expires in the past", "5.3", None, False, ("Expires", "@-60")),
    control("Expires: 0", "5.3", None, False, ("Expires", "0")),
    control("Expires: -1", "5.3", None, False, ("Expires", "-1")),
    control("max-age before an old Expires", "5.3", "max-age=60", True, ("Expires", "@-60")),
    control("max-age=0 before a later Expires", "5.3", "max-age=0", False, ("Expires", "@60")),
    control("s-maxage before an old Expires", "5.3", "s-maxage=60", True, ("Expires", "@-60")),
    control("asctime Expires", "4.2", None, True, ("Expires", "@asctime:60")),
    control("RFC 850 Expires", "4.2", None, True, ("Expires", "@rfc850:60")),
    control("asctime Expires in the past", "4.2", None, False, ("Expires", "@asctime:-60")),
    control("Expires in 9999", "5.3", None, True, ("Expires", "Fri, 31 Dec 9999 23:59:59 GMT")),
    control("two-digit year in the past", "4.2", None, False,
            ("Expires", "Sunday, 06-Nov-94 08:49:37 GMT")),
    control("names of days and months in any case", "4.2", None, True,
            ("Expires", "fri, 31 dec 2199 23:59:59 gmt")),
    control("the first of two Expires is past", "4.2.1", None, False, ("Expires", "0"),
            ("Expires", "@60")),
    *[control("no date: " + bad, "5.3", None, False, ("Expires", bad)) for bad in (
        "Fri, 31 Dec 2199 23:59:59", "Fri, 31 Dec 2199 23:59:59 EST",
        "Fri, 31 Dec 2199 23:59:59 UTC", "Fri, 31 Dec 2199 23:59:59 +0000",
        "Fri, 1 Dec 2199 23:59:59 GMT", "Fri, 31 Dec 2199 3:59:59 GMT",
        "31 Dec 2199 23:59:59 GMT", "Fri, 31-Dec-2199 23:59:59 GMT",
        "Fri, 32 Dec 2199 23:59:59 GMT", "Fri, 31 Dec 2199 24:00:00 GMT",
        "Fri,  31 Dec 2199 23:59:59 GMT", "4102444800", "tomorrow")],
    reused("Expires against Date, not the clock", "4.2.1",
           Answer(fields=(("Date", "@-3000"), ("Expires", "@3000")), date=False)),
    not_reused("Expires before Date", "4.2.1",
               Answer(fields=(("Date", "@3000"), ("Expires", "@2000")), date=False)),
    reused("Expires without Date", "4.2.1", Answer(fields=(("Expires", "@60"),), date=False)),
    reused("max-age without Date", "4.2", Answer("max-age=60", date=False),
           has={"Date": "[A-Z].*GMT"}),
    reused("max-age with a Date that is none", "4.2",
           Answer("max-age=60", (("Date", "now"),), date=False)),
    reused("max-age with a Date to come", "4.2.3",
           Answer("max-age=60", (("Date", "@600"),), date=False)),
    not_reused("max-age used up by an old Date", "4.2.3",
               Answer("max-age=60", (("Date", "@-61"),), date=False)),
    control("a tenth of the time since Last-Modified", "4.2.2", None, True,
            ("Last-Modified", "@-86400")),
    control("nothing says how long", "4.2.2", None, False),
    control("Last-Modified now", "4.2.2", None, False, ("Last-Modified", "@0")),
    control("Last-Modified to come", "4.2.2", None, False, ("Last-Modified", "@86400")),
    control("no heuristic beside an explicit lifetime", "4.2.2", "max-age=0", False,
            ("Last-Modified", "@-8640000")),
    control("no heuristic beside a bad Expires", "4.2.2", None, False,
            ("Last-Modified", "@-8640000"), ("Expires", "x")),
]

SYNTAX = [
    control("in capitals", "5.2", "MAX-AGE=60", True),
    control("in odd case", "5.2", "mAx-aGe=60", True),
    control("quoted", "5.2", 'max-age="60"', True),
    control("quoted 0", "5.2", 'max-age="0"', False),
    control("leading zeros", "1.2.2", "max-age=00060", True),
    control("2^31", "1.2.2", "max-age=2147483648", True),
    control("more than 2^31", "1.2.2", "max-age=2147483649", True),
    control("more than 2^64", "1.2.2", "max-age=99999999999999999999", True),
    control("negative", "4.2.1", "max-age=-60", False),
    control("with a fraction", "4.2.1", "max-age=60.5", False),
    control("letters", "4.2.1", "max-age=sixty", False),
    control("letters behind", "4.2.1", "max-age=60s", False),
    control("no argument", "4.2.1", "max-age", False),
    control("empty argument", "4.2.1", "max-age=", False),
    control("single quotes", "4.2.1", "max-age='60'", False),
    control("space before =", "4.2.1", "max-age =60", False),
    control("space behind =", "4.2.1", "max-age= 60", False),
    control("the first of two is 0", "4.2.1", "max-age=0, max-age=60", False),
    control("unknown directives", "5.2.3", "foo, bar=1, max-age=60, baz=\"a, b\"", True),
    control("a directive in another's argument", "5.2", 'max-age=60, foo="no-store, x"', True),
    control("max-age in another's argument", "5.2", 'foo="max-age=60"', False),
    control("no spaces", "5.2", "foo,max-age=60,bar", True),
    control("empty elements", "5.2", " , max-age=60,, ", True),
    control("a longer name", "5.2", "xmax-age=60", False),
    Case("several lines", "5.2", [
        Step(MISS, Answer("foo", (("Cache-Control", "max-age=60"),))), Step(HIT)]),
    Case("no-store in a second line", "5.2.2.5", [
        Step(MISS, Answer("max-age=60", (("Cache-Control", "no-store"),))), Step(MISS)]),
    control("no-store before max-age", "5.2.2.5", "no-store, max-age=60", False),
    control("No-Store", "5.2.2.5", "No-Store, max-age=60", False),
    control("no-cache", "5.2.2.4", "no-cache, max-age=60", False),
    control("no-cache with s-maxage", "5.2.2.4", "s-maxage=60, no-cache", False),
    control("private", "5.2.2.7", "private, max-age=60", False),
    control("private with s-maxage", "5.2.2.7", "s-maxage=60, private", False),
    control("public and private", "4.2.1", "public, private, max-age=60", False),
    control("private with a field's name", "5.2.2.7", 'max-age=60, private="x-a"', True),
    control("no-cache with a field's name", "5.2.2.4", 'max-age=60, no-cache="x-a"', True),
    control("empty private", "5.2.2.7", 'max-age=60, private=""', False),
    control("immutable", "8246 2", "max-age=60, immutable", True),
    control("must-revalidate while fresh", "5.2.2.2", "max-age=60, must-revalidate", True),
    control("proxy-revalidate while fresh", "5.2.2.8", "max-age=60, proxy-revalidate", True),
    control("no-transform", "5.2.2.6", "max-age=60, no-transform", True),
    control("must-understand overrides no-store", "5.2.2.3",
            "max-age=60, no-store, must-understand", True),
    control("Pragma in a response means nothing", "5.4", "max-age=60", True,
            ("Pragma", "no-cache")),
    control("Surrogate-Control is not ours", "9213 2.2", "max-age=60", True,
            ("Surrogate-Control", "no-store")),
]

FIELDS_FOR_ONE = [
    Case("private=\"x\" goes to the first client alone", "5.2.2.7", [
        Step(MISS, Answer('max-age=60, private="X-Secret, x-other"',
                          (("X-Secret", "1"), ("X-Other", "2"), ("X-Shared", "3"))),
             has={"X-Secret": "1", "X-Other": "2", "X-Shared": "3"}),
        Step(HIT, lacks=("X-Secret", "X-Other"), has={"X-Shared": "3"})]),
    Case("no-cache=\"x\" likewise", "5.2.2.4", [
        Step(MISS, Answer('max-age=60, no-cache="X-Secret"', (("X-Secret", "1"),)),
             has={"X-Secret": "1"}),
        Step(HIT, lacks=("X-Secret",))]),
    Case("unquoted name", "5.2.2.7", [
        Step(MISS, Answer("max-age=60, private=X-Secret", (("X-Secret", "1"),)),
             has={"X-Secret": "1"}),
        Step(HIT, lacks=("X-Secret",))]),
    Case("Set-Cookie of an explicitly fresh response", "7.3", [
        Step(MISS, Answer("max-age=60", (("Set-Cookie", "a=b"),)), has={"Set-Cookie": "a=b"}),
        Step(HIT, has={"Set-Cookie": "a=b"})]),
    not_reused("Set-Cookie and a heuristic", "7.3",
               Answer(fields=(("Last-Modified", "@-864000"), ("Set-Cookie", "a=b"))), ours=True),
]

STATUSES = [
    *[reused(f"{status} with max-age", "3", Answer("max-age=60", status=status))
      for status in (200, 201, 202, 203, 204, 299, 300, 301, 302, 303, 307, 308, 400, 403, 404,
                     405, 410, 414, 418, 451, 499, 500, 501, 502, 503, 504, 599)],
    *[reused(f"{status} by heuristics", "4.2.2",
             Answer(status=status, fields=(("Last-Modified", "@-864000"),)))
      for status in (200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501)],
    *[not_reused(f"no heuristic for {status}", "4.2.2",
                 Answer(status=status, fields=(("Last-Modified", "@-864000"),)))
      for status in (201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599)],
    *[reused(f"public lets {status} have one", "4.2.2",
             Answer("public", status=status, fields=(("Last-Modified", "@-864000"),)))
      for status in (201, 302, 403)],
    not_reused("must-understand and a status nobody knows", "5.2.2.3",
               Answer("max-age=60, must-understand", status=299)),
    not_reused("no-store and must-understand of such a status", "5.2.2.3",
               Answer("max-age=60, no-store, must-understand", status=599)),
]

AUTHORIZATION = [
    authorized("max-age", "max-age=60", False),
    authorized("public", "max-age=60, public", True),
    authorized("must-revalidate", "max-age=60, must-revalidate", True),
    authorized("s-maxage", "s-maxage=60", True),
    authorized("proxy-revalidate is not among them", "max-age=60, proxy-revalidate", False),
    authorized("private with names is not either", 'max-age=60, private="x"', False),
    reused("what anybody may have is for the authorized too", "3.5", Answer("max-age=60"),
           second=(("Authorization", "Basic eA=="),)),
]

AGE = [
    control("Age uses up the lifetime", "4.2.3", "max-age=60", False, ("Age", "60")),
    control("Age leaves something of it", "4.2.3", "max-age=60", True, ("Age", "30")),
    control("Age 2^31", "4.2.3", "max-age=2147483647", False, ("Age", "2147483648")),
    control("Age beyond every number", "1.2.2", "max-age=60", False,
            ("Age", "99999999999999999999")),
    control("s-maxage and Age", "4.2.3", "s-maxage=60", False, ("Age", "60")),
    control("Expires and Age", "4.2.3", None, False, ("Expires", "@60"), ("Age", "61")),
    control("the first of a list", "5.1", "max-age=60", True, ("Age", "0, 90")),
    control("the first of a list, too old", "5.1", "max-age=60", False, ("Age", "90, 0")),
    control("the first of two lines", "5.1", "max-age=60", True, ("Age", "0"), ("Age", "90")),
    control("the first of two lines, too old", "5.1", "max-age=60", False, ("Age", "90"),
            ("Age", "0")),
    *[control("ignored: " + odd, "5.1", "max-age=60", True, ("Age", odd))
      for odd in ("-90", "90.0", "abc", "90s", "90 s", '"90"', "+90", "90;a=b", "0x90")],
    reused("generated on reuse", "5.1", Answer("max-age=60"), has={"Age": "[01]"}),
    reused("goes on from the origin's", "4.2.3", Answer("max-age=60", (("Age", "30"),)),
           has={"Age": "3[01]"}),
    reused("goes on from Date", "4.2.3",
           Answer("max-age=60", (("Date", "@-20"),), date=False), has={"Age": "2[01]"}),
    reused("the greater of both", "4.2.3",
           Answer("max-age=60", (("Date", "@-20"), ("Age", "40")), date=False),
           has={"Age": "4[01]"}),
    reused("replaces what is no age", "5.1", Answer("max-age=60", (("Age", "x"),)),
           has={"Age": "[01]"}),
    reused("replaces several", "5.1", Answer("max-age=60", (("Age", "5"), ("Age", "6"))),
           has={"Age": "[56]"}),
    Case("not in what comes from the origin", "5.1", [Step(MISS, Answer("max-age=60"),
                                                           lacks=("Age",))]),
    Case("counts the seconds", "4.2.3", [
        Step(MISS, Answer("max-age=3")), Step(HIT, wait=1.1, has={"Age": "[12]"})]),
    Case("a lifetime ends", "4.2", [
        Step(MISS, Answer("max-age=1")), Step(HIT), Step(MISS, Answer("max-age=1"), wait=1.1)]),
    Case("the end of a lifetime is stale", "4.2", [
        Step(MISS, Answer("max-age=10", (("Age", "9"),))), Step(MISS, wait=1.1)]),
]

REQUESTS = [
    asks("no-cache", "5.2.1.4", "no-cache", False),
    asks("No-Cache", "5.2.1.4", "No-Cache", False),
    asks("max-age=0", "5.2.1.1", "max-age=0", False),
    asks("max-age over the age", "5.2.1.1", "max-age=50", True),
    asks("max-age under the age", "5.2.1.1", "max-age=50", False, ("Age", "60")),
    asks("max-age that is none", "5.2.1.1", "max-age=x", False),
    asks("min-fresh under what is left", "5.2.1.3", "min-fresh=30", True),
    asks("min-fresh over what is left", "5.2.1.3", "min-fresh=120", False),
    asks("min-fresh and Age", "5.2.1.3", "min-fresh=30", False, ("Age", "80")),
    asks("max-stale changes nothing for what is fresh", "5.2.1.2", "max-stale", True),
    asks("no-store does not forbid what is stored", "5.2.1.5", "no-store", True),
    asks("only-if-cached with something", "5.2.1.7", "only-if-cached", True),
    asks("unknown directives", "5.2", "foo=bar", True),
    asks("no-transform", "5.2.1.6", "no-transform", True),
    asks("Pragma beside Cache-Control means nothing", "5.4", "max-age=50", True,
         request=(("Pragma", "no-cache"),)),
    Case("Pragma alone", "5.4", [
        Step(MISS, Answer("max-age=60")),
        Step(ASKED, Answer("max-age=60"), fields=(("Pragma", "no-cache"),))]),
    Case("only-if-cached with nothing", "5.2.1.7", [
        Step(HIT, fields=(("Cache-Control", "only-if-cached"),), status=504)]),
    Case("only-if-cached with something stale", "5.2.1.7", [
        Step(MISS, Answer("max-age=0", (ETAG,))),
        Step(HIT, fields=(("Cache-Control", "only-if-cached"),), status=504)]),
    Case("no-store: the answer is not stored", "5.2.1.5", [
        Step(MISS, Answer("max-age=60"), fields=(("Cache-Control", "no-store"),)), Step(MISS)]),
    Case("no-cache: the answer is stored", "5.2.1.4", [
        Step(MISS, Answer("max-age=60"), fields=(("Cache-Control", "no-cache"),)), Step(HIT)]),
    Case("no-cache replaces what is stored", "5.2.1.4", [
        Step(MISS, Answer("max-age=60")),
        Step(MISS, Answer("max-age=60"), fields=(("Cache-Control", "no-cache"),)), Step(HIT)]),
    Case("no-cache validates", "5.2.1.4", [
        Step(MISS, Answer("max-age=60", (ETAG,))),
        Step("validated", Answer("max-age=60", (ETAG,), status=304), status=200,
             fields=(("Cache-Control", "no-cache"),)),
        Step(HIT)]),
    Case("the directives reach the origin", "5.2", [
        Step(MISS, Answer("max-age=60"), fields=(("Cache-Control", "max-age=7"),),
             sent={"Cache-Control": "max-age=7"})]),
]

TARGETED = [
    *[control(name, "9213 2", other, fresh, ("CDN-Cache-Control", value), *fields)
      for name, other, fresh, value, *fields in (
          ("max-age alone", None, True, "max-age=60"),
          ("before Cache-Control", "max-age=0", True, "max-age=60"),
          ("before Cache-Control, stale", "max-age=60", False, "max-age=0"),
          ("before no-store", "no-store", True, "max-age=60"),
          ("before private", "private", True, "max-age=60"),
          ("no-store", "max-age=60", False, "no-store"),
          ("private", "max-age=60", False, "private, max-age=60"),
          ("no-cache", "max-age=60", False, "no-cache, max-age=60"),
          ("before Expires", None, False, "must-revalidate", ("Expires", "@60")),
          ("before an old Expires", None, True, "max-age=60", ("Expires", "@-60")),
          ("before s-maxage", "s-maxage=0", True, "max-age=60"),
          ("s-maxage in it", None, True, "max-age=0, s-maxage=60"),
          ("unknown members", None, True, 'max-age=60, foo, bar="x", baz=(1 2)'),
          ("parameters", None, True, "max-age=60;a=b, x;y"),
          ("the last of two", None, True, "max-age=0, max-age=60"),
          ("false is not there", None, True, "max-age=60, no-store=?0"),
          ("empty: Cache-Control counts", "max-age=60", True, ""),
          ("capitals are no key", "max-age=60", True, "Max-Age=0"),
          ("trailing comma", "max-age=60", True, "max-age=0,"),
          ("bad member", "max-age=60", True, "max-age=0, &"),
          ("no comma", "max-age=60", True, "max-age=0 no-store"),
          ("open string", "max-age=60", True, 'no-store, a="x'),
          ("bad and Cache-Control forbids", "no-store", False, "max-age=60, @"),
          ("age that is a string", "max-age=60", False, 'max-age="60"'),
          ("negative age", "max-age=60", False, "max-age=-60"),
          ("two lines", None, True, "foo", ("CDN-Cache-Control", "max-age=60")))],
    reused("it is passed on", "9213 2.2", Answer("max-age=1", (("CDN-Cache-Control", "max-age=60"),)),
           has={"CDN-Cache-Control": "max-age=60", "Cache-Control": "max-age=1"}),
    not_reused("Authorization: public must be in it", "9213 2.2",
               Answer("public", (("CDN-Cache-Control", "max-age=60"),)),
               first=(("Authorization", "Basic eA=="),)),
]

CASES = (LIFETIMES + SYNTAX + FIELDS_FOR_ONE + STATUSES + AUTHORIZATION + AGE + REQUESTS + TARGETED)
