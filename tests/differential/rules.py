"""What is known to differ, and the section that decides or leaves it open.

Every rule is as narrow as it can be said; what none of them explains fails the run.  A rule never
excuses a wrong RCODE, answer or glue of Proxima: it names what the peer does otherwise.
"""
import ipaddress

from message import AA, AD, CD, TC, TYPES, read_name, to_wire

ANY, CNAME, DNAME, NS, SOA, DS, A, AAAA = 255, 5, 39, 2, 6, 43, 1, 28
RRSIG, NSEC, NSEC3, NXNAME = 46, 47, 50, 128
# Octets of names before a target that deserves addresses: NS, MX, SRV, and what peers add to them.
TARGETS = {2: 0, 7: 0, 15: 2, 18: 2, 21: 2, 33: 6, 36: 2, 64: 2, 65: 2}

RULES = {
    "cd-not-copied": "RFC 4035 3.1.6: CD is copied from the query; NSD and Knot answer 0",
    "ad-echoed": "RFC 4035 3.1.6: an authoritative server does not set AD; BIND echoes it",
    "other-class": "RFC 8906 3.1: a class not served is REFUSED; BIND sends FORMERR or NOTIMP, NSD "
                   "drops the question; CLASS ANY is data here and in Knot, never with AA "
                   "(RFC 1034 4.3.2 3c)",
    "any-choice": "RFC 8482 4.1: which RRset stands for all is the server's choice; over TCP order "
                  "and DNSSEC-only differences too",
    "meta-type": "RFC 6895 3.1: BIND refuses QTYPEs 128 to 255 that name no data, others say NODATA",
    "nxname": "RFC 9824 3.5: a query for NXNAME is FORMERR; the peers are older than that",
    "nsd-shared-names": "NSD keeps one name tree for all zones: what a parent's file occludes "
                        "or points at exists in its child zone too; RFC 1034 4.2 keeps zones apart",
    "chain-leaves-zone": "RFC 1034 4.3.2 3a: the search starts anew at the target, in any zone; Knot "
                         "and BIND stay in the zone, RFC 9499 lets the resolver go on",
    "loop": "RFC 1034 3.6.2: an alias loop is an error of the data; BIND says SERVFAIL, others "
            "answer it once around",
    "partial-glue": "RFC 9471 3.1: in-domain glue that does not fit sets TC; NSD, Knot and BIND "
                    "leave some of it out without",
    "sibling-tc": "RFC 9471 3.2: sibling glue may be left out without TC; Knot sets TC",
    "additional-optional": "RFC 2181 9, RFC 9471 3.2: addresses of other targets are a courtesy that "
                           "depends on room and on the server",
    "size-border": "RFC 1035 4.1.4: how well a server compresses decides whether a response fits",
    "yxdomain-soa": "RFC 6672 3.2 says nothing of the authority section beside YXDOMAIN; Knot puts "
                    "the SOA there",
    "truncated-chain": "RFC 6604 2.1: the RCODE is that of the last name; with TC some stop before it",
    "peer-died": "no answer, because the query ended or hung the peer (Knot 3.2.6 hangs)",
    "chain-bound": "RFC 6672 3.2 sets no bound: a DNAME that leads below itself is followed 12 times "
                   "here (or to YXDOMAIN), once by NSD, other times by others",
    "ds-after-chain": "RFC 4035 3.1.4.1: DS at an apex served together with its parent is answered "
                      "by the parent, after an alias too; Knot and BIND stay in the child",
    "any-below-dname": "RFC 6672 3.2: the search goes on at the synthesized name for QTYPE ANY too; "
                       "BIND stops at the CNAME",
    "nsec-at-cname": "RFC 4034 4: NSEC and RRSIG stand beside a CNAME and are asked for there; NSD "
                     "follows the CNAME for them, but not for NSEC3 (RFC 5155 3: never beside one)",
    "soa-left-out": "RFC 2308 2: a negative answer has its SOA; Knot leaves it out without room",
    "wildcard-is-ent": "RFC 4035 3.1.3.4: that the wildcard is an empty non-terminal takes an NSEC too; "
                       "Knot and BIND leave it out",
    "opted-out-ent": "RFC 5155 errata 3441: an empty non-terminal above unsigned cuts has no NSEC3; how "
                     "far up the closest encloser is shown to be differs",
    "asterisk-asked": "RFC 5155 7.2.6: a wildcard's expansion is proven for a QNAME that begins with an "
                      "asterisk too; Knot does not",
    "nsd-wildcard-encloser": "RFC 5155 7.2.5: no data at a wildcard takes the closest encloser's NSEC3, "
                             "7.2.3 where the wildcard itself is asked for does not; NSD the other way",
    "nsd-below-dname": "RFC 4035 3.1.3.2: after a DNAME too NXDOMAIN takes an NSEC for the name and one "
                       "for the wildcard; NSD leaves out the first",
    "nsd-proof-size": "as the other rules for NSD's proofs: with other records there is room or not",
    "option-room": "RFC 7871 7.2.1: the ECS option comes back and takes room; only here",
    "nsec-at-cut": "RFC 4035 3.1.4.1: at a cut only DS is the parent's to answer; BIND answers NSEC too",
    "nsd-wrong-nsec": "RFC 4034 6.1: \\000 sorts before *; NSD shows an NSEC that covers neither the name "
                      "nor its wildcard",
    "rrsig-choice": "RFC 8482 7: what answers QTYPE RRSIG is the server's choice; Knot gives one",
    "nsec3-owner": "RFC 5155 7.2.8: the owner of an NSEC3 is no name of the zone; NSD takes it for one",
    "sig-at-cname": "RFC 4035 2.5: SIG and KEY may stand beside a CNAME; BIND does not chase them",
}


def _labels(rdata):
    return read_name(rdata, 0)[0]


def _below(name, apex):
    return len(name) >= len(apex) and name[len(name) - len(apex):] == apex


def _zone_of(family, name):
    """The longest apex of the family at or above `name`, or None."""
    found = [apex for apex, _, _ in family if _below(name, apex)]
    return max(found, key=len) if found else None


def _chain(case, ours):
    """Names our answer went through, the QNAME first."""
    name, names = tuple(label.lower() for label in case.name), []
    aliases = {owner: _labels(rdata) for owner, rtype, _, _, rdata in ours.sections[0]
               if rtype == CNAME}
    while name not in names:
        names.append(name)
        name = aliases.get(name, name)
    return names


def _is_referral(answer):
    return any(record[1] == NS for record in answer.sections[1]) and not any(
        record[1] == SOA for record in answer.sections[1])


def _in_domain_glue(answer):
    """{(owner, type)} of the additional section that lies below the cut of a referral."""
    cuts = {owner for owner, rtype, *_ in answer.sections[1] if rtype == NS}
    return {(owner, rtype) for owner, rtype, *_ in answer.sections[2]
            if any(_below(owner, cut) for cut in cuts)}


def _targets(answer):
    """Names whose addresses belong into the additional section."""
    found = set()
    for owner, rtype, _, _, rdata in sum(answer.sections, []):
        if rtype in TARGETS:
            found.add(_labels(rdata[TARGETS[rtype]:]) or owner)   # "." in SVCB is the owner
    return found


def _is_zone_data(family, key, records):
    """Whether each of our additional records stands in a zone of the family."""
    owner, rtype = key
    for _, zone, _ in family:
        lines = [line for line in zone.records.get(owner, ()) if TYPES[line[0]] == rtype]
        if rtype in (64, 65) and len(lines) == len(records):   # AliasMode; its text isn't compared
            return True
        if rtype in (A, AAAA) and records <= {(ttl, ipaddress.ip_address(text).packed)
                                              for _, ttl, text in lines}:
            return True
    return False


def _uncompressed(case, answer):
    """Octets of an answer without name compression."""
    records = [record for section in answer.sections for record in section]
    return answer.size + sum(len(to_wire(owner)) - 2 + (
        len(rdata) - 2 if rtype in (NS, CNAME, SOA, 15) else 0)
        for owner, rtype, _, _, rdata in records)


def _uses_a_dname_again(answer):
    """Whether more aliases were made from DNAMEs than there are DNAMEs."""
    dnames = [record[0] for record in answer.sections[0] if record[1] == DNAME]
    below = [record for record in answer.sections[0] if record[1] == CNAME and any(
        record[0] != dname and _below(record[0], dname) for dname in dnames)]
    return len(below) > len(dnames)


def _limit(case):
    if case.tcp:
        return 65535
    return 512 if case.edns is None else min(1232, max(512, case.edns["size"]))


def _header(peer, case, ours, theirs, difference):
    kind = difference.kind
    if kind == "cd" and peer in ("nsd", "knot") and case.flags & CD and ours.has(CD):
        return "cd-not-copied"
    if kind == "ad" and peer == "named" and case.flags & AD and not ours.has(AD):
        return "ad-echoed"
    if case.qclass != 1 and ours.rcode_name() in ("REFUSED", "NOERROR", "NXDOMAIN") and (
            not ours.has(AA)):
        return "other-class"
    if case.type == NXNAME and ours.rcode_name() == "FORMERR":
        return "nxname"
    if peer == "named" and 128 <= case.type < ANY and theirs.rcode_name() in ("NOTIMP", "FORMERR"):
        return "meta-type"
    return None


def _additional(peer, case, ours, theirs, difference, family):
    missing = _in_domain_glue(theirs) - _in_domain_glue(ours)
    if missing and _is_referral(ours):
        return None
    for key, records in difference.ours.items():
        if key[1] == RRSIG and key[0] in _targets(ours) and all(
                rdata[0] << 8 | rdata[1] in (A, AAAA) for _, rdata in records):
            continue
        if key[0] not in _targets(ours) or not _is_zone_data(family, key, records):
            return None
    if _is_referral(ours) and not _in_domain_glue(ours) <= _in_domain_glue(theirs):
        after_alias = peer == "named" and bool(ours.sections[0])   # BIND adds none there
        return "partial-glue" if after_alias or not case.tcp else None
    # Theirs only: we were out of room, or the target is of a kind or place we don't look at.
    for key in difference.theirs:
        if peer == "knot" and key[1] in (64, 65):   # of ServiceMode targets too: nobody asks for it
            continue
        # Else it comes from a wildcard, or is occluded by a child zone that is served too.
        written = any(TYPES[line[0]] == key[1] for apex, zone, _ in family
                      for line in zone.records.get(key[0], ())
                      if apex == _zone_of(family, key[0]))
        had_room = ours.size + (200 if case.signed else 30) < _limit(case)
        if had_room and key[0] in _targets(ours) and written and peer != "named":
            return None
    return "additional-optional"


def _truncation(peer, case, ours, theirs):
    if case.tcp:
        return None
    if ours.has(TC):
        if _is_referral(ours):
            return "partial-glue"
        options = sum(4 + len(data) for _, data in ours.opt["options"]) if ours.opt else 0
        return "option-room" if theirs.size + options > _limit(case) else None
    if any(record[1] == NS for section in (0, 1) for record in ours.sections[section]):
        return "sibling-tc"
    return "size-border" if _uncompressed(case, ours) > _limit(case) else None


def _covers(owner, following, name):
    """Whether an NSEC covers a name (RFC 4034 6.1)."""
    low, high, key = owner[::-1], following[::-1], name[::-1]
    return low < key and (key < high or high <= low)


def _denial(peer, case, ours, theirs, difference, family):
    """What is proven of names and types that do not exist: NSEC, NSEC3 and their signatures."""
    kind, names = difference.kind, _chain(case, ours)
    name, has_asterisk = names[-1], any(name[:1] == (b"*",) for name in names)
    if kind == "tc" and peer in ("knot", "named") and _wildcard_is_ent(family, name):
        return "wildcard-is-ent"
    if kind == "tc" and peer == "nsd" and not case.tcp and not _is_referral(ours):
        return "nsd-proof-size"
    if kind == "tc" and peer == "knot" and has_asterisk:
        return "asterisk-asked"
    if kind in ("aa", "authority") and peer == "knot" and theirs.sections == [[], [], []] and (
            _has_opted_out_ent(family, name)):
        return "opted-out-ent"
    if kind != "authority" or not all(
            rtype in (RRSIG, NSEC, NSEC3)
            for side in (difference.ours, difference.theirs) for _, rtype in side):
        return None
    if case.hashed and _has_opted_out_ent(family, name):
        return "opted-out-ent"
    less = difference.theirs == {}
    if peer in ("knot", "named") and less and _wildcard_is_ent(family, name):
        return "wildcard-is-ent"
    if peer == "knot" and less and has_asterisk:
        return "asterisk-asked"
    if peer == "nsd" and case.hashed and ours.rcode_name() == "NOERROR":
        if name[:1] == (b"*",) if difference.ours == {} else less and len(difference.ours) == 2:
            return "nsd-wildcard-encloser"
    if peer == "nsd" and less and any(record[1] == DNAME for record in ours.sections[0]):
        return "nsd-below-dname"
    if peer == "nsd" and difference.theirs and not any(
            _covers(owner, _labels(rdata), other) for (owner, rtype), records in
            difference.theirs.items() if rtype == NSEC for _, rdata in records
            for other in [name] + [(b"*",) + name[i:] for i in range(1, len(name))]):
        return "nsd-wrong-nsec"
    return None


def explain(peer, case, ours, theirs, difference, family):
    """The name of the rule that covers the difference, or None."""
    rule = _header(peer, case, ours, theirs, difference)
    if rule is not None:
        return rule
    kind, names = difference.kind, _chain(case, ours)
    if peer == "knot" and case.type == RRSIG and kind in ("answer", "tc", "order"):
        return "rrsig-choice"
    if peer == "nsd" and any(name[i:] in case.hashed for name in names for i in range(len(name))):
        return "nsec3-owner"
    if case.signed:
        rule = _denial(peer, case, ours, theirs, difference, family)
        if rule is not None:
            return rule
    if peer == "named" and case.type == NSEC and kind in (
            "aa", "answer", "authority", "additional") and (
            _is_referral(ours) and ours.sections[1][0][0] == names[-1]):
        return "nsec-at-cut"
    if kind == "rcode" and theirs.has(TC) and ours.sections[0]:
        return "truncated-chain"
    if peer == "knot" and kind == "tc" and ours.has(TC) and not theirs.sections[1] and (
            theirs.rcode_name() == "NXDOMAIN" or not theirs.sections[0]):
        return "soa-left-out"
    if peer == "named" and case.type == ANY and kind in (
            "rcode", "authority", "tc") and any(
            record[1] == DNAME for record in ours.sections[0]):
        return "any-below-dname"
    if peer == "nsd" and case.type in (46, 47, 50) and kind in (
            "answer", "authority", "additional", "rcode"):
        return "nsec-at-cname"
    if kind in ("answer", "rcode", "authority", "additional", "tc") and _uses_a_dname_again(ours):
        return "chain-bound"
    if peer in ("knot", "named") and case.type == DS and kind in (
            "answer", "authority", "rcode") and (len(names) > 1 or any(names[-1] == apex for apex, _, _ in family)):
        return "ds-after-chain"
    if case.type == ANY and kind in ("answer", "order", "additional", "tc") and (
            ours.rcode == theirs.rcode):
        return "any-choice"
    if peer == "nsd" and kind in ("rcode", "answer", "authority", "additional", "tc") and any(
            _shares_names(family, name) for name in names):
        return "nsd-shared-names"
    if peer == "nsd" and kind == "rcode" and theirs.rcode_name() == "NOERROR" and (
            _has_parent(family, names[-1])):
        return "nsd-shared-names"
    if peer in ("knot", "named") and kind in (
            "rcode", "answer", "authority", "additional", "tc") and (
            len({_zone_of(family, name) for name in names} - {None}) > 1):
        return "chain-leaves-zone"
    if peer == "named" and kind == "rcode" and theirs.rcode_name() == "SERVFAIL" and (
            ours.sections[0] and not any(record[1] in (NS, SOA) for record in ours.sections[1])):
        return "loop"
    if peer == "named" and case.type in (24, 25) and kind in ("answer", "authority", "rcode", "tc"):
        return "sig-at-cname"
    if kind == "tc":
        return _truncation(peer, case, ours, theirs)
    if kind == "additional":
        return _additional(peer, case, ours, theirs, difference, family)
    if peer == "knot" and kind == "authority" and ours.rcode_name() == "YXDOMAIN":
        return "yxdomain-soa"
    if peer == "knot" and kind == "authority" and not case.tcp and difference.theirs == {} and (
            _uncompressed(case, ours) > _limit(case) and not theirs.sections[1]):
        return "soa-left-out"
    return None


def _shares_names(family, name):
    """Whether a parent's file has data, occluded there, at or below a name between the apex of the
    child zone that holds `name` and `name`, where the child has none."""
    apex = _zone_of(family, name)
    if apex is None:
        return False
    zones = {other: zone for other, zone, _ in family}
    between = [name[i:] for i in range(len(name) - len(apex))]
    between += [(b"*",) + part[1:] for part in between]
    return any(_exists(zone, part) and not _exists(zones[apex], part)
               for other, zone in zones.items() if other != apex and _below(apex, other)
               for part in between)


def _has_parent(family, name):
    apex = _zone_of(family, name)
    return apex is not None and any(other != apex and _below(apex, other) for other, _, _ in family)


def _wildcard_is_ent(family, name):
    """Whether the wildcard that stands for `name` is an empty non-terminal."""
    zones = {apex: zone for apex, zone, _ in family}
    zone = zones.get(_zone_of(family, name))
    while zone is not None and name != zone.apex and not _exists(zone, name):
        name = name[1:]
    wildcard = (b"*",) + name
    return zone is not None and wildcard not in zone.records and _exists(zone, wildcard)


def _has_opted_out_ent(family, name):
    """Whether an encloser of `name`, or a wildcard there, is but the way to cuts without DS."""
    zones = {apex: zone for apex, zone, _ in family}
    zone = zones.get(_zone_of(family, name))
    if zone is None:
        return False
    suffixes = [name[i:] for i in range(len(name) - len(zone.apex))]
    for node in suffixes + [(b"*",) + suffix for suffix in suffixes + [zone.apex]]:
        below = zone.below(node)
        if below and node not in zone.records and all(
                any("NS" in zone.types(owner[i:]) and "DS" not in zone.types(owner[i:])
                    for i in range(len(owner) - len(node))) for owner in below):
            return True
    return False


def _exists(zone, name):
    return name in zone.records or bool(zone.below(name))

