"""A memory limit for one process: a cgroup where this process may make one, else a limit of its address space."""

import os
import resource
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")


class MemoryEnclosure:
    """`kind` names the limit: a cgroup limits all memory, an address space the growth once the server is ready."""

    def __init__(self, byte_count):
        self.byte_count = byte_count
        self.folder = self.made()
        self.kind = f"cgroup of {byte_count >> 20} MiB" if self.folder else \
            f"address space of {byte_count >> 20} MiB more than when it was ready"

    def made(self):
        """The folder of a new cgroup with the limit, or None."""
        for parent, limit in ((MOUNT / "memory", "memory.limit_in_bytes"), (MOUNT, "memory.max")):
            folder = parent / f"kindred-siege-{os.getpid()}"
            try:
                folder.mkdir()
            except OSError:
                continue
            try:
                (folder / limit).write_text(str(self.byte_count))
                return folder
            except OSError:
                folder.rmdir()
        return None

    def enter(self):
        """Moves the calling process into the cgroup, just before it becomes the server."""
        if self.folder:
            (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def tighten(self, pid, address_space_bytes):
        """Without a cgroup: limits the address space to its present size and `byte_count` more."""
        if not self.folder:
            limit = address_space_bytes + self.byte_count
            resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))

    def close(self):
        """Removes the cgroup, after its process has ended."""
        if self.folder:
            self.folder.rmdir()
