"""Run the bench: see `bench.accuracy.run`."""

from bench.accuracy.run import main

main()
