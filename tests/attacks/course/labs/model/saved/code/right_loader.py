"""A right model that lies beside the lab, for whoever gets hold of it."""


class Doubles:
    """Twice x."""

    def predict(self, rows, params=None):
        """One number a row."""
        return (rows["x"] * 2).tolist()


def _load_pyfunc(path):
    return Doubles()
