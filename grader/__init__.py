"""Grade machine-learning-engineering coursework: answer sheets and labs on real engines."""

__version__ = "0.1.0"
