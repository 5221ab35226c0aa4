"""Two answers to one query, compared section by section; what differs has a kind and a detail."""
import dataclasses

from message import AA, AD, CD, QR, RA, RD, TC, to_text, type_name

FLAGS = (("qr", QR), ("aa", AA), ("rd", RD), ("ra", RA), ("ad", AD), ("cd", CD))
RRSIG = 46
SECTIONS = ("answer", "authority", "additional")


@dataclasses.dataclass
class Difference:
    kind: str      # rcode, tc, qr aa rd ra ad cd, question, edns, answer, order, authority, ...
    ours: object   # of RRset sections: what only we have, {(owner, type): set of (ttl, rdata)}
    theirs: object

    def __str__(self):
        return f"{self.kind}: ours {_show(self.ours)}, theirs {_show(self.theirs)}"


def _show(value):
    if not isinstance(value, dict):
        return value
    return [f"{to_text(owner)} {type_name(rtype)} x{len(records)}"
            for (owner, rtype), records in value.items()]


def only_in(left, right):
    """RRsets of `left` without what `right` has too."""
    return {key: records - right.get(key, set()) for key, records in left.items()
            if records - right.get(key, set())}


def compare(ours, theirs):
    """[Difference].  Truncated answers are compared by header only: what is kept of the sections
    is the server's choice (RFC 2181 9)."""
    found = []

    def differ(kind, left, right):
        if left != right:
            found.append(Difference(kind, left, right))

    differ("rcode", ours.rcode_name(), theirs.rcode_name())
    for name, bit in FLAGS:
        differ(name, ours.has(bit), theirs.has(bit))
    differ("tc", ours.has(TC), theirs.has(TC))
    differ("question", ours.question_octets, theirs.question_octets)
    differ("edns", _edns(ours), _edns(theirs))
    if ours.has(TC) or theirs.has(TC):
        return found
    differ("repeated", _repeated(ours), 0)
    for number, name in enumerate(SECTIONS):
        left, right = ours.rrsets(number), theirs.rrsets(number)
        if left != right:
            found.append(Difference(name, only_in(left, right), only_in(right, left)))
        elif number == 0 and _order(left) != _order(right):
            found.append(Difference("order", _order(left), _order(right)))
    return found


def _order(rrsets):
    """RRsets as they come; where the signatures stand is the server's choice."""
    return [key for key in rrsets if key[1] != RRSIG]


def _repeated(answer):
    """Records that stand twice in one section."""
    return sum(len(section) - len(set(section)) for section in answer.sections)


def _edns(answer):
    """What an OPT must say alike: there or not, version, flags."""
    return answer.opt and (answer.opt["version"], answer.opt["flags"])
