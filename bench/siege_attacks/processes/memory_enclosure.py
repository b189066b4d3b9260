"""A bound of memory around one process: a cgroup where this process may make one, else its address space."""

import os
import resource
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")


class MemoryEnclosure:
    """`kind` says what bounds: a cgroup all of its memory, an address space what it takes once it is ready."""

    def __init__(self, byte_count):
        self.byte_count = byte_count
        self.folder = self.made()
        self.kind = f"cgroup of {byte_count >> 20} MiB" if self.folder else \
            f"address space of {byte_count >> 20} MiB more than when it was ready"

    def made(self):
        """The folder of a new cgroup with the bound, or None."""
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
        """Puts the calling process inside, in the moment before it becomes the server."""
        if self.folder:
            (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def tighten(self, pid, address_space_bytes):
        """Where there is no cgroup: bounds the process's address space, once it is ready with so many bytes."""
        if not self.folder:
            limit = address_space_bytes + self.byte_count
            resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))

    def close(self):
        """Removes the cgroup, whose process has ended."""
        if self.folder:
            self.folder.rmdir()
