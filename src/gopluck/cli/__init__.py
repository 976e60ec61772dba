"""The command line: one file for each command."""

STATUS_INTERRUPTED = 130
"""The exit status after Ctrl-C: what a shell gives to a program that SIGINT ended."""
