"""End a guest that uses more than its limits, and remember what it ran out of.

On a tier with control groups the kernel limits memory and processes, and this tells what it did;
elsewhere this is the limit. Time on the processor and room on disk are watched here on every tier.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from grader.errors import SandboxFault
from grader.sandbox import metering
from grader.sandbox.metering import DiskUsage, Proc, size_text

#: Seconds between readings of processes, and of the disk.
PACE = 0.1
DISK_PACE = 0.5
#: The watcher sleeps so many times as long as a reading took, but at most so many seconds: many
#: processes neither keep it busy nor keep it away.
_REST = 4
_LONGEST_REST = 0.5
_ENDLESS = 1 << 62


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a guest may use; None is no limit. Bytes, seconds of processor time, threads, entries.

    `disk` and `files` are those of the watched folder.
    """

    memory: int | None = None
    cpu: float | None = None
    processes: int | None = None
    disk: int | None = None
    files: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What is used at a moment: seconds of processor time, bytes, and threads."""

    cpu: float = 0.0
    memory: int = 0
    processes: int = 0


class Metered(Protocol):
    """A control group, as far as it is watched."""

    def cpu(self) -> float | None:
        """Seconds of processor time of everything that ever ran in it, if that is counted."""
        ...

    def memory(self) -> int:
        """Bytes that cannot be given back."""
        ...

    def processes(self) -> int:
        """Tasks, threads included."""
        ...

    def ran_out(self) -> list[str]:
        """What the kernel refused."""
        ...


class Watch:
    """Watches the process `root` and its descendants, or a control `group`, and one `folder`.

    `uid` adds a user's processes, for tiers where a guest's can leave the tree; `mounts` are
    paths of memory file systems in the guest's view. `kill` is called once, from whatever thread
    found a limit exceeded; `ran_out` is set before.
    """

    def __init__(
        self,
        root: int,
        allowed: Allowance,
        kill: Callable[[], None],
        *,
        folder: Path | None = None,
        group: Metered | None = None,
        uid: int | None = None,
        mounts: Sequence[str] = (),
    ) -> None:
        self._root = root
        self._start = metering.started(root)
        self._allowed = allowed
        self._kill = kill
        self._folder = folder
        self._device = _device(folder)
        self._group = group
        self._uid = uid
        self._mounts = mounts
        self._own: dict[tuple[int, int], float] = {}
        self._gone = 0.0
        self._cpu = 0.0
        self._baseline: float | None = None
        self._exact_after = 0.0
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        #: The sentence of what ran out first: `memory: 1.5 GiB reached`.
        self.ran_out: str | None = None
        self.usage = Usage()
        #: The highest reading of each since `begin`.
        self.peak = Usage()
        self.disk = DiskUsage()

    @property
    def cpu(self) -> float:
        """Seconds of processor time at the last reading, counted from the first process on."""
        return self._cpu

    def begin(self, allowed: Allowance | None = None) -> None:
        """Count processor time from now on, and from now on allow something else, if given.

        Until this is called, processor time has no limit: engines start at their own pace.
        """
        with self._lock:
            self._measure()
            self._baseline = self._cpu
            self._allowed = allowed or self._allowed
            self.peak = Usage()

    def start(self) -> None:
        """Poll from a thread of its own, until `stop` or until something ran out."""
        self._thread = threading.Thread(target=self._run, name="grader-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Poll no more. Returns within two seconds, whatever the guest does."""
        self._done.set()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(2)

    def poll(self, disk: bool = True) -> str | None:
        """Measure once, `disk` too, and end the guest if something ran out: the sentence."""
        with self._lock:
            if self.ran_out is None:
                told = self._processes_out(self._measure())
                if told is None and disk:
                    told = self._disk_out()
                if told is not None:
                    self.ran_out = told
                    self._kill()
            return self.ran_out

    def _run(self) -> None:
        disk_after = 0.0
        while not self._done.is_set():
            began = time.monotonic()
            disk = began >= disk_after
            # A guest that ends under the reading is no news, and one that does not die is met
            # again by whoever closes it.
            with suppress(OSError, SandboxFault):
                if self.poll(disk):
                    return
            took = time.monotonic() - began
            if disk:
                disk_after = began + max(DISK_PACE, took * _REST)
            self._done.wait(max(PACE, min(took * _REST, _LONGEST_REST)))

    def _measure(self) -> list[Proc]:
        """Read the processes, if there is no group that counts for us, and note what is used."""
        group = self._group
        counted = None if group is None else group.cpu()
        procs = self._tree() if counted is None else []
        self._cpu = max(self._cpu, self._tree_cpu(procs) if counted is None else counted)
        if group is None:
            memory = sum(p.memory for p in procs) + metering.tmpfs(procs, self._mounts).bytes
            tasks = sum(p.threads for p in procs)
        else:
            memory, tasks = group.memory(), group.processes()
        self.usage = used = Usage(self._cpu - (self._baseline or 0.0), memory, tasks)
        top = self.peak
        self.peak = Usage(
            max(top.cpu, used.cpu), max(top.memory, memory), max(top.processes, tasks)
        )
        return procs

    def _tree(self) -> list[Proc]:
        # Once the first process is gone, its id may be anybody's.
        alive = self._start is not None and metering.started(self._root) == self._start
        return metering.tree(self._root if alive else 0, self._uid) if alive or self._uid else []

    def _tree_cpu(self, procs: list[Proc]) -> float:
        """Seconds used so far, by the higher of two counts.

        One adds what parents say of the children they have waited for, the other what was last
        seen of processes that are gone: who ignores SIGCHLD is not told of its children's time.
        """
        own = {(p.pid, p.start): p.cpu for p in procs}
        self._gone += sum(cpu for key, cpu in self._own.items() if key not in own)
        self._own = own
        return max(sum(p.cpu + p.reaped for p in procs), self._gone + sum(own.values()))

    def _processes_out(self, procs: list[Proc]) -> str | None:
        allowed, used = self._allowed, self.usage
        if self._group is not None and (told := self._group.ran_out()):
            return told[0]
        if self._baseline is not None and allowed.cpu is not None and used.cpu > allowed.cpu:
            return f"cpu: {allowed.cpu:g} s reached"
        if self._group is not None:
            return None
        if allowed.processes is not None and used.processes > allowed.processes:
            return f"processes: {allowed.processes:,} reached"
        if allowed.memory is not None and self._memory_out(procs, allowed.memory):
            return f"memory: {size_text(allowed.memory)} reached"
        return None

    def _memory_out(self, procs: list[Proc], limit: int) -> bool:
        """Whether the memory is really used: the quick sum counts shared pages with each."""
        began = time.monotonic()
        if began < self._exact_after:
            return False
        quick = sum(p.memory for p in procs)
        other = self.usage.memory - quick + metering.nameless(procs, self._device)[1]
        if quick + other <= limit:
            return False
        exact = metering.exact_memory(procs, limit - other) + other
        # An honest tree of forks looks too large at each reading: this costly one is made rarer.
        now = time.monotonic()
        self._exact_after = now + min((now - began) * _REST, _LONGEST_REST)
        return exact > limit

    def _disk_out(self) -> str | None:
        allowed = self._allowed
        if self._folder is None or (allowed.disk is None and allowed.files is None):
            return None
        room = _ENDLESS if allowed.disk is None else allowed.disk
        count = _ENDLESS if allowed.files is None else allowed.files
        found = metering.disk(self._folder, room, count)
        hidden = metering.nameless(self._tree(), self._device)[0]
        self.disk = found = replace(found, bytes=found.bytes + hidden)
        if found.bytes > room:
            return f"disk: {size_text(room)} reached"
        if found.files > count:
            return f"files: {count:,} reached"
        return f"files: folders {metering.MAX_DEPTH} deep reached" if found.deep else None


def _device(folder: Path | None) -> int:
    """The disk a folder is on, or none."""
    try:
        return -1 if folder is None else folder.lstat().st_dev
    except OSError:
        return -1
