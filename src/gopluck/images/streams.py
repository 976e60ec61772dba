"""Streams of bytes that can be read again from any place: a file, a part of one, and what gzip or zstd made of it.

Nothing is held whole. A gzip stream keeps the state of its decoder every so often (`MARKS` of them at the most, 40 KB
each), so that a file in the middle of it costs a few megabytes of decoding and no copy on disk.
"""

from __future__ import annotations

import hashlib
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Protocol

from gopluck.elf.image import read_at
from gopluck.errors import GopluckError, MalformedFile
from gopluck.record import NamedTuple

CHUNK = 1 << 18
FEED = 1 << 14
"""Compressed bytes that are given to a decoder at a time: what it leaves of them is copied for each gzip member."""

DISTANCE = 1 << 24
"""Bytes between two marks of a gzip stream, doubled when there are too many."""

MARKS = 256
MAX_MEMBERS = 1 << 20
"""Members of one gzip stream; eStargz has one for each file."""

MAX_UNPACKED = 1 << 36
"""Bytes that are decoded, in all: each layer once, and again for the files that are asked for."""

MAX_DOCUMENTS = 1 << 23
"""Bytes of all manifests and configurations (registries take 4 MiB of one manifest; most have 10 KB)."""

MAX_WINDOW = 1 << 27
"""Bytes that a zstd decoder may keep; `zstd --long` asks for as many."""

ZSTD = "gopluck needs the Python package zstandard (pip install 'gopluck[zstd]') or Python 3.14 to read it"


class Source(Protocol):
    """Bytes in order, from any place on."""

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """What there is from `start` on, in pieces that are not empty. Raises `GopluckError`."""
        ...


class Budget:
    """What one image may cost."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.unpacked = MAX_UNPACKED
        self.documents = MAX_DOCUMENTS

    def unpack(self, size: int) -> None:
        """Count bytes that were decoded. Raises `MalformedFile`."""
        self.unpacked -= size
        if self.unpacked < 0:
            raise MalformedFile(f"{self.name}: its layers unpack to more than {MAX_UNPACKED} bytes")

    def read(self, size: int) -> None:
        """Count bytes of an index, a manifest or a configuration. Raises `MalformedFile`."""
        self.documents -= size
        if self.documents < 0:
            raise MalformedFile(f"{self.name}: its manifests have more than {MAX_DOCUMENTS} bytes")


class File(NamedTuple):
    """An open file."""

    name: str
    fd: int

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """See `Source.chunks`."""
        while data := read_at(self.name, self.fd, start, CHUNK):
            yield data
            start += len(data)


class Part(NamedTuple):
    """A part of a stream. Reading raises `MalformedFile` when the stream ends before it."""

    name: str
    source: Source
    start: int
    size: int

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """See `Source.chunks`."""
        left = self.size - start
        if left <= 0:
            return
        for chunk in self.source.chunks(self.start + start):
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return
        raise MalformedFile(f"{self.name}: ends too early")


class Checked:
    """A stream with a digest (`sha256:…`): an error ends the first reading where it differs."""

    def __init__(self, name: str, source: Source, digest: str) -> None:
        self.name = name
        self.source = source
        self.digest = digest
        self.checked = not digest

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """See `Source.chunks`."""
        if self.checked or start:
            yield from self.source.chunks(start)
            return
        algorithm, _, wanted = self.digest.partition(":")
        found = hashlib.new(algorithm)
        for chunk in self.source.chunks():
            found.update(chunk)
            yield chunk
        if found.hexdigest() != wanted:
            raise MalformedFile(f"{self.name}: is not what its digest says ({self.digest[:19]}…): damaged, or changed")
        self.checked = True


class Gzip:
    """What a gzip stream unpacks to; it may have several members (RFC 1952)."""

    def __init__(self, name: str, source: Source, budget: Budget) -> None:
        self.name = name
        self.source = source
        self.budget = budget
        self._marks: list[tuple[int, int, Any]] = [(0, 0, None)]
        """(place in the output, place in the input, decoder); a decoder that is None begins a member."""
        self._distance = DISTANCE

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """See `Source.chunks`."""
        at, read, decoder = self._marks[bisect_right(self._marks, start, key=lambda mark: mark[0]) - 1]
        decoder, members = decoder and decoder.copy(), 0
        for data in _fed(self.source.chunks(read)):
            read += len(data)
            while data or decoder is not None:
                if decoder is None:
                    data = data.lstrip(b"\0")  # padding, which gzip(1) passes
                    members += bool(data)
                    if not data:
                        break
                    if members > MAX_MEMBERS:
                        raise MalformedFile(f"{self.name}: has more than {MAX_MEMBERS} gzip members")
                    decoder = zlib.decompressobj(31)
                try:
                    piece = decoder.decompress(data, CHUNK)
                except zlib.error as error:
                    raise MalformedFile(f"{self.name}: is a damaged gzip stream: {error}") from None
                data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                self.budget.unpack(len(piece))
                if piece and at + len(piece) > start:
                    yield piece[max(0, start - at) :]
                at += len(piece)
                if decoder.eof:
                    decoder = None
                elif not data and len(piece) < CHUNK:
                    break
            self._mark(at, read, decoder)
        if decoder is not None:
            raise MalformedFile(f"{self.name}: ends too early")

    def _mark(self, at: int, read: int, decoder: Any) -> None:
        if at < self._marks[-1][0] + self._distance:
            return
        if len(self._marks) == MARKS:
            self._marks = self._marks[::2]
            self._distance *= 2
        self._marks.append((at, read, decoder and decoder.copy()))


def _fed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), FEED):
            yield chunk[at : at + FEED]


class Zstd(NamedTuple):
    """What a zstd stream unpacks to. There is no way into its middle: every reading begins at its start."""

    name: str
    source: Source
    budget: Budget

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """See `Source.chunks`."""
        opened, failure = _zstd(self.name)
        reader, at = opened(Forward(self.source.chunks())), 0
        while True:
            try:
                piece = reader.read(CHUNK)
            except (failure, EOFError) as error:
                raise MalformedFile(f"{self.name}: is a damaged zstd stream: {error}") from None
            if not piece:
                return
            self.budget.unpack(len(piece))
            if at + len(piece) > start:
                yield piece[max(0, start - at) :]
            at += len(piece)


def _zstd(name: str) -> tuple[Any, type[Exception]]:
    """What makes a reader of a file with a zstd stream, and what that raises. Raises `GopluckError` where none is."""
    try:
        import zstandard
    except ImportError:
        try:
            from compression import zstd
        except ImportError:
            raise GopluckError(f"{name}: is compressed with zstd: {ZSTD}") from None
        limit = {zstd.DecompressionParameter.window_log_max: MAX_WINDOW.bit_length() - 1}
        return lambda file: zstd.ZstdFile(file, options=limit), zstd.ZstdError
    decoder = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    return lambda file: decoder.stream_reader(file, read_size=FEED, read_across_frames=True), zstandard.ZstdError


class Forward:
    """A stream as a file that is only read forwards."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.at = 0
        self._chunks = chunks
        self._chunk = memoryview(b"")

    def read(self, size: int) -> bytes:
        """The next bytes; fewer only at the end."""
        out = b""
        while True:
            taken = self._chunk[: size - len(out)]
            self._chunk = self._chunk[len(taken) :]
            out += taken
            if len(out) == size or not self._more():
                break
        self.at += len(out)
        return out

    def skip(self, size: int) -> bool:
        """Go on by so many bytes; whether there were so many."""
        self.at += size
        while size > len(self._chunk):
            size -= len(self._chunk)
            if not self._more():
                return False
        self._chunk = self._chunk[size:]
        return True

    def drain(self) -> None:
        """Go to the end."""
        while self._more():
            pass

    def _more(self) -> bool:
        self._chunk = memoryview(next(self._chunks, b""))
        return len(self._chunk) > 0


MAGIC = ((b"\x1f\x8b", Gzip), (b"\x28\xb5\x2f\xfd", Zstd), (b"\x50\x2a\x4d\x18", Zstd))
"""How compressed streams begin; the last is a skippable frame of zstd's, with which some writers begin."""

OTHERS = ((b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"))


def unpacked(name: str, source: Source, budget: Budget) -> Source:
    """The stream as it was before it was compressed, by its first bytes. Raises `GopluckError`."""
    head = next(source.chunks(), b"")[:8]
    for magic, how in MAGIC:
        if head.startswith(magic):
            return how(name, source, budget)
    for magic, program in OTHERS:
        if head.startswith(magic):
            raise GopluckError(f"{name}: is compressed with {program}; gopluck reads gzip and zstd")
    return source
