"""PMT values made by GNU Radio itself; prints them as JSON: name, and bytes in hexadecimal.

Values whose bytes (hexadecimal, one a line) come in on standard input are read and written again.
"""

import json
import sys

import pmt


def values():
    chain = pmt.PMT_NIL
    for i in (3, 2, 1):
        chain = pmt.cons(pmt.from_long(i), chain)
    vector = pmt.make_vector(3, pmt.PMT_NIL)
    pmt.vector_set(vector, 1, pmt.from_double(1.5))
    entries = pmt.make_dict()
    for key, value in (("a", pmt.from_long(1)), ("b", pmt.intern("x")), ("a", pmt.from_long(9))):
        entries = pmt.dict_add(entries, pmt.intern(key), value)
    yield "true", pmt.PMT_T
    yield "false", pmt.PMT_F
    yield "null", pmt.PMT_NIL
    yield "symbol", pmt.intern("Grüße")
    yield "empty symbol", pmt.intern("")
    yield "int32", pmt.from_long(-(2**31))
    yield "int64", pmt.from_long(2**31)
    yield "least int64", pmt.from_long(-(2**63))
    yield "uint64", pmt.from_uint64(2**64 - 1)
    yield "double", pmt.from_double(-0.1)
    yield "complex", pmt.from_complex(1.5 - 2j)
    yield "pair", pmt.cons(pmt.intern("a"), pmt.from_long(1))
    yield "list", chain
    yield "tuple", pmt.make_tuple(pmt.from_long(1), pmt.PMT_T)
    yield "vector", vector
    yield "dict", entries
    yield "empty dict", pmt.make_dict()
    yield "pdu", pmt.cons(entries, pmt.init_u8vector(3, [1, 2, 3]))
    yield "bare pdu", pmt.cons(pmt.PMT_NIL, pmt.init_f32vector(2, [0.5, -1.0]))
    for name, numbers in (
        ("u8", [0, 255]),
        ("s8", [-128, 127]),
        ("u16", [0, 2**16 - 1]),
        ("s16", [-(2**15), 2**15 - 1]),
        ("u32", [0, 2**32 - 1]),
        ("s32", [-(2**31), 2**31 - 1]),
        ("u64", [0, 2**64 - 1]),
        ("s64", [-(2**63), 2**63 - 1]),
        ("f32", [0.5, -2.0]),
        ("f64", [0.1, -1e300]),
        ("c32", [1 + 2j, -0.5j]),
        ("c64", [1 + 2j, -0.1j]),
    ):
        yield name, getattr(pmt, "init_" + name + "vector")(len(numbers), numbers)
    yield "no u8", pmt.init_u8vector(0, [])


made = [[name, pmt.serialize_str(value).hex()] for name, value in values()]
again = [
    pmt.serialize_str(pmt.deserialize_str(bytes.fromhex(line.strip()))).hex() for line in sys.stdin
]
print(json.dumps({"made": made, "again": again}))
