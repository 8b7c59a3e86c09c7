"""Attacks that no file in a repository can be: links, devices, names, sizes, whole folders.

Each is a function that builds one submission; its docstring is read as that of a file in
`corpus/`. The functions are in `intake`, `sheets` and `shadows`, by what they aim at.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from tests.attacks import intake, shadows, sheets
from tests.attacks.catalogue import Attack, described


def built() -> Iterator[Attack]:
    """All of them."""
    for module in (intake, sheets, shadows):
        for family, build, root in module.BUILT:
            name = getattr(build, "__name__", "")
            yield described(family, name, inspect.getdoc(build) or "", build, root=root)
