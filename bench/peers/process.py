"""Starting, watching and stopping the programs of a run; reading what they cost."""
import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    """A port above 1023 that is free for UDP and TCP on 127.0.0.1 now."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def stat_fields(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()


def descendants(root):
    """`root` and every process below it, as {pid: start time}."""
    parents, starts = {}, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = stat_fields(entry)
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry))
        starts[int(entry)] = fields[19]
    found, queue = {}, [root]
    while queue:
        pid = queue.pop()
        if pid in starts and pid not in found:
            found[pid] = starts[pid]
            queue += parents.get(pid, [])
    return found


def alive(pid, start):
    """Whether the process that had this pid and start time still runs; a reused pid is another."""
    try:
        fields = stat_fields(pid)
    except OSError:
        return False
    return fields[19] == start and fields[0] not in "ZX"


def ask(port, query, tcp):
    """One query to 127.0.0.1, its answer as it comes within some milliseconds."""
    with socket.socket(type=socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as client:
        client.settimeout(0.02)
        client.connect(("127.0.0.1", port))
        client.send(len(query).to_bytes(2, "big") + query if tcp else query)
        return client.recv(4096)[2:] if tcp else client.recv(4096)


class Program:
    """A started program with its children, on one core (or a set of them: then they are not
    pinned again once it runs); stop() leaves none of them."""

    def __init__(self, command, core, log_path, cwd):
        libc = ctypes.CDLL(None, use_errno=True)

        def before_exec():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # if this runner is killed, so is it
            os.sched_setaffinity(0, core if isinstance(core, set) else {core})

        self.core = core
        self.log_path = log_path
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(
                command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=before_exec)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_until_answering(self, port, probe, timeout=30, tcp=False):
        """Sends `probe` until an answer with RCODE NOERROR comes back; returns the seconds."""
        begin = time.monotonic()
        while time.monotonic() < begin + timeout and self.process.poll() is None:
            try:
                answer = ask(port, probe, tcp)
            except OSError:  # nobody listens yet, or no answer in time
                time.sleep(0.005)
                continue
            if len(answer) >= 12 and answer[2] & 0x80 and answer[3] & 0x0F == 0:
                self.pin()
                return time.monotonic() - begin
        raise RuntimeError(f"{self.process.args[0]} does not answer; its log:\n{self.log()}")

    def pin(self):
        """Puts every thread on the core, also those the program placed itself."""
        for pid in descendants(self.process.pid):
            for task in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(task), {self.core})

    def cpu(self):
        """(ns on a core, user ticks, system ticks) of all processes and threads so far."""
        total = user = system = 0
        for pid in descendants(self.process.pid):
            fields = stat_fields(pid)
            user += int(fields[11])
            system += int(fields[12])
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
                    total += int(stat.read().split()[0])
        # Threads that have ended are in the ticks alone.
        return max(total, (user + system) * 1_000_000_000 // TICK), user, system

    def memory_mb(self):
        """Proportional set size of all processes."""
        kib = 0
        for pid in descendants(self.process.pid):
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
                kib += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        return kib / 1024

    def stop(self, timeout=5):
        family = descendants(self.process.pid)
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        del family[self.process.pid]
        deadline = time.monotonic() + 2
        while any(alive(pid, start) for pid, start in family.items()):
            if time.monotonic() > deadline:
                for pid, start in family.items():
                    if alive(pid, start):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)


def core_times(cores):
    """Per core (busy seconds, stolen seconds) since boot."""
    times = {}
    with open("/proc/stat", encoding="ascii") as stat:
        for line in stat:
            fields = line.split()
            if fields[0][:3] == "cpu" and fields[0][3:].isdigit() and int(fields[0][3:]) in cores:
                ticks = [int(field) for field in fields[1:9]]
                busy = sum(ticks[:3]) + ticks[5] + ticks[6]  # all but idle, iowait and steal
                times[int(fields[0][3:])] = (busy / TICK, ticks[7] / TICK)
    return times
