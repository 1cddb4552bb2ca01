"""Hypothesis strategies from the types of our structs, so that a new field is tested the day it is written."""

import collections.abc
import types
import typing

import msgspec
from hypothesis import strategies as st

TEXTS = st.text(max_size=12) | st.sampled_from(["é\u2028\U0001f600", '"\\\n\r\t\x00\x7f', "</Orch-Event: {}"])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
INTEGERS = st.integers(-(2**53), 2**53)


def structs_of(module: types.ModuleType) -> list[type[msgspec.Struct]]:
    """The structs that the module itself defines, in its order."""
    own = (each for each in vars(module).values() if isinstance(each, type) and issubclass(each, msgspec.Struct))
    return [each for each in own if each.__module__ == module.__name__]


def of(shape: object) -> st.SearchStrategy[object]:
    """Values of the type, which is what our structs are made of: nothing else is understood."""
    if isinstance(shape, typing.NewType):
        return of(shape.__supertype__)
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        fields = {field.name: of(field.type) for field in msgspec.structs.fields(shape)}
        whole = st.fixed_dictionaries(fields).map(lambda values: shape(**values))
        defaults = {field.name for field in msgspec.structs.fields(shape) if not field.required}
        bare = st.fixed_dictionaries({name: each for name, each in fields.items() if name not in defaults})
        return whole | bare.map(lambda values: shape(**values))
    origin, args = typing.get_origin(shape), typing.get_args(shape)
    if origin is typing.Literal:
        return st.sampled_from(args)
    if origin in {types.UnionType, typing.Union}:
        return st.one_of([of(each) for each in args])
    if origin is tuple and args[-1] is not Ellipsis:
        return st.tuples(*[of(each) for each in args])
    if origin is tuple:
        return st.lists(of(args[0]), max_size=2).map(tuple)
    if origin is collections.abc.Mapping:
        return st.dictionaries(of(args[0]), of(args[1]), max_size=2)
    plain = {
        bytes: st.binary(max_size=4),
        str: TEXTS,
        int: INTEGERS,
        float: FLOATS,
        bool: st.booleans(),
        type(None): st.none(),
    }
    return plain[typing.cast("type", shape)]
