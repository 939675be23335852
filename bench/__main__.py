"""Run every benchmark: `python -m bench`. Results go to `bench/results/`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
BENCHES = ("read", "scoring", "command")


def main() -> None:
    for name in BENCHES:
        print(f"\n## {name}\n", flush=True)
        command = [sys.executable, "-m", f"bench.bench_{name}", "--json", str(RESULTS / f"{name}.json")]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
