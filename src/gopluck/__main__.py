"""`python -m gopluck`."""

from gopluck.cli.main import main

if __name__ == "__main__":
    main()
