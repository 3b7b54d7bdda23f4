"""What explains a transfer matrix: regressions, tests and predictions that allow for pairs sharing languages."""
