"""Choose the strongest sandbox that this machine has, or the one that was asked for."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from grader.errors import CourseError, GraderError, ProvisionError, SandboxFault
from grader.provision.bwrap import find_bwrap
from grader.provision.java import find_java
from grader.sandbox import landlock, scratch, seccomp
from grader.sandbox.bare import BareSandbox
from grader.sandbox.bwrap import BwrapSandbox, find_setpriv
from grader.sandbox.cgroups import Hierarchy
from grader.sandbox.interface import TIERS, Sandbox, Tier

#: What a weaker tier lacks is told with what would bring the stronger one.
MENDS: dict[Tier, str] = {
    "full": "run as root and in no container, or give the user a control group of its own: "
    "systemd-run --user --scope -p Delegate=yes ...",
    "bwrap": "allow user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0, or "
    "docker run --privileged), and install the package bubblewrap",
    "landlock": "use Linux 6.12 or later (as root 6.7) with Landlock enabled",
    "none": "pass --i-trust-this-code",
}
#: What pyproject.toml may say about the least that is allowed.
SETTING = "grader_min_sandbox"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What containment was asked for: a tier or the best, the least that will do, and whether
    code may run with none. Who trusts it and names no minimum wants none."""

    tier: Tier | Literal["auto"] = "auto"
    minimum: Tier | None = None
    trusted: bool = False

    @property
    def least(self) -> Tier:
        """The weakest tier that will do."""
        return self.minimum or ("none" if self.trusted else "landlock")


def minimum(root: Path) -> Tier | None:
    """Return the weakest tier that a course's pyproject.toml allows, None if it says nothing.

    Raises:
        CourseError: the file cannot be read, or names no tier.
    """
    try:
        text = (root / "pyproject.toml").read_text(encoding="utf-8")
        settings = tomllib.loads(text).get("tool", {}).get("pytest", {})
        named = {**settings, **settings.get("ini_options", {})}.get(SETTING)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as error:
        raise CourseError(f"{root / 'pyproject.toml'}: cannot be read: {error}") from error
    for tier in TIERS:
        if tier == named:
            return tier
    if named is None:
        return None
    raise CourseError(f"{SETTING} must be one of {', '.join(TIERS)} (got {named})")


def open_sandbox(wanted: Wanted | None = None) -> Sandbox:
    """The sandbox to use; what dead graders left is swept away first.

    Raises:
        ProvisionError: none that will do works here; the message says why and what to install.
    """
    wanted = wanted or Wanted()
    sweep()
    allowed = [t for t in TIERS if wanted.tier in ("auto", t)]
    enough = [t for t in allowed if TIERS.index(t) <= TIERS.index(wanted.least)]
    enough = [t for t in enough if t != "none" or wanted.trusted]
    if not enough:
        raise ProvisionError(_refusal(wanted))
    told = []
    for tier in enough:
        try:
            return _TRY[tier]()
        except GraderError as error:
            told.append(f"  {tier}: {error}; to have it, {MENDS[tier]}")
    lines = "\n".join(told)
    raise ProvisionError(f"no sandbox of tier {' or '.join(enough)} works here:\n{lines}")


def sweep() -> int:
    """Remove the processes, control groups and folders of graders that were killed; how many."""
    groups = Hierarchy.find()
    return (groups.sweep() if groups else 0) + scratch.sweep()


def _refusal(wanted: Wanted) -> str:
    if wanted.tier == "none" and not wanted.trusted:
        return (
            "--sandbox=none runs students' code as yourself, with your files and your network: "
            "pass --i-trust-this-code if you trust all of it"
        )
    return (
        f"--sandbox={wanted.tier} is weaker than the least that is allowed here, "
        f"{wanted.least} (--min-sandbox, or grader_min_sandbox in pyproject.toml)"
    )


def _full() -> Sandbox:
    groups = Hierarchy.find()
    if groups is None:
        raise SandboxFault("no control groups can be made")
    return _checked(groups)


def _bwrap() -> Sandbox:
    return _checked(None)


def _checked(groups: Hierarchy | None) -> Sandbox:
    binary = find_bwrap().binary
    if os.geteuid() == 0 and find_setpriv() is None:
        raise ProvisionError("there is no setpriv (package util-linux)")
    sandbox = BwrapSandbox(binary, _guest(), find_java().home, groups)
    sandbox.check()
    return sandbox


def _landlock() -> Sandbox:
    version = landlock.abi()
    if not version:
        raise SandboxFault("the kernel has no Landlock")
    # Before, TCP goes anywhere, and signals reach whatever else the user runs.
    needed = landlock.TCP_ABI if os.geteuid() == 0 else landlock.SCOPE_ABI
    if version < needed:
        raise SandboxFault(f"the kernel's Landlock is version {version}, and {needed} is needed")
    seccomp.program()  # raises where there is none for this kind of machine
    sandbox = BareSandbox("landlock", _guest(), find_java().home, Hierarchy.find())
    sandbox.check()
    return sandbox


def _none() -> Sandbox:
    return BareSandbox("none", _guest(), find_java().home, Hierarchy.find())


def _guest() -> Path:
    return Path(str(files("grader"))) / "guest"


_TRY: dict[Tier, Callable[[], Sandbox]] = {
    "full": _full,
    "bwrap": _bwrap,
    "landlock": _landlock,
    "none": _none,
}
