"""gopluck reads a Go host and Go plugins, without running them, and says whether the plugins load, and if not, why."""

__version__ = "0.1.0"
