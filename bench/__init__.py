"""Measures Studiolo against the budgets of its design: `make bench`, or `python -m bench [ROW ...]`."""
