"""`python -m gopluck`."""

if __name__ == "__main__":
    try:
        from gopluck.cli.entry import main
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    main()
