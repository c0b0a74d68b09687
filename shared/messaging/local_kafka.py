"""A local Apache Kafka (one KRaft node, no container) for development and tests: fetch, start, stop."""

import argparse
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

from shared.kernel.ports import free_port, is_free

ROOT = Path(__file__).resolve().parents[2]
LIBS = ROOT / ".data" / "kafka" / "libs"
POM = ROOT / "deploy" / "kafka" / "pom.xml"
SET_PARENT_DEATH_SIGNAL = 1
START_ATTEMPTS = 3

# The node restarts quickly after kill -9, forgets dead group members quickly, and can be made to compact at once:
# right on a development machine and in tests, not in production.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={log}
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=4
background.threads=2
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=250
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.index.size.max.bytes=262144
log.segment.delete.delay.ms=100
log.initial.task.delay.ms=100
log.cleaner.backoff.ms=100
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.io.buffer.size=262144
"""


class LocalKafkaError(RuntimeError):
    """The local node cannot be had or does not start; the message says why."""


class PortTakenError(LocalKafkaError):
    """Somebody took one of the node's ports between its choice and its use."""


def missing() -> str | None:
    """One line that says what this machine lacks to run Kafka, or None."""
    if shutil.which("java") is None:
        return "no Java on this machine: Apache Kafka needs Java 17 or newer"
    if not LIBS.is_dir() and shutil.which("mvn") is None:
        return "no Maven on this machine: it fetches Apache Kafka the first time"
    return None


class LocalKafka:
    """One node on 127.0.0.1 whose log, settings and process id live in `data`."""

    def __init__(self, data: Path, *, port: int | None = None, detached: bool = False) -> None:
        self._data = data
        self._detached = detached
        self._pid_file = data / "kafka.pid"
        self._port_file = data / "port"
        self._output = data / "kafka.log"
        self._output_before = 0
        self._child: subprocess.Popen[bytes] | None = None
        known = port or self._known_port()
        self._settled = known is not None
        self.port = known or free_port()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """The directory with the topics' files."""
        return self._data / "log"

    @property
    def pid(self) -> int | None:
        """The node's process id while it runs."""
        with contextlib.suppress(OSError, ValueError):
            pid = int(self._pid_file.read_text())
            if _is_kafka(pid):
                return pid
        return None

    def fetch(self) -> None:
        """Have the jars in the checkout, once."""
        if LIBS.is_dir():
            return
        if reason := missing():
            raise LocalKafkaError(reason)
        fresh = LIBS.with_name(f"libs.{os.getpid()}")
        command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
        done = subprocess.run([*command, f"-DoutputDirectory={fresh}"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise LocalKafkaError(f"Maven could not fetch Apache Kafka: {done.stdout[-500:]}")
        with contextlib.suppress(OSError):  # somebody else was quicker
            fresh.rename(LIBS)
        shutil.rmtree(fresh, ignore_errors=True)

    def start(self, *, within: float = 90) -> None:
        """Run the node and wait until it answers. Does nothing while it runs.

        One that finds a port taken tries again, on another port unless it was told its port or has answered on it.
        """
        for more in reversed(range(START_ATTEMPTS)):
            try:
                self.launch()
                self.wait(within)
            except PortTakenError:
                if not more or (self._settled and not is_free(self.port)):
                    raise
                if not self._settled:
                    self.port = free_port()
            else:
                return

    def launch(self) -> None:
        """Run the node without waiting. It dies with the thread that launched it, unless detached."""
        if self.pid is not None:
            return
        if reason := missing():
            raise LocalKafkaError(reason)
        self.fetch()
        self._data.mkdir(parents=True, exist_ok=True)
        self._write_properties()
        if not (self.log / "meta.properties").exists():
            self._format()
        self._spawn()

    def wait(self, within: float = 90) -> None:
        """Until the node answers."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            if self.pid is None:
                raise self._ended_while_starting()
            with contextlib.suppress(OSError, struct.error):
                if _has_controller(self.port):
                    self._settled = True
                    return
            time.sleep(0.05)
        raise LocalKafkaError(f"Kafka does not answer after {within:.0f} seconds: {self._last_words()[-500:]}")

    def stop(self, *, within: float = 20) -> None:
        """End the node by SIGTERM, and by SIGKILL if it does not obey."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            if not self._ended(pid, within):
                os.kill(pid, signal.SIGKILL)
                self._ended(pid, within)
        if self._child is not None:
            self._child.wait()
        self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the node as a power cut would."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is None:
            raise LocalKafkaError("Kafka is not running")
        os.kill(pid, number)
        if number is signal.SIGKILL:
            self._ended(pid, 20)

    def _known_port(self) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            return int(self._port_file.read_text())
        return None

    def _write_properties(self) -> None:
        controller = free_port()
        text = PROPERTIES.format(port=self.port, controller=controller, log=self.log)
        (self._data / "server.properties").write_text(text)
        self._port_file.write_text(str(self.port))

    def _format(self) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        command = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", "server.properties")
        done = subprocess.run(command, cwd=self._data, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LocalKafkaError(f"Kafka's storage could not be formatted: {done.stderr[-500:]}")

    def _java(self, main: str, *arguments: str) -> list[str]:
        quick = [] if self._detached else ["-XX:TieredStopAtLevel=1"]  # a quarter less work to start
        options = ["-Xmx384m", "-XX:+UseSerialGC", *quick, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        return ["java", *options, "-cp", f"{LIBS}/*", main, *arguments]

    def _spawn(self) -> None:
        with self._output.open("ab") as output:
            self._output_before = output.tell()
            self._child = subprocess.Popen(
                self._java("kafka.Kafka", "server.properties"),
                cwd=self._data,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=None if self._detached else _die_with_parent,  # noqa: PLW1509 - one system call, no lock
            )
        self._pid_file.write_text(str(self._child.pid))

    def _ended_while_starting(self) -> LocalKafkaError:
        if self._child is not None:
            self._child.wait()
        words = self._last_words()
        if "Address already in use" in words:
            return PortTakenError(f"Kafka ended while starting: port {self.port}, or its controller's, is in use")
        return LocalKafkaError(f"Kafka ended while starting: {words[-500:]}")

    def _last_words(self) -> str:
        """What the node has written since its last start."""
        with contextlib.suppress(OSError), self._output.open("rb") as written:
            written.seek(self._output_before)
            return written.read().decode(errors="replace")
        return "no log"

    def _ended(self, pid: int, within: float) -> bool:
        until = time.monotonic() + within
        while time.monotonic() < until:
            if not _is_kafka(pid):
                if self._child is not None and self._child.pid == pid:
                    self._child.wait()
                return True
            time.sleep(0.02)
        return False


def _is_kafka(pid: int) -> bool:
    """Whether that process is a Kafka node and not a zombie or somebody else who got the number."""
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" and b"kafka.Kafka" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _has_controller(port: int) -> bool:
    """Ask for the cluster's metadata: the port opens some time before the node has registered with itself."""
    metadata, version, no_topics, client = 3, 1, 0, b"local"
    request = struct.pack(f">hhih{len(client)}si", metadata, version, 1, len(client), client, no_topics)
    with socket.create_connection(("127.0.0.1", port), timeout=2) as node:
        node.sendall(struct.pack(">i", len(request)) + request)
        with node.makefile("rb") as answer:
            (size,) = struct.unpack(">i", answer.read(4))
            _, brokers = struct.unpack(">ii", answer.read(size)[:8])
    return bool(brokers)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m shared.messaging.local_kafka start|stop|status`"""
    parser = argparse.ArgumentParser(prog="python -m shared.messaging.local_kafka", description=__doc__)
    parser.add_argument("action", choices=["start", "stop", "status"])
    parser.add_argument("--port", type=int, default=None, help="default: the port of last time, else 9092")
    asked = parser.parse_args(arguments)
    data = ROOT / ".data" / "kafka" / "node"
    known = (data / "port").exists()
    node = LocalKafka(data, port=asked.port or (None if known else 9092), detached=True)
    try:
        return _run(node, asked.action)
    except LocalKafkaError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 1


def _run(node: LocalKafka, action: str) -> int:
    if action == "start":
        node.start()
    elif action == "stop":
        node.stop()
    running = node.pid is not None
    print(f"Kafka answers on {node.bootstrap}" if running else "Kafka is not running")  # noqa: T201 - a command
    return 0 if running or action == "stop" else 1


if __name__ == "__main__":
    sys.exit(main())
