"""Opens a TCP connection before a deadline."""

import socket
import threading
import time

from .errors import lost, timed_out


def remaining(deadline, message):
    """Seconds until the deadline, a time of `time.monotonic`. Raises DEADLINE_EXCEEDED with the message if none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise timed_out(message)
    return left


def resolved(host, port, deadline):
    """The socket addresses of a host. A thread looks up the name, since the system's resolver has no deadline."""
    try:
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        found = []  # a name, not a numeric address

    def look_up():
        try:
            found.append(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(remaining(deadline, f"no time to look up {host}"))
    if not found:
        raise timed_out(f"the name {host} was not looked up in time")
    if isinstance(found[0], Exception):
        raise lost(f"no address of {host}: {found[0]}")
    return found[0]


def open_socket(address, deadline):
    """A TCP connection to the first address of the host that accepts one."""
    failure = "the host has no address"
    for family, kind, protocol, _, target in resolved(*address, deadline):
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError as error:
            failure = error
            continue
        try:
            opened.settimeout(remaining(deadline, f"no connection to {address[0]}:{address[1]} in time"))
            opened.connect(target)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
        except BaseException as error:
            opened.close()
            if isinstance(error, socket.timeout):
                raise timed_out(f"no connection to {address[0]}:{address[1]} in time") from None
            if not isinstance(error, OSError):
                raise
            failure = error
    raise lost(f"no connection to {address[0]}:{address[1]}: {failure}")
