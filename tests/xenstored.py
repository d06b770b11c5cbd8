#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small xenstored for tests: the real wire protocol on a Unix socket, and a tree in memory.

Real ones do not run without Xen: the C xenstored ends at once if there is no domain 0 to connect to, and the OCaml one
needs the hypervisor's privileged interface.

It follows docs/misc/xenstore.txt and tools/xenstore of Xen 4.17. It has DIRECTORY, DIRECTORY_PART, READ, WRITE, MKDIR,
RM, WATCH (with the first event of each new watch), UNWATCH, WATCH_EVENT, GET_PERMS (always n0), GET_DOMAIN_PATH and
IS_DOMAIN_INTRODUCED; errors as strings; and the limit of 4,096 bytes, above which it closes a connection, and answers a
listing with E2BIG. SET_PERMS and transactions are accepted and do nothing: a transaction reads and changes the tree
itself. Every caller is domain 0. libxenstore and the tools of xenstore-utils work with it if XENSTORED_PATH names its
socket.

Beyond the protocol, it counts requests and events, and can freeze, drop its connections, go away and flood a key.

Python tests use the class. As a program, "xenstored.py SOCKET", it reads calls from standard input, one per line, and
answers each with a line on standard output: see Console.
"""
import collections
import contextlib
import os
import re
import shlex
import socket
import struct
import sys
import threading
import time

HEADER = struct.Struct("=IIII")  # type, req_id, tx_id, len
PAYLOAD_MAX = 4096
NAMES = {1: "DIRECTORY", 2: "READ", 3: "GET_PERMS", 4: "WATCH", 5: "UNWATCH", 6: "TRANSACTION_START",
         7: "TRANSACTION_END", 10: "GET_DOMAIN_PATH", 11: "WRITE", 12: "MKDIR", 13: "RM", 14: "SET_PERMS",
         17: "IS_DOMAIN_INTRODUCED", 22: "DIRECTORY_PART"}
WATCH_EVENT = 15
ERROR = 16
TIMEOUT = 60

Request = collections.namedtuple("Request", "name path token")


class Refused(Exception):
    """An error that the client gets."""


def to_bytes(value):
    return value if isinstance(value, bytes) else value.encode()


def parent_of(path):
    return path.rpartition("/")[0] or "/"


def is_under(path, top):
    return path == top or top == "/" or path.startswith(top + "/")


def checked(path):
    if path != "/" and not re.fullmatch(r"(/[A-Za-z0-9_@-]+)+", path) or len(path) > 3072:
        raise Refused("EINVAL")
    return path


class Connection:
    """A client, served by its own thread."""

    def __init__(self, server, sock):
        self.server = server
        self.sock = sock
        self.watches = []  # of (path, token), in the order of their creation
        self.held = []     # messages that wait for thaw()

    def serve(self):
        with contextlib.suppress(OSError, EOFError):
            while True:
                kind, request, transaction, length = HEADER.unpack(self._read(HEADER.size))
                if length > PAYLOAD_MAX:
                    break
                payload = self._read(length)
                self.server._handle(self, kind, request, transaction, payload)
        self.server._forget(self)

    def _read(self, length):
        data = b""
        while len(data) < length:
            piece = self.sock.recv(length - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def send(self, kind, payload, request=0, transaction=0):
        message = HEADER.pack(kind, request, transaction, len(payload)) + payload
        if self.server.frozen:
            self.held.append(message)
        else:
            with contextlib.suppress(OSError):
                self.sock.sendall(message)

    def release(self):
        held, self.held = self.held, []
        with contextlib.suppress(OSError):
            self.sock.sendall(b"".join(held))

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


class Flood:
    """Writes a new value to a key again and again, from its own thread."""

    def __init__(self, server, path, rate, value):
        self.server = server
        self.path = path
        self.rate = rate
        self.value = value
        self.written = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        began = time.monotonic()
        while not self.ended.is_set():
            due = int((time.monotonic() - began) * self.rate) + 1
            while self.written < due:
                path, value = (text.replace("{}", str(self.written)) for text in (self.path, self.value))
                self.server.write(path, value)
                with self.server.changed:
                    self.written += 1
                    self.server.changed.notify_all()
            self.ended.wait(1 / self.rate)

    def end(self):
        """Stops writing. Returns: the last value."""
        self.ended.set()
        self.thread.join()
        return self.value.replace("{}", str(self.written - 1))


class Xenstored:
    """The server. It calls on_request on another thread after each request."""

    def __init__(self, path, on_request=lambda: None):
        self.path = path
        self.on_request = on_request
        self.changed = threading.Condition(threading.RLock())  # guards everything below
        self.nodes = {"/": b""}
        self.connections = []
        self.requests = []  # of Request, oldest first
        self.n_events = 0
        self.frozen = False
        self.drops_on = None  # the next request of this type gets no answer and ends its connection
        self.generation = 0
        self.listener = None
        self.start()

    # Calls for tests.

    def start(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """Removes the socket and all connections. The tree stays for the next start()."""
        if self.listener:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.drop()

    def drop(self):
        """Closes all connections, and returns once they are gone."""
        with self.changed:
            for connection in self.connections:
                connection.close()
        self.thaw()
        self.wait_for(lambda: not self.connections)

    def freeze(self):
        """Sends no answers and events. The kernel still accepts new connections."""
        with self.changed:
            self.frozen = True

    def thaw(self):
        with self.changed:
            self.frozen = False
            for connection in self.connections:
                connection.release()
            self.changed.notify_all()

    def flood(self, path, rate, value):
        """Starts a flood. {} in path and value becomes a growing number."""
        return Flood(self, path, rate, value)

    def write(self, path, value=""):
        with self.changed:
            self._write(checked(path), to_bytes(value))

    def rm(self, path):
        with self.changed:
            self._rm(checked(path))

    def read(self, path):
        with self.changed:
            return self.nodes.get(path)

    def count(self, name, under="/"):
        """Returns: how many requests of this type there were for paths below @under."""
        with self.changed:
            return sum(1 for request in self.requests if request.name == name and is_under(request.path, under))

    def watched(self, under="/"):
        """Returns: the paths that are watched now."""
        with self.changed:
            return sorted(path for connection in self.connections for path, _token in connection.watches
                          if is_under(path, under))

    def wait_for(self, condition, timeout=TIMEOUT):
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise AssertionError(f"waited {timeout} s in vain; requests: {self.requests[-10:]}")

    # The server itself.

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                sock, _address = listener.accept()
                connection = Connection(self, sock)
                with self.changed:
                    self.connections.append(connection)
                threading.Thread(target=connection.serve, daemon=True).start()

    def _forget(self, connection):
        with self.changed:
            self.connections.remove(connection)
            connection.sock.close()
            self.changed.notify_all()
        self.on_request()

    def _handle(self, connection, kind, request, transaction, payload):
        with self.changed:
            name = NAMES.get(kind)
            strings = payload.split(b"\0")
            path = strings[0].decode("latin-1")
            token = strings[1] if name in ("WATCH", "UNWATCH") and len(strings) > 1 else b""
            self.requests.append(Request(name or str(kind), path, token.decode("latin-1")))
            self.changed.notify_all()
            self.on_request()
            self.changed.wait_for(lambda: not self.frozen)
            if name and name == self.drops_on:
                self.drops_on = None
                raise EOFError
            try:
                if not name:
                    raise Refused("ENOSYS")
                if not payload.endswith(b"\0") and name not in ("WRITE", "SET_PERMS"):
                    raise Refused("EINVAL")
                reply = getattr(self, "_do_" + name.lower())(connection, path, payload)
                if len(reply) > PAYLOAD_MAX:
                    raise Refused("E2BIG")
                connection.send(kind, reply, request, transaction)
                if name == "WATCH":
                    self._tell(connection, path, token)
            except Refused as error:
                connection.send(ERROR, str(error).encode() + b"\0", request, transaction)
            self.changed.notify_all()
        self.on_request()

    def _tell(self, connection, path, token):
        self.n_events += 1
        connection.send(WATCH_EVENT, path.encode() + b"\0" + token + b"\0")

    def _fire(self, path, exact=False):
        for connection in self.connections:
            for watched, token in connection.watches:
                if watched == path or not exact and is_under(path, watched):
                    self._tell(connection, path, token)

    def _children(self, path):
        if checked(path) not in self.nodes:
            raise Refused("ENOENT")
        top = path.rstrip("/") + "/"
        names = [node[len(top):] for node in self.nodes if node.startswith(top) and node != "/"]
        return b"".join(name.encode() + b"\0" for name in names if "/" not in name)

    def _write(self, path, value):
        parent = parent_of(path)
        while parent not in self.nodes:
            self.nodes[parent] = b""
            parent = parent_of(parent)
        self.nodes[path] = value
        self.generation += 1
        self._fire(path)

    def _rm(self, path):
        if parent_of(path) not in self.nodes:
            raise Refused("ENOENT")
        if path == "/":
            raise Refused("EINVAL")
        gone = [node for node in self.nodes if is_under(node, path)]
        for node in gone:
            del self.nodes[node]
        self.generation += 1
        for node in gone:
            self._fire(node, exact=node != path)

    def _do_directory(self, _connection, path, _payload):
        return self._children(path)

    def _do_directory_part(self, _connection, path, payload):
        children = self._children(path)
        begin = int(payload.split(b"\0")[1])
        generation = f"{self.generation}".encode() + b"\0"
        piece = children[begin:begin + PAYLOAD_MAX - len(generation) - 1]
        if begin + len(piece) < len(children):
            return generation + piece[:piece.rfind(b"\0") + 1]
        return generation + piece + b"\0"

    def _do_read(self, _connection, path, _payload):
        if checked(path) not in self.nodes:
            raise Refused("ENOENT")
        return self.nodes[path]

    def _do_write(self, _connection, path, payload):
        self._write(checked(path), payload.partition(b"\0")[2])
        return b"OK\0"

    def _do_mkdir(self, _connection, path, _payload):
        if checked(path) not in self.nodes:
            self._write(path, b"")
        return b"OK\0"

    def _do_rm(self, _connection, path, _payload):
        self._rm(checked(path))
        return b"OK\0"

    def _do_watch(self, connection, path, payload):
        if not path.startswith("@"):
            checked(path)
        watch = (path, payload.split(b"\0")[1])
        if watch in connection.watches:
            raise Refused("EEXIST")
        connection.watches.append(watch)
        return b"OK\0"

    def _do_unwatch(self, connection, path, payload):
        watch = (path, payload.split(b"\0")[1])
        if watch not in connection.watches:
            raise Refused("ENOENT")
        connection.watches.remove(watch)
        return b"OK\0"

    def _do_get_perms(self, _connection, path, _payload):
        if checked(path) not in self.nodes:
            raise Refused("ENOENT")
        return b"n0\0"

    def _do_set_perms(self, _connection, path, _payload):
        if checked(path) not in self.nodes:
            raise Refused("ENOENT")
        return b"OK\0"

    def _do_transaction_start(self, _connection, _path, _payload):
        return b"1\0"

    def _do_transaction_end(self, _connection, _path, _payload):
        return b"OK\0"

    def _do_get_domain_path(self, _connection, path, _payload):
        return f"/local/domain/{int(path)}".encode() + b"\0"

    def _do_is_domain_introduced(self, _connection, path, _payload):
        return b"T\0" if f"/local/domain/{int(path)}" in self.nodes else b"F\0"


class Console:
    """Runs a call for each line. The words of a line are quoted as in a shell. Written values have Python's escapes,
    such as \\n and \\xff. A call that waits for something answers once it has come."""

    def __init__(self, server):
        self.server = server
        for name in ("rm", "count", "drop", "freeze", "thaw", "start", "stop"):
            setattr(self, name, getattr(server, name))
        self.floods = []

    def write(self, path, value=""):
        self.server.write(path, value.encode("latin-1").decode("unicode_escape").encode("latin-1"))

    def mkdirs(self, path, number):
        """Creates PATH0, PATH1 and so on."""
        for i in range(int(number)):
            self.server.write(f"{path}{i}")

    def drop_on(self, name):
        self.server.drops_on = name

    def events(self):
        return self.server.n_events

    def watched(self, under="/"):
        return " ".join(self.server.watched(under))

    def wait(self, name, number, under="/"):
        self.server.wait_for(lambda: self.server.count(name, under) >= int(number))

    def wait_clients(self, number):
        self.server.wait_for(lambda: len(self.server.connections) == int(number))

    def wait_watched(self, number, under="/"):
        self.server.wait_for(lambda: len(self.server.watched(under)) == int(number))

    def flood(self, path, rate, value):
        self.floods.append(self.server.flood(path, int(rate), value))

    def wait_flood(self, number):
        self.server.wait_for(lambda: self.floods[-1].written >= int(number))

    def end_flood(self):
        return self.floods.pop().end()

    def run(self, lines):
        for line in lines:
            name, *arguments = shlex.split(line)
            try:
                result = getattr(self, name)(*arguments)
                print("" if result is None else result, flush=True)
            except (Refused, AssertionError) as error:
                print("error:", error, flush=True)


def main():
    server = Xenstored(sys.argv[1])
    print("ready", flush=True)
    Console(server).run(sys.stdin)
    server.stop()


if __name__ == "__main__":
    main()
