"""Limits of processes, and their end together with their parent."""

import ctypes
import os
import resource
import signal

PR_SET_PDEATHSIG = 1


def descriptors_allowed(wanted):
    """The number of descriptors that this user may give a process, at most `wanted`."""
    return wanted if os.geteuid() == 0 else min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def allow_descriptors(count, for_good=False):
    """Sets RLIMIT_NOFILE of the calling process; `for_good`: the hard limit too."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, count if for_good else max(count, hard)))


def end_with_parent():
    """Has the system kill the calling process when its parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
