"""What the system lets a process have, and when it ends one."""

import ctypes
import os
import resource
import signal

PR_SET_PDEATHSIG = 1


def descriptors_allowed(wanted):
    """How many descriptors a process of this user may be given, at most `wanted`."""
    return wanted if os.geteuid() == 0 else min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def allow_descriptors(count, for_good=False):
    """Sets RLIMIT_NOFILE of the calling process; `for_good`: the hard limit too."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, count if for_good else max(count, hard)))


def end_with_parent():
    """The calling process is killed when the one that made it has ended, however that came."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
