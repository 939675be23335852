"""`python -m vascal`: the same as `vascal`."""

from __future__ import annotations

from vascal.cli.main import main

if __name__ == "__main__":
    main()
