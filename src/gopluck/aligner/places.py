"""Modules that are compiled as if they lay where the host's lay, though they lie elsewhere on this machine.

A package's hash holds the paths of its files, and the compiler's own `-trimpath=HERE=>THERE` writes others into it
(`cmd/internal/objabi/line.go`, `ApplyRewrites`). The go command gives that flag itself, before those of `-gcflags`, and
the last one counts (`cmd/go/internal/work/gc.go`). So a host that was built without -trimpath, from a vendor folder, a
checkout or a module cache that is not on this machine, can be matched all the same. Not with cgo: what that writes lies
in a folder of the go command, whose name is another one in each build.
"""

from __future__ import annotations

from collections.abc import Sequence

from gopluck.builds.flags import matches, split
from gopluck.record import NamedTuple
from gopluck.remedy import grammar


class Place(NamedTuple):
    """A module, the folder in which it lies here, and the one that the compiler is told."""

    module: str
    here: str
    there: str
    """An absolute folder; under -trimpath what stands for one (`example.com/lib@v1.0.0`)."""

    @property
    def sayable(self) -> bool:
        """Whether it can stand in a flag: `there` comes from a file."""
        words = (self.module, self.here, self.there)
        named = grammar.directory(self.there) or grammar.import_path(self.there.partition("@")[0])
        return named and grammar.directory(self.here) and all(map(_one_word, words)) and grammar.flag(_flag(self, ()))


def _one_word(text: str) -> bool:
    return not {" ", ";", "=", ","}.intersection(text)


def within(path: str, folder: str) -> bool:
    """Whether a path lies in a folder, or a package in a module, or is it."""
    return path == folder or path.startswith(folder + "/")


def place_flags(places: Sequence[Place], flags: Sequence[str]) -> tuple[str, ...]:
    """The flags of `go build`, behind the others. The last -gcflags that fits a package counts: so it repeats them."""
    patterns = [split(flag.partition("=")[2]) for flag in flags if flag.startswith("-gcflags=")]
    out = []
    for place in sorted(places):
        given = [
            words for pattern, words in patterns if pattern and (pattern == "all" or matches(pattern, place.module))
        ]
        out.append(_flag(place, given[-1] if given else ()))
    return tuple(out)


def _flag(place: Place, given: Sequence[str]) -> str:
    return f"-gcflags={place.module}/...={' '.join((*given, f'-trimpath={place.here}=>{place.there}'))}"
