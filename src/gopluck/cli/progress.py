"""How far a command is: on standard error, on a terminal only, gone when it is done.

`Bar` for what can be counted, `Steps` for what the go command does meanwhile.
"""

from __future__ import annotations

import time
from threading import Lock, Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

PATIENCE = 1.0
"""Seconds before the bar appears: what is done by then needs none, and does not pay for importing rich."""


class Bar:
    """Counts plugins; call it with the path of each one before it is read. Use as a context manager.

    Whether there is somebody to see it is decided by `output.progress`.
    """

    def __init__(self, total: int, color: str = "auto", patience: float = PATIENCE) -> None:
        self.total = total
        self.color = color
        self.done = -1
        """Plugins that were read to the end; the first call begins the first."""
        self._due = time.monotonic() + patience
        self._shown: tuple[Progress, TaskID] | None = None

    def __call__(self, path: str) -> None:
        """The next plugin begins."""
        self.done += 1
        if self._shown is None and self.done < self.total - 1 and time.monotonic() >= self._due:
            self._show()
        if self._shown is not None:
            from gopluck.clean import clean, inert

            progress, task = self._shown
            progress.update(task, completed=self.done, description=inert(clean(path)))

    def _show(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

        columns = BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn()
        self._shown = _started(self.color, "", self.total, *columns)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown is not None:
            self._shown[0].stop()


def _started(color: str, described: str, total: int | None, *columns: ProgressColumn) -> tuple[Progress, TaskID]:
    """One line of a terminal: these columns, and the description of what is done."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn
    from rich.table import Column

    text = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    console = Console(stderr=True, no_color=True if color == "never" else None)
    last = TextColumn("{task.description}", markup=False, table_column=text)
    progress = Progress(*columns, last, console=console, transient=True, expand=True)
    task = progress.add_task(described, total=total)
    progress.start()
    return progress, task


class Steps:
    """Shows the step that takes long, and the time since the first one. Use as a context manager."""

    def __init__(self, color: str = "auto", patience: float = PATIENCE) -> None:
        self.color = color
        self._step = ""
        self._lock = Lock()
        self._shown: tuple[Progress, TaskID] | None = None
        self._timer = Timer(patience, self._show)
        self._timer.daemon = True

    def __call__(self, step: str) -> None:
        """A step begins."""
        from gopluck.clean import clean, inert

        with self._lock:
            self._step = inert(clean(step))
            if self._shown is not None:
                self._shown[0].update(self._shown[1], description=self._step)

    def _show(self) -> None:
        """Called by the timer: the go command keeps the other thread waiting."""
        from rich.progress import SpinnerColumn, TimeElapsedColumn

        with self._lock:
            if self._timer.finished.is_set():
                return  # done meanwhile
            self._shown = _started(self.color, self._step, None, SpinnerColumn(), TimeElapsedColumn())

    def __enter__(self) -> Steps:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            if self._shown is not None:
                self._shown[0].stop()
