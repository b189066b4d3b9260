"""What a forked child does with its parent's clients and connections.

A child must never write to its parent's socket or wait for a lock that a thread of the parent holds.
"""

import os
import weakref

# Clients' connections and their locks: anything with `after_fork`.
living = weakref.WeakSet()


def part_after_fork():
    """Runs in the child."""
    for one in list(living):
        one.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=part_after_fork)
