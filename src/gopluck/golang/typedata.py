"""Type descriptors of a file as trees, with the whole import path of every named type (`internal/abi/type.go`).

What Go prints of a type has a package's name alone; the path stands in its `UncommonType`. A descriptor is found by the
symbols `type:…` of `.dynsym`, which every file has that plugins share types with (`ld/lib.go`, `mangleTypeSym`).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from functools import cached_property
from itertools import islice

from gopluck.elf.dynamic import Dynamic
from gopluck.errors import MalformedFile
from gopluck.golang import importpath, types
from gopluck.golang.moduledata import Moduledata
from gopluck.golang.records import AssertedType, NamedType, SymbolType
from gopluck.golang.typesyntax import MAX_DEPTH, NotATypeError, parse
from gopluck.golang.typetext import printed
from gopluck.golang.typetree import (
    Array,
    Channel,
    Field,
    Function,
    Interface,
    Map,
    Method,
    Named,
    Parameters,
    Pointer,
    Struct,
    Type,
)

MAX_DESCRIPTORS = 1 << 17
"""Descriptors that are looked at in a file."""

SOME = 64
"""Names that tell how their lengths are written."""

MAX_NAMES = 1 << 23
"""Bytes of the names of types: in a damaged file one long name can be that of every type."""

MAX_PARTS = 1 << 16
"""Parts of the types that are read in a file: fields, parameters, methods."""

ARRAY, CHAN, INTERFACE, MAP, POINTER, SLICE, STRUCT = 17, 18, 20, 21, 22, 23, 25
"""`abi.Kind`."""

UNCOMMON, NAMED = 1, 4
"""`abi.TFlag`."""

TAG, PKGPATH, EMBEDDED = 2, 4, 8
"""Flags of an `abi.Name`."""

WORDS = {types.FUNC: 1, ARRAY: 3, CHAN: 2, INTERFACE: 4, POINTER: 1, SLICE: 1, STRUCT: 4}
"""Words between `abi.Type` and `abi.UncommonType`, by kind; of a map that depends on the release."""

MAP_WORDS = 16
"""At most, of a map (11 since Go 1.27)."""

TEXT_OF_PART = 8
"""Characters of type arguments that count as a part."""

SHAPE = "go.shape."
"""In the name of what generic code is compiled for: no program can name it."""

DIRECTIONS = {1: "<-chan", 2: "chan<-", 3: "chan"}
VARIADIC = 1 << 15
UNCOMMON_SIZE = METHOD_SIZE = 16
FIXED = ("go1.2", "go1.16")
"""The layouts up to Go 1.17; Go 1.16 was the last release whose names can have lengths of two bytes."""

EMBEDDED_BY_OFFSET = ("go1.2", "go1.16", "go1.18")
"""The layouts up to Go 1.18, which marked embedded fields in their offset."""


def _split(text: str) -> tuple[str, str, str]:
    """Package, name and type arguments of a named type, as Go prints it."""
    head, bracket, rest = text.partition("[")
    package, _, name = head.rpartition(".")
    return package, name, bracket + rest


class _Head:
    """The fields of `abi.Type` that are needed."""

    def __init__(self, address: int, data: bytes, word: int, order: str) -> None:
        self.address = address
        self.hash, self.flags = struct.unpack_from(order + "IB", data, 2 * word)
        self.kind = data[2 * word + 7] & types.KIND_MASK
        (self.text,) = struct.unpack_from(order + "i", data, 4 * word + 8)

    @property
    def uncommon(self) -> bool:
        """Whether an `abi.UncommonType` follows."""
        return bool(self.flags & UNCOMMON)


class Descriptors:
    """The types of one file. Raises `MalformedFile` for a descriptor that lies outside it, or is none."""

    def __init__(self, dynamic: Dynamic, module: Moduledata) -> None:
        self._image = image = dynamic.image
        self._dynamic = dynamic
        self._pointer = dynamic.relocations.pointer
        self._module = module
        self._order = image.header.byte_order
        self._word = image.word_size
        self._size = 4 * image.word_size + 16
        self._parts = MAX_PARTS

    # -- what others ask ----------------------------------------------------------------------------------------------

    def symbol(self, name: str) -> SymbolType | None:
        """The type of what `Lookup` of an exported symbol returns: of a variable a pointer. None: not exported."""
        for at, kind in self._exported:
            if self._name(self._module.types + at)[0] == name:
                head = self._head(self._module.types + kind)
                own = self._head(self._pointer(head.address + self._size)) if head.kind == POINTER else None
                return SymbolType(
                    type=self._tree(head.address),
                    printed=self._printed(head),
                    methods=self._methods(head),
                    pkgpath=self._pkgpath(head),
                    interface=self._interface(own.address) if own and own.kind == INTERFACE else None,
                )
        return None

    def named(self, name: str) -> tuple[NamedType, ...]:
        """The types of the name `PATH.Name` or `package.Name`, whatever their type arguments."""
        wanted, _, base = name.rpartition(".")
        found = self._index.get(base, ())
        heads = {address: self._head(address) for address in found}
        pointers = {self._pointer(at + self._size): head for at, head in heads.items() if not head.flags & NAMED}
        out = []
        for address, head in heads.items():
            if not head.flags & NAMED or wanted not in self._packages(head):
                continue
            tree = self._tree(address)
            if isinstance(tree, Named):
                methods = self._interface(address) if head.kind == INTERFACE else None
                path = self._pkgpath(pointers[address]) if address in pointers else None
                out.append(NamedType(tree, self._printed(head), head.hash, methods, path))
        return tuple(out)

    def asserted(self, address: int) -> AssertedType | None:
        """The type whose descriptor is at an address; None where there is none."""
        if not self._module.types <= address < self._module.etypes:
            return None
        try:
            head, text = self._head(address), printed(self._tree(address))
            return AssertedType(text, printed(self._interface(address)) if head.kind == INTERFACE else "")
        except MalformedFile:
            return None

    def _packages(self, head: _Head) -> tuple[str, str]:
        """The import path and the package's name of a named type."""
        package = _split(self._printed(head))[0]
        return (importpath.of_prefix(self._pkgpath(head)) if head.uncommon else "") or package, package

    # -- the index ----------------------------------------------------------------------------------------------------

    @cached_property
    def _exported(self) -> list[tuple[int, int]]:
        """The rows of `ptab`: offsets of name and type."""
        count = min(self._module.ptab_len, types.MAX_SYMBOLS)
        table = self._image.read(self._module.ptab, 8 * count) if count else b""
        return list(struct.iter_unpack(self._order + "ii", table))

    @cached_property
    def _sizes(self) -> Mapping[int, int]:
        """The size of each descriptor, by address."""
        low, high = self._module.types, self._module.etypes - self._size
        symbols = self._dynamic.symbols
        found = symbols.values(b"type:", b".*", MAX_DESCRIPTORS) or symbols.values(b"type.", b".*", MAX_DESCRIPTORS)
        return dict(sorted((address, size) for address, size in found if low <= address <= high))

    @cached_property
    def _index(self) -> Mapping[str, list[int]]:
        """The descriptors of named types, and of pointers, by name."""
        out: dict[str, list[int]] = {}
        room = MAX_NAMES
        for address in self._sizes:
            try:
                head = self._head(address)
                if not head.flags & NAMED and head.kind != POINTER:
                    continue
                text = self._printed(head)
            except MalformedFile:
                continue
            if SHAPE in text:
                continue
            room -= len(text)
            if room < 0:
                raise MalformedFile(f"{self._image.path}: the names of its types are too long, or overlap")
            out.setdefault(_split(text.removeprefix("*"))[1], []).append(address)
        return out

    # -- parts of a descriptor ----------------------------------------------------------------------------------------

    def _head(self, address: int) -> _Head:
        return _Head(address, self._image.read(address, self._size), self._word, self._order)

    def _name(self, address: int) -> tuple[str, int, int]:
        """An `abi.Name`: text, flags, and where it ends."""
        text, end = types.name_at(self._image, address, self._fixed)
        return text, self._image.read(address, 1)[0], end

    @cached_property
    def _fixed(self) -> bool:
        if self._module.layout.name not in FIXED:
            return False
        names = [self._module.types + name for name, _ in self._exported[:SOME]]
        heads = map(self._head, islice(self._sizes, SOME))
        return types.fixed_lengths(self._image, names + [self._module.types + head.text for head in heads])

    def _name_at_offset(self, offset: int) -> str:
        return self._name(self._module.types + offset)[0] if offset > 0 else ""

    def _name_of(self, address: int) -> str:
        """The text of a name that a pointer is at an address to."""
        pointer = self._pointer(address)
        return self._name(pointer)[0] if pointer else ""

    def _package_of(self, address: int) -> str:
        """The package that an unexported name has with it, or empty."""
        _, flags, end = self._name(address)
        if not flags & PKGPATH:
            return ""
        if flags & TAG:
            _, end = types.name_at(self._image, end - 1, self._fixed)
        (offset,) = struct.unpack(self._order + "i", self._image.read(end, 4))
        return self._name_at_offset(offset)

    def _printed(self, head: _Head) -> str:
        text = self._name_at_offset(head.text)
        return text[1:] if head.flags & types.TFLAG_EXTRA_STAR else text

    def _uncommon(self, head: _Head) -> int:
        """The address of the `abi.UncommonType`. Behind a map, whose fields change, it ends with the symbol."""
        start = head.address + self._size
        if head.kind != MAP:
            return start + WORDS.get(head.kind, 0) * self._word if head.kind != types.FUNC else self._after_func(head)
        end = head.address + self._sizes.get(head.address, 0)
        for at in range(start + 4 * self._word, min(end - UNCOMMON_SIZE, start + MAP_WORDS * self._word) + 1, 4):
            _, count, _, offset, unused = struct.unpack(self._order + "iHHII", self._image.read(at, UNCOMMON_SIZE))
            if (offset, unused, at + UNCOMMON_SIZE + METHOD_SIZE * count) == (UNCOMMON_SIZE, 0, end):
                return at
        raise MalformedFile(f"{self._image.path}: a map type at {head.address:#x} whose layout is not known")

    def _after_func(self, head: _Head) -> int:
        """Two counts of 16 bits, up to the next word."""
        return head.address + self._size + max(4, self._word)

    def _pkgpath(self, head: _Head) -> str:
        """`rtype.pkgpath` (`runtime/type.go`)."""
        if head.uncommon:
            (offset,) = struct.unpack(self._order + "i", self._image.read(self._uncommon(head), 4))
            return self._name_at_offset(offset)
        return self._name_of(head.address + self._size) if head.kind in (STRUCT, INTERFACE) else ""

    def _methods(self, head: _Head) -> tuple[Method, ...]:
        """The method set. A method without a type was left out by the linker: no interface is fulfilled by it."""
        if not head.uncommon:
            return ()
        at = self._uncommon(head)
        path, count, _, offset = struct.unpack(self._order + "iHHI", self._image.read(at, 12))
        self._take(count)
        out = []
        for row in range(at + offset, at + offset + METHOD_SIZE * count, METHOD_SIZE):
            name, kind = struct.unpack(self._order + "ii", self._image.read(row, 8))
            if kind > 0:
                out.append(self._method(name, kind, self._name_at_offset(path)))
        return tuple(out)

    def _method(self, name: int, kind: int, package: str, depth: int = 0) -> Method:
        """A method by its offsets. `package`: of an unexported name that does not have its own."""
        address = self._module.types + name
        text, flags, _ = self._name(address)
        signature = self._tree(self._module.types + kind, depth + 1)
        if not isinstance(signature, Function):
            raise MalformedFile(f"{self._image.path}: the method {text!r} is not a function")
        return Method("" if flags & 1 else self._package_of(address) or package, text, signature)

    # -- trees --------------------------------------------------------------------------------------------------------

    def _take(self, count: int = 1) -> None:
        self._parts -= count
        if self._parts < 0:
            raise MalformedFile(f"{self._image.path}: its types have more parts than gopluck reads")

    def _tree(self, address: int, depth: int = 0) -> Type:
        self._take()
        if depth > MAX_DEPTH:
            raise MalformedFile(f"{self._image.path}: its types are too deep")
        head = self._head(address)
        if head.flags & NAMED:
            return self._named(head)
        at = address + self._size

        def part(index: int = 0) -> Type:
            return self._tree(self._pointer(at + index * self._word), depth + 1)

        match head.kind:
            case 22:
                return Pointer(part())
            case 23:
                return Array(None, part())
            case 17:
                return Array(self._image.word(at + 2 * self._word), part())
            case 18:
                return Channel(DIRECTIONS.get(self._image.word(at + self._word), "chan"), part())
            case 21:
                return Map(part(0), part(1))
            case types.FUNC:
                return self._function(head, depth)
            case 20:
                return self._interface(address, depth)
            case 25:
                return self._struct(address, depth)
        raise MalformedFile(f"{self._image.path}: a type of kind {head.kind} without a name at {address:#x}")

    def _named(self, head: _Head) -> Named:
        _, name, rest = _split(self._printed(head))
        path, package = self._packages(head)
        arguments: tuple[Type, ...] = ()
        if rest:
            self._take(len(rest) // TEXT_OF_PART)
            try:
                tree = parse(f"T{rest}")
            except NotATypeError as error:
                raise MalformedFile(f"{self._image.path}: the type {name[:40]!r}: {error}") from None
            arguments = tree.arguments if isinstance(tree, Named) else ()
        return Named(path, name, arguments, package)

    def _function(self, head: _Head, depth: int) -> Function:
        inputs, outputs = struct.unpack(self._order + "HH", self._image.read(head.address + self._size, 4))
        variadic = bool(outputs & VARIADIC)
        outputs &= VARIADIC - 1
        self._take(inputs + outputs)
        at = self._after_func(head) + (UNCOMMON_SIZE if head.uncommon else 0)
        places = range(at, at + (inputs + outputs) * self._word, self._word)
        found = [Parameters((), self._tree(self._pointer(place), depth + 1)) for place in places]
        last = found[inputs - 1].type if inputs else None
        if variadic and isinstance(last, Array):
            found[inputs - 1] = Parameters((), last.element, variadic=True)
        return Function(tuple(found[:inputs]), tuple(found[inputs:]))

    def _interface(self, address: int, depth: int = 0) -> Interface:
        at = address + self._size
        package = self._name_of(at)
        rows, count = self._pointer(at + self._word), self._image.word(at + 2 * self._word)
        self._take(count)
        offsets = struct.iter_unpack(self._order + "ii", self._image.read(rows, 8 * count) if count else b"")
        return Interface(tuple(self._method(name, kind, package, depth) for name, kind in offsets))

    def _struct(self, address: int, depth: int) -> Struct:
        at = address + self._size
        package = self._name_of(at)
        rows, count = self._pointer(at + self._word), self._image.word(at + 2 * self._word)
        self._take(count)
        step = 3 * self._word
        return Struct(tuple(self._field(rows + index * step, package, depth) for index in range(count)))

    def _field(self, at: int, package: str, depth: int) -> Field:
        name = self._pointer(at)
        text, flags, end = self._name(name)
        found = self._tree(self._pointer(at + self._word), depth + 1)
        tag = types.name_at(self._image, end - 1, self._fixed)[0] if flags & TAG else ""
        embedded = bool(flags & EMBEDDED)
        if self._module.layout.name in EMBEDDED_BY_OFFSET and self._image.word(at + 2 * self._word) & 1:
            element = found.element if isinstance(found, Pointer) else found
            embedded = embedded or (isinstance(element, Named) and element.name == text)
        own = "" if flags & 1 else package
        return Field(() if embedded else (text,), found, json.dumps(tag, ensure_ascii=False) if tag else "", own)
