# ruff: noqa: E501  (cells read better on one line)
"""The codec: what goes in comes out, and nothing else is believed."""

import contextlib
import socket
import struct
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvgrade.run import codec, wire

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.binary(),
    st.just(...),
)
hashable = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary())
plain = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.tuples(inner, inner),
        st.dictionaries(hashable, inner, max_size=5),
        st.sets(hashable, max_size=5),
        st.frozensets(hashable, max_size=5),
        st.lists(st.floats(), min_size=64, max_size=80),
        st.lists(st.integers(), min_size=64, max_size=80),
    ),
    max_leaves=20,
)


def through(value):
    """A value after a journey over a socket."""
    encoder = codec.Encoder()
    node = encoder.node(value)
    near, far = socket.socketpair()
    with near, far:
        data = wire.pack({"v": node}, encoder.buffers)
        sender = threading.Thread(target=wire.send_bytes, args=(near, data, time.monotonic() + 10))
        sender.start()
        document, buffers = wire.receive(far, time.monotonic() + 10)
        sender.join()
    return codec.Decoder(buffers).value(document["v"])


def same(a, b):
    """Equal in type and value, NaN equal to itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b or repr(a) == repr(b)


@settings(max_examples=150, deadline=None)
@given(plain)
def test_plain_values_arrive_as_they_were(value):
    assert same(through(value), value)


@settings(max_examples=100, deadline=None)
@given(
    hnp.arrays(
        st.one_of(
            hnp.boolean_dtypes(),
            hnp.integer_dtypes(),
            hnp.floating_dtypes(sizes=(16, 32, 64)),
            hnp.complex_number_dtypes(sizes=(64, 128)),
            hnp.unicode_string_dtypes(min_len=1, max_len=5),
        ),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    )
)
def test_arrays_arrive_as_they_were(array):
    got = through(array)
    assert type(got) is np.ndarray
    assert got.shape == array.shape
    assert got.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(got, array)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.floats(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.builds(lambda tag, rest: [tag, *rest], st.sampled_from([*sorted(codec.SIMPLE), *["l", "t", "s", "fs", "d", "od", "co", "h", "K", "lib"]]), st.lists(inner, max_size=4)),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(json_values, st.lists(st.binary(max_size=20), max_size=3))
def test_malformed_nodes_raise_nothing_but_a_wire_error(node, buffers):
    with contextlib.suppress(wire.WireError):
        codec.Decoder(buffers).value(node)


REFUSED = {
    "objects": ["a", "|O", [1], 0],
    "a record": ["a", "f8,f8", [1], 0],
    "a void": ["a", "|V8", [1], 0],
    "a dtype that runs on": ["a", "<f8\n", [1], 0],
    "a shape that lies": ["a", "<f8", [2], 0],
    "a negative shape": ["a", "<f8", [-1, -1], 0],
    "a huge shape": ["a", "<f8", [2**60, 2**60], 0],
    "no such buffer": ["b", 5],
    "a buffer from the end": ["b", -1],
    "a list as key": ["d", [["l"], 1]],
    "a list in a set": ["s", ["l"]],
    "half a pair": ["d", [1]],
    "no tag": [1, 2],
    "a dictionary": {"a": 1},
    "an attribute of the decoder": ["value", 1],
    "a private read": ["_dictionary", 1],
    "too deep": None,
    "text beyond Unicode": ["a", "<U1", [2], 0],
}
REFUSED["too deep"] = 1
for _ in range(100):
    REFUSED["too deep"] = ["l", REFUSED["too deep"]]


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused(what):
    with pytest.raises(wire.WireError):
        codec.Decoder([b"\xff" * 8]).value(REFUSED[what])


def test_a_bool_is_true_or_false_whatever_its_byte():
    array = codec.Decoder([b"\x00\x01\x02\xff"]).value(["a", "|b1", [4], 0])
    assert array.tolist() == [False, True, True, True]
    assert (array == [False, True, True, True]).all()


HEADS = {
    "no magic": b"HTTP" + bytes(20),
    "too many buffers": wire.HEADER.pack(wire.MAGIC, 2**32 - 1, 2),
    "too much JSON": wire.HEADER.pack(wire.MAGIC, 0, 2**63),
    "a buffer too large": wire.HEADER.pack(wire.MAGIC, 1, 2) + struct.pack("<Q", 2**62),
    "no JSON": wire.HEADER.pack(wire.MAGIC, 0, 2) + b"{]",
    "infinity": wire.HEADER.pack(wire.MAGIC, 0, 8) + b"Infinity",
    "deep JSON": wire.HEADER.pack(wire.MAGIC, 0, 100_000) + b"[" * 100_000,
    "an end": b"",
}


@pytest.mark.parametrize("head", HEADS)
def test_a_malformed_message_raises_a_wire_error(head):
    near, far = socket.socketpair()
    with far:
        with near:
            near.sendall(HEADS[head])
        with pytest.raises(wire.WireError):
            wire.receive(far, time.monotonic() + 5)


def test_a_message_cut_by_its_deadline_is_read_on_later():
    near, far = socket.socketpair()
    with near, far:
        data = wire.pack({"a": ["b", 0]}, [b"x" * 1000])
        reader = wire.Reader(far)
        for start in (0, 10, 500):
            near.sendall(data[start : {0: 10, 10: 500, 500: None}[start]])
            if start < 500:
                with pytest.raises(wire.Timeout):
                    reader.receive(time.monotonic() + 0.05)
        assert reader.receive(time.monotonic() + 5) == ({"a": ["b", 0]}, [b"x" * 1000])


def test_the_budget_of_bytes_is_kept():
    near, far = socket.socketpair()
    with near, far:
        wire.send(near, {}, [b"x" * 1000])
        with pytest.raises(wire.WireError, match="in all"):
            wire.receive(far, time.monotonic() + 5, wire.Budget(999))


@pytest.mark.parametrize("value", [object(), lambda: 0, open, type, np.array([object()])])
def test_what_has_no_plain_form_cannot_cross(value):
    with pytest.raises(wire.CannotCross):
        codec.Encoder().node(value)
