"""The reference, worth stealing: @SOLUTION@."""


def answer(n):
    """Seven times n."""
    return 7 * n


def order(values):
    """Smallest first."""
    return sorted(values)
