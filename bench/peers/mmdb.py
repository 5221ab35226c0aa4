"""Writes the world's places as a MaxMind DB: MaxMind's nested City shape, IPv4 tree, 24-bit records.

Source: MaxMind DB File Format Specification 2.0.
"""
import struct

TYPE_POINTER, TYPE_STRING, TYPE_DOUBLE, TYPE_U16, TYPE_U32, TYPE_MAP = 1, 2, 3, 5, 6, 7
TYPE_U64, TYPE_ARRAY = 9, 11


class U16(int):
    pass


class U64(int):
    pass


def control(kind, size):
    extended = bytes([kind - 7]) if kind > 7 else b""
    top = 0 if kind > 7 else kind << 5
    if size < 29:
        return bytes([top | size]) + extended
    if size < 29 + 256:
        return bytes([top | 29]) + extended + bytes([size - 29])
    return bytes([top | 30]) + extended + struct.pack(">H", size - 29 - 256)


def encode(value):
    if isinstance(value, str):
        octets = value.encode()
        return control(TYPE_STRING, len(octets)) + octets
    if isinstance(value, float):
        return control(TYPE_DOUBLE, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        kind = {U16: TYPE_U16, U64: TYPE_U64}.get(type(value), TYPE_U32)
        octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return control(kind, len(octets)) + octets
    if isinstance(value, list):
        return control(TYPE_ARRAY, len(value)) + b"".join(map(encode, value))
    return control(TYPE_MAP, len(value)) + b"".join(
        encode(key) + encode(item) for key, item in value.items())


def write(path, prefixes, records):
    """`prefixes`: (IPv4Network, index into `records`), none inside another."""
    offsets, data = [], b""
    for record in records:
        offsets.append(len(data))
        data += encode(record)
    nodes = [[None, None]]
    for prefix, index in prefixes:
        address, node = int(prefix.network_address), 0
        for bit in range(31, 32 - prefix.prefixlen, -1):
            side = address >> bit & 1
            if nodes[node][side] is None:
                nodes.append([None, None])
                nodes[node][side] = len(nodes) - 1
            node = nodes[node][side]
        nodes[node][address >> (32 - prefix.prefixlen) & 1] = ("data", index)
    count = len(nodes)

    def pointer(side):
        if side is None:
            return count
        return count + 16 + offsets[side[1]] if isinstance(side, tuple) else side

    tree = b"".join(pointer(side).to_bytes(3, "big") for node in nodes for side in node)
    metadata = {
        "binary_format_major_version": U16(2), "binary_format_minor_version": U16(0),
        "build_epoch": U64(1_700_000_000), "database_type": "Bench-City",
        "description": {"en": "places of the peers benchmark"}, "ip_version": U16(4),
        "languages": ["en"], "node_count": count, "record_size": U16(24),
    }
    with open(path, "wb") as out:
        out.write(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(metadata))


def write_world(path, prefixes, places):
    write(path, prefixes, [
        {"continent": {"code": continent, "names": {"en": continent}},
         "country": {"iso_code": country, "names": {"en": country}},
         "location": {"latitude": latitude, "longitude": longitude, "accuracy_radius": U16(50)}}
        for continent, country, latitude, longitude, _ in places])
