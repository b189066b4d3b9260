"""A server that answers each request by a script, and replies for scripts."""

import array
import socket
import struct
import threading
import zlib

import kindred
from kindred import codec
from kindred.statuses import CODES
from tests.support import golden

END = codec.END


def reply(message, header, fixed=None, lists=None, flags=END):
    body = codec.encode_body(codec.REPLIES[message], fixed, lists)
    return codec.encode_frame(codec.TYPES[message] | 0x80, header.request_id, body, flags)


def error(header, status, detail=0, text="", **fixed):
    body = codec.encode_body(codec.ERROR, {"detail": detail, **fixed}, {"message": text})
    return codec.encode_frame(header.type | 0x80, header.request_id, body, END, CODES[status] | 1 << 16)


def golden_reply(name, header):
    """A golden reply with the request's id."""
    vector = golden.BY_NAME[name]
    return codec.encode_frame(
        vector["header"]["type"], header.request_id, bytes.fromhex(vector["hex"])[32:], vector["header"]["flags"],
        vector["header"]["arg"])


def rows(header, first, ids, scores):
    lists = {"ids": ids, "scores": array.array("f", scores)}
    body = codec.encode_body(codec.REQUESTS["DATA"], {"first_index": first}, lists)
    return codec.encode_frame(codec.DATA, header.request_id, body, 0)


def crc(ids):
    return zlib.crc32(b"".join(text.encode() if isinstance(text, str) else struct.pack("<Q", text) for text in ids))


def answer(header, count, first=0, per_query=1, flags=END):
    """A RECOMMEND reply with `per_query` results for each query, all of its eligible rows."""
    results = count * per_query
    return reply("RECOMMEND", header, {"query_count": count, "first_query": first, "version": 3}, {
        "model": "m", "result_offsets": list(range(0, results + 1, per_query)), "ids": list(range(50, 50 + results)),
        "scores": [1.0] * results, "statuses": [0] * count, "query_flags": [1] * count,
        "rows_eligible": [per_query] * count, "rows_scanned": [8] * count}, flags)


class Scripted:
    """A server whose script takes (header, body) and returns bytes, None to send nothing, or b"" to close."""

    def __init__(self, script, hello="hello-ok"):
        self.script, self.hello = script, hello
        self.frames, self.connections = [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                try:
                    self.serve(connection)
                except (OSError, EOFError):
                    pass

    def serve(self, connection):
        if self.receive(connection, 16)[:8] != codec.MAGIC:
            return
        connection.sendall(bytes.fromhex(golden.BY_NAME["preface-server"]["hex"]))
        while True:
            header = codec.decode_header(self.receive(connection, 32), kindred.limits.BODY_BYTES_MAX)
            data = self.receive(connection, header.body_len)
            if header.type == 1:
                connection.sendall(golden_reply(self.hello, header))
                continue
            message = next(name for name, code in codec.TYPES.items() if code == header.type)
            body = codec.Body(codec.REQUESTS[message], data)
            self.frames.append((message, header, body))
            answer = self.script(header, body)
            if answer == b"":
                return
            if answer:
                connection.sendall(answer)

    @staticmethod
    def receive(connection, count):
        data = b""
        while len(data) < count:
            part = connection.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data
