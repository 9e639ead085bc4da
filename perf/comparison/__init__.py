"""Runs weft and its peers in turn and compares them; perf/compare is the command."""
