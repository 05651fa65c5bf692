"""The life of a run: start, meet, run, drain, report, end, whoever started it."""
