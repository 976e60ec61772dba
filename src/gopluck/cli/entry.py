"""The start of every `gopluck` process: from its first line on, Ctrl-C ends it with status 130 and no traceback.

Nothing is imported at the top but the package itself, which is there already: what runs before `main` could not be
guarded. While modules are imported and while the interpreter goes away, Ctrl-C ends the process on the spot; while a
command runs, it is a `KeyboardInterrupt`, so that temporary files are removed and the cursor comes back.
"""

from gopluck.cli import STATUS_INTERRUPTED


def main() -> None:
    """Run the command line, and exit with its status."""
    try:
        _guarded()
    except KeyboardInterrupt:
        _leave()


def _leave(*_: object) -> None:
    import os

    try:
        os.write(2, b"\n")
    finally:
        os._exit(STATUS_INTERRUPTED)


def _unraisable(problem: object) -> None:
    """Python tells what is raised in a callback, and would go on."""
    import sys

    if isinstance(getattr(problem, "exc_value", None), KeyboardInterrupt):
        _leave()
    sys.__unraisablehook__(problem)  # type: ignore[arg-type]


def _guarded() -> None:
    import gc
    import signal
    import sys

    # Not where the shell has switched it off, as for a job in the background.
    watched = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if watched:
        signal.signal(signal.SIGINT, _leave)
        sys.unraisablehook = _unraisable
    # Modules and facts are kept until the end: looking at them for garbage 35 times takes 10 ms of a check.
    gc.set_threshold(50_000, 10, 10)
    from gopluck.cli.main import main as run

    status = None
    try:
        if watched:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        run()
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        status = end.code
    finally:
        if watched:
            signal.signal(signal.SIGINT, _leave)
    if status is not None:
        _end(status)


def _end(status: int) -> None:
    """Leaves, with everything written, but without taking apart what the kernel frees at once: 20 ms of a check.

    Where something could not be written, Python ends as it does, and says so.
    """
    import atexit
    import os
    import sys

    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        raise SystemExit(status) from None
    os._exit(status)
