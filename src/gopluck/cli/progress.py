"""How far a command is that reads many plugins: a bar on standard error, on a terminal only, gone when it is done."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

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
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        console = Console(stderr=True, no_color=True if self.color == "never" else None)
        progress = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn(
                "{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
            ),
            console=console,
            transient=True,
            expand=True,
        )
        self._shown = progress, progress.add_task("", total=self.total)
        progress.start()

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown[0].stop()
