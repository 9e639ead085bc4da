"""Sizes on the command line, as the programs read them."""

UNITS = {"K": 10, "M": 20, "G": 30}


def parse_size(text: str) -> int:
    """Bytes of "8", "4K", "64M"; ValueError where it is no size."""
    shift = UNITS.get(text[-1:].upper(), 0)
    return int(text[:-1] if shift else text) << shift


def parse_sizes(text: str) -> list:
    return [parse_size(size) for size in text.split(",")]
