"""How long to wait before the next attempt: twice as long after each failure, up to a bound."""

MOST_DOUBLINGS = 60  # more are beyond any bound, and in the end beyond what a float can hold


def back_off(failures: int, first: float, longest: float) -> float:
    """Seconds to wait after so many failures in a row (1, 2, ...): `first` after one, never more than `longest`."""
    return min(first * 2.0 ** min(failures - 1, MOST_DOUBLINGS), longest)
