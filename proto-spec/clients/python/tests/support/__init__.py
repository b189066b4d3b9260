"""Servers that lie or follow a script, scratch repositories, raw connections, golden vectors.

Puts the repository's root on the path, for bench/support. Signals that end a process do so again where they were
ignored, as they are under nohup: a process that is started here would ignore them too.
"""

import pathlib
import signal
import sys

for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)

sys.path.append(str(pathlib.Path(__file__).resolve().parents[5]))
