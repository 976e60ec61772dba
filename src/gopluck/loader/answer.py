"""`DlopenResult`: how one `dlopen` ends, and why (`Failure`); the two exceptions that end its replay early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gopluck.facts.model import EMPTY
from gopluck.record import NamedTuple, StrEnum, auto

if TYPE_CHECKING:
    from gopluck.loader.library import Library


class Failure(StrEnum):
    """Why `dlopen` refuses a file, or cannot be judged: what is wrong with it, or with what it needs."""

    NOT_ELF = auto()
    MACHINE = auto()
    NOT_A_LIBRARY = auto()
    FORM = auto()
    """ELF, but damaged, or in a form that is not judged."""
    LIBRARY = auto()
    """A library that it needs is not there, or is not usable."""
    SYMBOL = auto()
    """A symbol that it needs is nowhere."""
    OLDER_LIBC = auto()
    OTHER_LIBC = auto()
    STATIC_HOST = auto()
    HOST_EXPORTS_NOTHING = auto()
    SANITIZER = auto()
    STATIC_TLS = auto()
    """No room in the static TLS area."""


class Status(StrEnum):
    """How one `dlopen` ends."""

    LOADED = "loaded"
    SAME = "same"
    """The file is loaded already."""
    ERROR = "error"
    ABORT = "abort"
    """The process dies."""
    UNKNOWN = "unknown"


class DlopenResult(NamedTuple):
    """How one `dlopen` ends."""

    status: Status
    text: str | None = None
    """`dlerror()`; what the process prints when it dies; why it is unknown."""
    exact: bool = True
    needed_loaded: tuple[Library, ...] = ()
    """The libraries that came into the process with it, in load order."""
    failure: Failure | None = None
    evidence: Mapping[str, str] = EMPTY
    lost: int = 0
    """Bytes of the static TLS area that a refusal leaves unused, at the most."""


class Ended(Exception):
    """Ends a replay with a result that is no error text of the C library."""

    def __init__(self, result: DlopenResult) -> None:
        self.result = result


class Refused(Exception):
    """Ends a replay with a text of `texts.GLIBC` or `texts.MUSL`. `failure`: where it is not that of the text."""

    def __init__(
        self,
        key: str,
        fields: Mapping[str, str],
        evidence: Mapping[str, str] | None = None,
        failure: Failure | None = None,
        exact: bool = True,
    ) -> None:
        self.key = key
        self.fields = fields
        self.failure = failure
        self.exact = exact
        self.evidence = evidence or {}


def not_known(text: str, failure: Failure, evidence: Mapping[str, str] = EMPTY) -> Ended:
    """The end of a replay that needs to know more than there is."""
    return Ended(DlopenResult(Status.UNKNOWN, text, failure=failure, evidence=evidence))


def process_dies(text: str, failure: Failure, evidence: Mapping[str, str] = EMPTY, *, exact: bool = False) -> Ended:
    """The end of a replay with the end of the process."""
    return Ended(DlopenResult(Status.ABORT, text, exact, failure=failure, evidence=evidence))
