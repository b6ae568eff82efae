"""Numbers in, numbers out: metrics, tests, intervals, power, the verdict. No torch."""
