"""Cases of HTTP caching over raw sockets: a scripted origin, a client that says just what it is
told, and a runner that plays many cases at once.

A case is a list of steps.  Each step is one request of the client, what the origin answers if it is
asked, and what has to come of it.  Whether a cache answered by itself is seen at the origin, not in
fields of the answer, so that any cache can be judged.
"""
import concurrent.futures
import dataclasses
import email.utils
import re
import socket
import socketserver
import threading
import time

# What a step expects of the cache.
HIT = "hit"              # the origin is not asked
MISS = "miss"            # it is asked, without conditions of the cache, and its answer is passed on
VALIDATED = "validated"  # it is asked with If-None-Match or If-Modified-Since
ASKED = "asked"          # it is asked, however


@dataclasses.dataclass
class Answer:
    """What the origin answers.  "@-10" in a field's value is the HTTP date 10 s ago."""
    control: str = None           # Cache-Control
    fields: tuple = ()            # of (name, value)
    status: int = 200
    body: bytes = None            # default: a text of the case and the step
    date: bool = True             # with Date
    length: int = None            # Content-Length other than the body's
    cut: bool = False             # the connection closes after the body
    interim: bytes = b""          # sent before


@dataclasses.dataclass
class Step:
    expect: str
    origin: Answer = None
    method: str = "GET"
    fields: tuple = ()
    query: str = ""               # behind the path of the case
    status: int = None            # of the client's answer; default: of the origin's, 200 for a hit
    body: bytes = None            # of the client's answer; default: of the step that last
    #                               answered; False: not looked at
    has: dict = dataclasses.field(default_factory=dict)   # regular expressions by field
    lacks: tuple = ()
    sent: dict = dataclasses.field(default_factory=dict)  # what the origin must have been asked
    unsent: tuple = ()
    wait: float = 0               # before the request
    until_asked: bool = False     # then waits until the origin is asked in the background
    minor: int = 1
    raw: bytes = b""              # must be in the octets received


@dataclasses.dataclass
class Case:
    name: str
    section: str
    steps: list
    ours: bool = False  # what the RFC leaves open and we have chosen


def date(offset=0, form="imf"):
    moment = time.gmtime(time.time() + offset)
    if form == "asctime":
        return time.strftime("%a %b ", moment) + f"{moment.tm_mday:2d}" + time.strftime(
            " %H:%M:%S %Y", moment)
    if form == "rfc850":
        return time.strftime("%A, %d-%b-%y %H:%M:%S GMT", moment)
    return email.utils.formatdate(time.time() + offset, usegmt=True)


def dated(text):
    """Replaces @N, @asctime:N and @rfc850:N by dates N seconds from now."""
    return re.sub(r"@(?:(asctime|rfc850):)?([+-]?\d+)",
                  lambda match: date(int(match[2]), match[1] or "imf"), text)


@dataclasses.dataclass
class Message:
    status: int
    fields: list
    body: bytes
    whole: bool
    octets: bytes

    def values(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def joined(self, name):
        values = self.values(name)
        return ", ".join(values) if values else None


def read_head(stream):
    lines = []
    while True:
        line = stream.readline()
        if line in (b"\r\n", b""):
            return lines, line == b"\r\n"
        lines.append(line.rstrip(b"\r\n").decode("latin-1"))


def fields_of(lines):
    return [tuple(part.strip() for part in line.split(":", 1)) for line in lines]


class Script:
    """The state of one case at the origin."""

    def __init__(self):
        self.lock = threading.Condition()
        self.answer = None
        self.text = b""
        self.asked = []  # (method, target, fields)


CONDITIONS = ("if-none-match", "if-modified-since")


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        while True:
            lines, whole = read_head(self.rfile)
            if not whole or not lines:
                return
            method, target, _ = lines[0].split(" ", 2)
            fields = fields_of(lines[1:])
            length = next((int(v) for k, v in fields if k.lower() == "content-length"), 0)
            self.rfile.read(length)
            script = self.server.scripts.get(re.match(r"/(\w+)", target)[1])
            if script is None or not self.answer(script, method, target, fields):
                return

    def answer(self, script, method, target, fields):
        with script.lock:
            answer, text = script.answer or Answer(), script.text
        body = text if answer.body is None else answer.body
        status = answer.status
        if status == 304 and not any(name.lower() in CONDITIONS for name, _ in fields):
            status = 200  # nobody asked whether it was modified
        if status in (204, 304):
            body = b""
        head = [f"HTTP/1.1 {status} As Told"]
        if answer.date:
            head.append("Date: " + date())
        if answer.control is not None:
            head.append("Cache-Control: " + answer.control)
        head += [f"{name}: {dated(value)}" for name, value in answer.fields]
        if status not in (204, 304):
            length = len(body) if answer.length is None else answer.length
            head.append(f"Content-Length: {length}")
        octets = answer.interim + ("\r\n".join(head) + "\r\n\r\n").encode("latin-1")
        with script.lock:
            script.asked.append((method, target, fields))
            script.lock.notify_all()
        self.wfile.write(octets + (b"" if method == "HEAD" else body))
        return not answer.cut


class Origin(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.port = self.server_address[1]
        self.scripts = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a cache may close when it likes


def request(port, step, target):
    """Sends one request over a connection of its own and reads the answer to its end."""
    lines = [f"{step.method} {target} HTTP/1.{step.minor}", "Host: www.example.com",
             "Connection: close"]
    lines += [f"{name}: {dated(value)}" for name, value in step.fields]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        octets = b""
        try:
            while more := sock.recv(65536):
                octets += more
        except ConnectionResetError:
            pass
    return parse(octets, step.method)


def parse(octets, method):
    rest = octets
    while True:
        head, _, rest = rest.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        if status >= 200:
            break
    message = Message(status, fields_of(lines[1:]), rest, True, octets)
    length = message.joined("Content-Length")
    if method == "HEAD" or status in (204, 304):
        message.whole = rest == b""
    elif "chunked" in (message.joined("Transfer-Encoding") or ""):
        message.body, message.whole = b"", False
        while True:
            line, _, rest = rest.partition(b"\r\n")
            size = int(line.split(b";")[0] or b"0", 16)
            if size == 0:
                message.whole = line != b""
                return message
            message.body += rest[:size]
            rest = rest[size + 2:]
    elif length is not None:
        message.whole = len(rest) == int(length)
    return message


class Player:
    """Plays one case; what is wrong is in `faults`."""

    def __init__(self, port, origin, case, name):
        self.port, self.origin, self.case, self.name = port, origin, case, name
        self.script = origin.scripts.setdefault(name, Script())
        self.faults = []
        self.last = b""  # the body that should come of a hit

    def play(self):
        for number, step in enumerate(self.case.steps, 1):
            if step.wait:
                time.sleep(step.wait)
            with self.script.lock:
                self.script.answer = step.origin or Answer("no-store")
                self.script.text = f"{self.name} step {number}".encode()
                before = len(self.script.asked)
            target = f"/{self.name}{step.query}"
            message = request(self.port, step, target)
            if step.until_asked:
                with self.script.lock:
                    self.script.lock.wait_for(lambda: len(self.script.asked) > before, 5)
            with self.script.lock:
                asked = self.script.asked[before:]
            self.judge(number, step, message, asked)
            if self.faults:
                return

    def fault(self, number, what):
        self.faults.append(f"step {number}: {what}")

    def judge(self, number, step, message, asked):
        names = {name.lower() for _, _, fields in asked for name, _ in fields}
        client = {name.lower() for name, _ in step.fields}
        conditional = any(name in names - client for name in CONDITIONS)
        origin = step.origin or Answer()
        if step.expect == HIT and asked and not step.until_asked:
            self.fault(number, f"the origin was asked: {asked}")
        elif step.expect in (MISS, VALIDATED, ASKED) and not asked:
            self.fault(number, "the origin was not asked")
        elif step.expect == MISS and conditional:
            self.fault(number, f"the origin was asked with conditions: {asked}")
        elif step.expect == VALIDATED and not conditional:
            self.fault(number, f"the origin was asked without conditions: {asked}")
        fresh = step.expect in (MISS, ASKED, VALIDATED) and origin.status != 304
        if fresh and origin.status < 500:
            self.last = self.script.text if origin.body is None else origin.body
        self.judge_message(number, step, message, origin, fresh)
        if asked:
            fields = Message(0, asked[-1][2], b"", True, b"")
            self.judge_fields(number, fields, step.sent, step.unsent, "the origin was sent")

    def judge_message(self, number, step, message, origin, fresh):
        status = step.status or (origin.status if fresh else 200)
        if message.status != status:
            self.fault(number, f"status {message.status}, not {status}: {message.octets!r}")
        elif message.status in (200, 206) and step.method == "GET" and step.body is not False:
            body = self.last if step.body is None else step.body
            if message.body != body:
                self.fault(number, f"body {message.body!r}, not {body!r}")
        if not message.whole and not origin.cut:
            self.fault(number, f"not whole: {message.octets!r}")
        if step.raw not in message.octets:
            self.fault(number, f"without {step.raw!r}: {message.octets!r}")
        self.judge_fields(number, message, step.has, step.lacks, "the answer has")

    def judge_fields(self, number, message, has, lacks, where):
        for name, pattern in has.items():
            value = message.joined(name)
            if value is None or not re.fullmatch(dated(pattern), value):
                self.fault(number, f"{where} {name}: {value!r}, not {pattern!r}")
        for name in lacks:
            if message.values(name):
                self.fault(number, f"{where} {name}: {message.joined(name)!r}")


def play(port, origin, cases, prefix, threads=64):
    """All cases, many at a time, at paths that begin with `prefix`, letters; returns
    [(case, faults)] of those that failed."""
    def one(numbered):
        number, case = numbered
        player = Player(port, origin, case, f"{prefix}{number}")
        try:
            player.play()
        except (OSError, ValueError, IndexError) as error:
            player.faults.append(f"{type(error).__name__}: {error}")
        return case, player.faults

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(one, enumerate(cases)))
    return [(case, faults) for case, faults in results if faults]
