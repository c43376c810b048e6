"""``python -m advdim``."""

from advdim.cli import main

if __name__ == "__main__":
    main()
