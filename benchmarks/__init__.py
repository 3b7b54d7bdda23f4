"""How fast isogloss is beside the usual ways, and how far from the machine's limit: `python -m benchmarks`."""
