"""Run the command line as `python -m quoter.cli`."""

from quoter.cli.main import main

if __name__ == "__main__":
    main()
