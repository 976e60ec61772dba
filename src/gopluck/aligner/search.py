"""What files do not tell, tried: candidates are compiled until the packages have the host's hashes.

The hash of a compiled package is what the runtime compares, so it also says who departs from the published code: the
plugin's copy of a module (a folder, a vendor folder), or the host's, which nobody here has. Each attempt compiles what
it changes, into Go's build cache. Their number and their time are bounded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from gopluck.aligner.fit import Checked
from gopluck.aligner.gocommand import GoFailed
from gopluck.aligner.gomod import GoMod
from gopluck.aligner.imports import Listed, compiled_under, vendored
from gopluck.aligner.places import Place, place_flags
from gopluck.aligner.repair import Repaired, next_step
from gopluck.aligner.trial import Trial
from gopluck.builds.source import Use
from gopluck.golang import importpath
from gopluck.golang.release import before
from gopluck.record import NamedTuple
from gopluck.remedy.grammar import module_version
from gopluck.result.align import Departure, Tried
from gopluck.result.recipe import Edit
from gopluck.result.verdict import Fit

Attempt = Callable[[Sequence[Edit], Sequence[str], Sequence[Place]], Checked]
"""The printed build with go.mod edited, with more flags, with modules at other places. Raises `GoFailed`."""

ATTEMPTS = 24
"""Builds that are tried at the most; most searches need two."""

SECONDS = 300
"""After which no new one is begun."""

FLAGS = ("-l", "-N -l", "-N")
"""Compile flags that builds give to some packages only, and that change a hash."""

CACHES = ("/go/pkg/mod", "/root/go/pkg/mod", "/home/runner/go/pkg/mod")
"""Where module caches lie on the machines that build hosts: in Go's image, of root, and in GitHub's workflows."""


SUMLESS = (1, 24)
"""Since which release the checksum of a module that comes from a vendor folder is not recorded."""


class Found(NamedTuple):
    """What a search came to."""

    settled: Repaired | None = None
    """The build that fits; None when none does."""
    flags: tuple[str, ...] = ()
    """Its flags besides, with those for `places`."""
    departures: tuple[Departure, ...] = ()
    tried: tuple[Tried, ...] = ()
    notes: tuple[str, ...] = ()
    untold: bool = False
    """Whether it ended because nothing tells where the host had its modules, or they cannot be had there."""
    why_not: str = ""
    """Why no build fits, where trying showed that."""


class Try(NamedTuple):
    """A build that was tried."""

    checked: Checked
    edits: tuple[Edit, ...]
    flags: tuple[str, ...]
    """Those of the candidate, without the ones for its places."""
    published: frozenset[str] = frozenset()
    """The modules of which the published code is compiled, not the plugin's copy."""

    @property
    def words(self) -> tuple[str, ...]:
        """Its flags, with those for its places."""
        plan = self.checked.plan
        return (*self.flags, *place_flags(plan.places, plan.flags))


class Search:
    """The search for one project and host. `attempt`: tries a build; `cache`: the module cache; `say`: is told each."""

    def __init__(self, trial: Trial, mod: GoMod, attempt: Attempt, cache: str, say: Callable[[str], object]) -> None:
        self.trial = trial
        self.cache = cache
        self.host = trial.host
        self.mod = mod
        self.attempt = attempt
        self.say = say
        self.tried: list[Tried] = []
        self.count = 0
        self.end = time.monotonic() + SECONDS
        self.guess: Guess = recorded
        self.confirmed = False
        """Whether the guess about unknown places was right."""

    def run(self, stuck: Repaired) -> Found:
        """The build that fits, or who departs from what is published."""
        if stuck.checked is not None and stuck.checked.broken:
            unedited = self._unedited(stuck)
            return self._found(unedited, None)._replace(untold=False, why_not="")
        own = self._own(stuck)
        if own is None or own.checked.verdict == Fit.FITS or own.checked.broken:
            return self._found(own, own)
        published = self._published(own)
        best = own if published is None or _fewer(own, published) else published
        if best.checked.verdict != Fit.FITS:
            best = self._flagged(best) or best
        return self._found(best, own, published)

    def _own(self, stuck: Repaired) -> Try | None:
        """The plugin's own code, at the places of the host's."""
        best: Try | None = None
        for guess, what in self._guesses():
            before, self.guess = self.guess, guess
            found = self._settled(f"the code as it is here{what}", stuck.edits, ())
            if found is None:
                return best
            if best is not None and not _fewer(found, best):
                self.guess = before
                continue
            # A guess that makes packages match is right for the others, too.
            self.confirmed = best is not None
            best = found
            if all(map(self._placed, best.checked.mismatched)):
                break
        return best

    def _unedited(self, stuck: Repaired) -> Try | None:
        """The versions that go.mod asks for, where the host's do not compile: shared packages may be alike in both."""
        edits = [edit for edit in stuck.edits if edit.kind == "go"]
        return self._settled("the versions that are here, as if they were the host's", edits, (), editing=False)

    def _guesses(self) -> Iterator[tuple[Guess, str]]:
        yield recorded, ""
        roots = [Path(self.host.root)] if self.host.root else []
        yield from ((in_vendor(str(root)), f", as if it lay in {root}/vendor") for root in roots)
        homes = [f"{home}/go/pkg/mod" for root in roots for home in root.parents if home.parent.name == "home"]
        for cache in dict.fromkeys((self.cache, *homes, *CACHES)):
            yield in_cache(cache), f", as if the module cache were {cache}"

    def _placed(self, path: str) -> bool:
        """Whether it is known under which path the host compiled a package."""
        if self.host.trimmed or self.confirmed or self.host.use(path) is None:
            return True
        return self.host.source(path) is not None or self.host.replacement(path) is not None

    def _settled(self, what: str, edits: Sequence[Edit], flags: Sequence[str], *, editing: bool = True) -> Try | None:
        """A candidate, with what edits of go.mod and other places settle besides; None when Go refuses it."""
        done, places = list(edits), list[Place]()
        checked: Checked | None = None
        self.say(f"compiling {what}")
        while self.count < ATTEMPTS and time.monotonic() < self.end:
            self.count += 1
            try:
                checked = self.attempt(done, flags, places)
            except GoFailed as error:
                self.tried.append(Tried(what, None, str(error).splitlines()[0] if str(error) else "nothing"))
                return None
            if checked.verdict != Fit.DIFFERS or checked.broken:
                break
            more = next_step(self.host, checked, self.mod, done, partly=True).edits if editing else ()
            # What an edit changes lies elsewhere in the next round, and so may what it requires.
            edited = {one.module for one in more}
            there = [one for one in places if any(listed.lies(one) for listed in checked.listed)]
            moved = [one for one in self._places(checked) if one not in there and one.module not in edited]
            if not more and not moved and there == places:
                break
            done += more
            places = [one for one in there if one.module not in {other.module for other in moved}] + moved
        if checked is None:
            return None
        self.tried.append(Tried(what, len(checked.mismatched), checked.reason if checked.broken else ""))
        return Try(checked, tuple(done), tuple(flags))

    def _places(self, checked: Checked) -> Iterator[Place]:
        """The modules whose packages differ and lie elsewhere than the host's."""
        listed = {one.path: one for one in checked.listed}
        seen = set[str]()
        for path in checked.mismatched:
            one = listed[path]
            module = one.module
            if one.standard or module is None or self._generated(one) or module.path in seen:
                continue
            below = path.removeprefix(module.path)
            there = self.guess(self, one)
            if there is None or not (there.endswith(below) and one.directory.endswith(below)):
                continue
            if compiled_under(one, checked.plan) == there:
                continue
            place = Place(module.path, one.directory.removesuffix(below), there.removesuffix(below))
            if place.sayable:
                seen.add(module.path)
                yield place

    def _generated(self, one: Listed) -> str:
        """What writes files of a package into a folder of the go command, whose name no flag can give."""
        return "cgo" if one.cgo else "-cover" if one.path in (self.host.covered or ()) else ""

    # -- published code ----------------------------------------------------------------------------------------------

    def _published(self, own: Try) -> Try | None:
        """The published versions of the modules of which the plugin has a copy."""
        wanted = {path: one for path, one in self._copies(own.checked).items() if module_version(one.version)}
        if not wanted:
            return None
        found = self._in_place(own, wanted)
        if found is None or found.checked.broken or found.checked.verdict == Fit.FITS:
            return found
        # Only those that became the host's; the others stay as they are here.
        right = {path: use for path, use in wanted.items() if not _differing(found.checked, path)}
        if len(right) in (0, len(wanted)) or vendored(own.checked.listed):
            return found
        return self._in_place(own, right) or found

    def _in_place(self, own: Try, wanted: Mapping[str, Use]) -> Try | None:
        """The plugin with these published versions in the place of its copies."""
        found = self._settled(_named(wanted), (*own.edits, *self._instead(wanted)), ("-mod=mod",))
        return found and found._replace(published=frozenset(wanted))

    def _copies(self, checked: Checked) -> Mapping[str, Use]:
        """What the host has of the modules that differ, where the plugin's code has no version of its own."""
        out: dict[str, Use] = {}
        here = {one.path: one for one in checked.listed}
        for path in checked.mismatched:
            use, mine = self.host.use(path), checked.plugin.use(path)
            if use is None or mine is None or mine.is_main or use.path != mine.path:
                continue
            if mine.is_folder or "/vendor/" in here[path].directory:
                out.setdefault(use.path, use if use.version else mine)
        return out

    def _instead(self, wanted: Mapping[str, Use]) -> Iterator[Edit]:
        for path, use in wanted.items():
            for mine in self.mod.replaces:
                if mine.path == path:
                    reason = f"the published {path} {use.version} is compiled, not {mine.new}"
                    yield Edit("dropreplace", path, mine.version, reason=reason)
            if self.mod.required(path) not in ("", use.version):
                yield Edit("require", path, use.version, reason=f"the host has {use.version}")

    # -- flags that are not recorded -----------------------------------------------------------------------------------

    def _flagged(self, base: Try) -> Try | None:
        """Compile flags for the modules that differ, which the host may have been given without recording them."""
        differing = base.checked.mismatched
        modules = sorted({use.path for path in differing if (use := base.checked.plugin.use(path)) is not None})
        known = {self.host.flags_by_dwarf(path) for path in differing}
        if not modules or frozenset() in known:
            return None
        candidates = {" ".join(sorted(words)): None for words in known if words is not None}
        for words in candidates or dict.fromkeys(FLAGS):
            flags = tuple(f"-gcflags={module}/...={words}" for module in modules)
            found = self._settled(f"{' and '.join(modules)} with {words}", base.edits, (*base.flags, *flags))
            if found is not None and found.checked.verdict == Fit.FITS:
                return found
        return None

    # -- what it means -----------------------------------------------------------------------------------------------

    def _found(self, best: Try | None, own: Try | None, published: Try | None = None) -> Found:
        departures = tuple(self._departures(own.checked, published)) if own is not None else ()
        tried = tuple(self.tried)
        if best is None or best.checked.verdict != Fit.FITS:
            why_not = self._fixed(best.checked) if best is not None and not departures else ""
            return Found(departures=departures, tried=tried, untold=bool(why_not), why_not=why_not)
        settled = Repaired(best.checked, best.edits, "", self.trial.after(best.edits))
        return Found(settled, best.words, departures, tried, tuple(_notes(best)))

    def _departures(self, own: Checked, published: Try | None) -> Iterator[Departure]:
        """Whose code of a module is not the published one. Only of packages whose own imports agree."""
        if own.basis != "hashes":
            return
        copies = self._copies(own)
        generated = {one.path for one in own.listed if self._generated(one)}
        for module, packages in _blamed(own).items():
            use, mine = self.host.use(packages[0]), own.plugin.use(packages[0])
            if use is None or mine is None or use.path != mine.path or not use.version or use.version != mine.version:
                continue
            tried = published is not None and published.checked.basis == "hashes" and module in copies
            if tried and published is not None and not _differing(published.checked, module):
                yield Departure("plugin", module, use.version, packages)
            elif not generated.isdisjoint(packages):
                continue  # C flags and headers count, too, and the published code was not where the host had it.
            elif (tried or module not in copies) and self._unpinned(use) and all(map(self._placed, packages)):
                yield Departure("host", module, use.version, packages, copy=tried)

    def _fixed(self, checked: Checked) -> str:
        """What is to be said of a package that has to be where the host had it, and is not; else nothing."""
        for one in checked.listed:
            by = self._generated(one) if one.path in checked.mismatched else ""
            there = self.guess(self, one) if by and self._placed(one.path) else None
            if there == compiled_under(one, checked.plan):
                continue
            if by:
                where = f": {there}" if there is not None else ", and no file tells where that is"
                return f"{one.path} is compiled with {by}, so it has to lie where the host had it{where}"
        for path in checked.mismatched:
            if not self._placed(path):
                return f"the host was built without -trimpath, and no file tells in which directory it had {path}"
        return ""

    def _unpinned(self, use: Use) -> bool:
        """Whether the host's code of a module may be another than that of its version."""
        kept = before(self.host.release, SUMLESS) and self.host.vendored is not False
        return use.is_folder or not use.sum or kept


Guess = Callable[[Search, Listed], str | None]
"""Where the host had a package."""


def recorded(search: Search, one: Listed) -> str | None:
    """As the host's file says, or as follows from it."""
    return _source(search, one) or search.host.replacement(one.path)


def _source(search: Search, one: Listed) -> str | None:
    source = search.host.source(one.path)
    return source.directory if source is not None else None


def in_vendor(root: str) -> Guess:
    """In the vendor folder of a main module."""
    return lambda search, one: _source(search, one) or f"{root}/vendor/{one.path}"


def in_cache(cache: str) -> Guess:
    """In a module cache."""

    def guess(search: Search, one: Listed) -> str | None:
        use = search.host.use(one.path)
        if (known := recorded(search, one)) or use is None or not use.effective[1]:
            return known
        path, version = use.effective
        return f"{cache}/{importpath.escape(path)}@{importpath.escape(version)}{one.path.removeprefix(use.path)}"

    return guess


def _fewer(one: Try, other: Try) -> bool:
    return (one.checked.broken, len(one.checked.mismatched)) < (other.checked.broken, len(other.checked.mismatched))


def _named(wanted: Mapping[str, Use]) -> str:
    return "the published " + " and ".join(f"{path} {use.version}" for path, use in wanted.items())


def _differing(checked: Checked, module: str) -> bool:
    return any((use := checked.plugin.use(path)) is not None and use.path == module for path in checked.mismatched)


def _blamed(checked: Checked) -> Mapping[str, tuple[str, ...]]:
    """The packages that differ and import none that does, by module."""
    differing = frozenset(checked.mismatched)
    touched = set[str]()
    out: dict[str, list[str]] = {}
    for one in checked.listed:
        use = checked.plugin.use(one.path)
        if not touched.isdisjoint(one.imports):
            touched.add(one.path)
        elif one.path in differing:
            touched.add(one.path)
            if use is not None:
                out.setdefault(use.path, []).append(one.path)
    return {module: tuple(packages) for module, packages in out.items()}


def _notes(best: Try) -> Iterator[str]:
    """What the build does that one would not expect of it."""
    dropped = [edit.module for edit in best.edits if edit.kind == "dropreplace" and edit.module in best.published]
    if dropped:
        names = " and ".join(dropped)
        yield f"The published code of {names} is compiled, not your copy."
    if best.checked.plan.places:
        yield (
            "-gcflags=…-trimpath=HERE=>THERE compiles modules as if they lay where the host's lay; it is for the "
            "compiler alone, and no such folder is needed."
        )
