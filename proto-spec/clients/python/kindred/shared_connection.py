"""A client's one connection, lent to one caller at a time."""

import os
import threading
import time

from . import forks
from .connection import Connection
from .errors import Error, ProtocolError
from .statuses import NOT_PROCESSED, RETRYABLE


class SharedConnection:
    """Opens the connection, lends it, and replaces it when it has ended.

    In a forked child it starts again without a connection; the parent's goes on.
    """

    def __init__(self, address, name):
        self.address, self.name = address, name
        self.begin()
        forks.living.add(self)

    def begin(self):
        """Starts with a new lock and no connection, in this process."""
        self.pid, self.lock, self.connection = os.getpid(), threading.Lock(), None

    def after_fork(self):
        """In a child: replaces the lock, which a thread of the parent may hold for ever, and parts from the socket."""
        connection = self.connection
        self.begin()
        if connection is not None:
            connection.after_fork()

    def close(self):
        """Closes the connection at once; a caller that waits on it fails with CONNECTION_LOST."""
        if self.pid != os.getpid():
            self.after_fork()
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.going_away = connection.going_away or "the client was closed"
            connection.close()

    def acquire(self, timeout):
        """Lends the connection until `release`; opens it if necessary. `timeout` bounds both waits together."""
        if self.pid != os.getpid():
            self.after_fork()
        deadline, lock = time.monotonic() + timeout, self.lock
        if not lock.acquire(timeout=timeout):
            raise Error("CONNECTION_BUSY", "another request or an open audience uses this connection",
                        flags=RETRYABLE | NOT_PROCESSED)
        try:
            connection = self.connection = self.usable(deadline)
            return connection
        except BaseException as error:
            if isinstance(error, Error):
                error.not_processed = True  # no request was sent yet
            lock.release()
            raise

    def usable(self, deadline):
        """The connection, or a new one where the server has ended it."""
        connection = self.connection
        if connection is not None:
            try:
                connection.settle(deadline)
            except BaseException:
                self.drop(connection)
                raise
            if not connection.going_away:
                return connection
            self.drop(connection)
        return Connection(self.address, self.name, deadline)

    def drop(self, connection):
        connection.close()
        if self.connection is connection:
            self.connection = None

    def release(self, connection, failure=None):
        """Takes the connection back. Closes it if a reply is outstanding or `failure` is a ProtocolError."""
        if connection.pid != os.getpid():
            connection.after_fork()  # the call began before a fork: it does not hold this process's lock
            return
        if connection.pending or connection.going_away or isinstance(failure, ProtocolError):
            self.drop(connection)
        self.lock.release()


class Exchange:
    """The connection, borrowed for one call: `with` acquires and releases it."""

    def __init__(self, shared, timeout):
        self.shared, self.timeout = shared, timeout

    def __enter__(self):
        self.deadline = time.monotonic() + self.timeout + 1
        self.connection = self.shared.acquire(self.timeout)
        return self

    def __exit__(self, _, error, __):
        self.shared.release(self.connection, error)

    def send(self, message, fixed, lists):
        arg = self.connection.timeout_ms(self.timeout)
        return self.connection.send(message, fixed, lists, arg=arg, deadline=self.deadline)

    def batch(self, message, fixed, lists, total, first="first_query", count="query_count"):
        """Sends a request whose reply may take several frames. Returns an iterator of their bodies."""
        request_id = self.send(message, fixed, lists)
        return self.connection.replies(message, request_id, self.deadline, total, first, count)
