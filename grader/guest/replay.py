"""Record what modules import while they load, so that a later process can load them in name only.

A process that has imported much already can so stand in for a fresh one where only the imports
matter: `hide` makes the recorded modules count as not loaded, and importing one of them gives the
module back and repeats, through whatever `__import__` then is, the imports its body made.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NamedTuple

#: What every load passes, from Python or C; a private module, unknown to the type checker.
_machinery: Any = importlib.import_module("importlib._bootstrap")
# The real ones, whoever patches them later: what C code calls cannot be patched either.
_import = builtins.__import__
_import_module = importlib.import_module


class Event(NamedTuple):
    """One import that a module's body made."""

    kind: str
    """`import` (`__import__`), `module` (`import_module`), `load` (by C), `alias` (sys.modules)."""
    args: tuple[Any, ...]
    failed: bool = False

    def repeat(self) -> None:
        """Make it again; it may fail again, and only then."""
        try:
            if self.kind == "import":
                builtins.__import__(*self.args)
            elif self.kind == "module":
                importlib.import_module(*self.args)
            elif self.kind == "load":
                _import_module(*self.args)
            else:
                sys.modules.setdefault(*self.args)
        except Exception:
            if not self.failed:
                raise


@dataclass
class _Body:
    """A module whose body is being executed."""

    events: list[Event] = field(default_factory=list)
    importing: int = 0  # imports of its own under way: loads within them need no event


class Recording:
    """What was loaded before, and what each module loaded under `record` imported."""

    def __init__(self, *ignored: str) -> None:
        """Whatever is in `sys.modules` now counts as loaded from the start, except `ignored`."""
        self.before = frozenset(sys.modules) - set(ignored)
        self.events: dict[str, list[Event]] = {}
        self._known = set(sys.modules)
        self._path = list(sys.path)
        self._bodies: list[_Body] = []
        #: Names in modules that were bound to a patched import function: module, name, which.
        self._bound: dict[str, dict[str, str]] = {}
        modules = [(name, sys.modules[name]) for name in self.before]
        self._names = {n: dict(vars(m)) for n, m in modules if isinstance(m, ModuleType)}
        loaded = {id(m) for _, m in modules}
        # Modules that stand in for others until they are used, as MLflow has for its flavors.
        self._proxies = {
            id(v): (v, dict(vars(v)))
            for names in self._names.values()
            for v in names.values()
            if isinstance(v, ModuleType) and id(v) not in loaded
        }

    def shadowed(self, path: list[str]) -> bool:
        """Whether with `path` for `sys.path` a recorded name might mean another module."""
        if [entry for entry in path if entry in self._path] != self._path:
            return True
        more = [entry for entry in path if entry not in self._path]
        tops = {name.partition(".")[0] for name in self.events}
        return bool(more) and any(PathFinder.find_spec(top, more) for top in tops)

    @contextmanager
    def record(self) -> Iterator[None]:
        """Note the imports of every module that is loaded meanwhile, in this thread."""
        load = _machinery._load_unlocked

        def imports(
            name: str,
            globals: Any = None,  # noqa: A002 - the names that `__import__` has
            locals: Any = None,  # noqa: A002
            fromlist: Any = (),
            level: int = 0,
        ) -> Any:
            return self._noted("import", _import, name, globals, None, fromlist, level)

        def import_module(name: str, package: str | None = None) -> ModuleType:
            module: ModuleType = self._noted("module", _import_module, name, package)
            return module

        _machinery._load_unlocked = lambda spec: self._loaded(spec, load)
        builtins.__import__ = imports
        importlib.import_module = import_module
        try:
            yield
        finally:
            _machinery._load_unlocked = load
            builtins.__import__ = _import
            importlib.import_module = _import_module
            self._unbind({id(imports): "import", id(import_module): "module"})

    def _noted(self, kind: str, function: Callable[..., Any], *args: Any) -> Any:
        if not self._bodies:
            return function(*args)
        body = self._bodies[-1]
        at = len(body.events)
        body.events.append(Event(kind, args))
        body.importing += 1
        try:
            return function(*args)
        except BaseException:
            body.events[at] = Event(kind, args, failed=True)
            raise
        finally:
            body.importing -= 1

    def _loaded(self, spec: ModuleSpec, load: Any) -> Any:
        if self._bodies and not self._bodies[-1].importing:
            return self._noted("load", lambda _: self._loaded(spec, load), spec.name)
        body = _Body()
        self._bodies.append(body)
        self._known.add(spec.name)
        try:
            module = load(spec)
            if isinstance(spec.loader, ExtensionFileLoader):
                body.events += self._seen_in(module)
        finally:
            self._bodies.pop()
            if len(sys.modules) != len(self._known):
                for name in sys.modules.keys() - self._known:
                    body.events.append(Event("alias", (name, sys.modules[name])))
                self._known = set(sys.modules) | self._known
                self._known.intersection_update(sys.modules)
        self.events[spec.name] = body.events
        return module

    def _seen_in(self, module: Any) -> list[Event]:
        """What C code imported, from what it kept: of modules loaded already, no import is seen."""
        names: dict[str, None] = {}
        for value in list(vars(module).values()):
            of = value.__name__ if isinstance(value, ModuleType) else _home(value)
            if isinstance(of, str) and of in self.events:
                names[of] = None
        return [Event("load", (name,)) for name in names]

    def _unbind(self, patched: dict[int, str]) -> None:
        real = {"import": _import, "module": _import_module}
        for name in self.events:
            names = vars(sys.modules[name]) if name in sys.modules else {}
            for key, value in list(names.items()):
                if which := patched.get(id(value)):
                    self._bound.setdefault(name, {})[key] = which
                    names[key] = real[which]

    def hide(self) -> None:
        """Make everything that was loaded since the start count as not loaded; for good."""
        hidden = {n: m for n, m in sys.modules.items() if n not in self.before}
        for name in hidden:
            del sys.modules[name]
        for name, names in self._names.items():
            _restore(sys.modules.get(name), names)
        for proxy, names in self._proxies.values():
            vars(proxy).clear()
            vars(proxy).update(names)
        over: dict[str, dict[str, Any]] = {}
        for name, module in hidden.items():
            parent, _, child = name.rpartition(".")
            names = getattr(hidden.get(parent), "__dict__", {})
            if names.get(child) is module:
                del names[child]
            elif child in names:
                over.setdefault(parent, {})[child] = names[child]
        modules = {n: hidden[n] for n in self.events if n in hidden}
        sys.meta_path.insert(0, _Finder(self, modules, over))


def _home(value: Any) -> Any:
    try:
        return value.__module__
    except Exception:  # whatever a foreign object does when it is asked
        return None


def _restore(module: Any, names: dict[str, Any]) -> None:
    """Take back what loads since then bound in a module: submodules, above all."""
    now = getattr(module, "__dict__", {})
    for key, value in list(now.items()):
        if isinstance(value, ModuleType) and names.get(key) is not value:
            if key in names:
                now[key] = names[key]
            else:
                del now[key]


class _Finder:
    """Finds hidden modules and, as their loader, gives them back."""

    def __init__(
        self, recording: Recording, modules: dict[str, Any], over: dict[str, dict[str, Any]]
    ) -> None:
        self._recording = recording
        self._modules = modules
        self._over = over
        self._specs = {n: getattr(m, "__spec__", None) for n, m in modules.items()}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for a hidden module, unless the path now leads to another of its name."""
        if name not in self._modules:
            return None
        parent = name.rpartition(".")[0]
        if parent:
            mine = self._modules.get(parent)
            if mine is not None and sys.modules.get(parent) is not mine:
                return None
        elif self._shadowed(name):
            return None
        old = self._specs[name]
        spec = ModuleSpec(name, self, origin=getattr(old, "origin", None))  # type: ignore[arg-type]  # a loader by its methods
        spec.submodule_search_locations = getattr(old, "submodule_search_locations", None)
        return spec

    def _shadowed(self, name: str) -> bool:
        if sys.path == self._recording._path:
            return False
        old = self._specs[name]
        for finder in sys.meta_path:
            if finder is not self and (found := finder.find_spec(name, None)):
                return (found.origin, list(found.submodule_search_locations or ())) != (
                    getattr(old, "origin", None),
                    list(getattr(old, "submodule_search_locations", None) or ()),
                )
        return False

    def create_module(self, spec: ModuleSpec) -> Any:
        """The module as it was."""
        return self._modules[spec.name]

    def exec_module(self, module: Any) -> None:
        """Repeat the imports of its body, and leave what the body would have left."""
        name = module.__spec__.name
        names = vars(module)
        now = {"import": builtins.__import__, "module": importlib.import_module}
        for key, which in self._recording._bound.get(name, {}).items():
            names[key] = now[which]
        for event in self._recording.events[name]:
            event.repeat()
        names.update(self._over.get(name, {}))
        module.__spec__ = self._specs[name]
