"""Opens SSH connections: each server on the way is known by its key before it learns who we are.

Import it late, as all that imports paramiko: most runners have no host and need not pay for it.
"""

import contextlib
import logging
import os
import socket
import stat
import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import paramiko
from paramiko import PKey, Transport
from paramiko.pkey import UnknownKeyType

from .book import Hop, HostEntry, fingerprint
from .host import HostError
from .line import Line

CONNECT_SECONDS = 20.0
KEEPALIVE_SECONDS = 15
_SILENCE_MS = 60_000
"""How long sent bytes may stay unconfirmed before the connection counts as broken."""
_LEAST_RTT_AT = 148
"""Offset of tcpi_min_rtt, in microseconds, in what Linux tells of a connection."""
_WINDOW_BYTES = 16 * 1024 * 1024
_FIRST_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
_RSA = ("rsa-sha2-512", "rsa-sha2-256")

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)  # errors are told by who calls

Trust = Callable[[Hop, str], None]
"""Called with a server and the key that it shows; raises HostError to go no further."""


class NoLineError(HostError):
    """A server can't be reached now, or breaks off: it may answer later."""


def pinned(entry: HostEntry) -> Trust:
    """Trust the keys that were pinned when the host was registered, no other ones."""

    def check(hop: Hop, shown: str) -> None:
        if hop.host_key == shown:
            return
        known = fingerprint(hop.host_key) if hop.host_key else "none"
        raise HostError(
            f"{hop.host}:{hop.port} does not show the key that was pinned for {entry.name}: "
            f"pinned {known}, shown {fingerprint(shown)}. Nothing was sent. Somebody may sit in "
            "between; when the hoster says that the key was changed, run `deployr-runner target "
            f"add {entry.name} --replace …` again, and `deployr-runner target test {entry.name}`"
        )

    return check


def dial(entry: HostEntry, trust: Trust) -> list[Transport]:
    """Connect and log in to a host; return the connections on the way, the host's own last.

    Raises HostError, and leaves nothing open then.
    """
    with contextlib.ExitStack() as opened:
        line: list[Transport] = []
        for hop in entry.hops:
            transport = _connect(entry, hop, line[-1] if line else None)
            opened.callback(transport.close)
            trust(hop, _handshake(hop, transport))
            _log_in(entry, hop, transport)
            transport.set_keepalive(KEEPALIVE_SECONDS)
            line.append(transport)
        opened.pop_all()
        return line


def _connect(entry: HostEntry, hop: Hop, before: Transport | None) -> Transport:
    address = (hop.host, hop.port)
    try:
        where = _through(before, address) if before else _socket(address)
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise NoLineError(
            f"{entry.name} ({hop.address}) can't be reached: {_words(error)}"
        ) from None
    transport = Line(where, _WINDOW_BYTES)
    options = transport.get_security_options()
    options.ciphers = _first(options.ciphers, _FIRST_CIPHERS)
    if hop.host_key:
        kind = hop.host_key.split()[0]
        options.key_types = _first(options.key_types, _RSA if kind == "ssh-rsa" else (kind,))
    return transport


def network_seconds(transport: Transport) -> float:
    """Return how long packets take to a host and back; 0.0: unknown, as behind another one."""
    sock = transport.sock
    if sys.platform != "linux" or not isinstance(sock, socket.socket):
        return 0.0
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LEAST_RTT_AT + 4)
    if len(info) < _LEAST_RTT_AT + 4:
        return 0.0
    least: int = struct.unpack_from("=I", info, _LEAST_RTT_AT)[0]
    return least / 1e6


def _through(before: Transport, address: tuple[str, int]) -> paramiko.Channel:
    nowhere = ("127.0.0.1", 0)
    return before.open_channel("direct-tcpip", address, nowhere, timeout=CONNECT_SECONDS)


def _socket(address: tuple[str, int]) -> socket.socket:
    made = socket.create_connection(address, CONNECT_SECONDS)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE_MS)
    return made


def _first(known: Sequence[str], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return what is known, with what is wanted at the front."""
    front = [each for each in wanted if each in known]
    return (*front, *(each for each in known if each not in front))


def _handshake(hop: Hop, transport: Transport) -> str:
    try:
        transport.start_client(timeout=CONNECT_SECONDS)
        key = transport.get_remote_server_key()
    except (OSError, EOFError, paramiko.SSHException) as error:
        said = _words(error)
        if "banner" in said:  # which is how paramiko calls the first line of an SSH server
            said = "the connection was closed at once; look at the port, or try again"
        raise NoLineError(f"{hop.host}:{hop.port} does not speak SSH with us: {said}") from None
    return f"{key.get_name()} {key.get_base64()}"


def _log_in(entry: HostEntry, hop: Hop, transport: Transport) -> None:
    try:
        if entry.password is not None:
            transport.auth_password(hop.user, entry.password)
        elif entry.key:
            transport.auth_publickey(hop.user, load_key(Path(entry.key)))
        else:
            _by_agent(hop, transport)
    except paramiko.AuthenticationException as error:
        if not transport.is_active():  # that is no answer
            raise NoLineError(f"{hop.address} broke off the login: {_words(error)}") from None
        raise HostError(_refused(entry, hop, error)) from None
    except (EOFError, paramiko.SSHException, OSError) as error:
        if isinstance(error, HostError):
            raise
        raise NoLineError(f"{hop.address} broke off the login: {_words(error)}") from None
    if not transport.is_authenticated():
        raise HostError(f"{hop.address} wants more than one proof; Deployr has one")


def _refused(entry: HostEntry, hop: Hop, error: Exception) -> str:
    allowed = getattr(error, "allowed_types", None)
    takes = f"; it takes: {', '.join(allowed)}" if allowed else ""
    if entry.password is not None:
        return (
            f"{hop.address} refused the password{takes}. Give the right one by `deployr-runner "
            f"target add {entry.name} --replace …`"
        )
    what = f"the key {entry.key}" if entry.key else "all keys of the agent"
    return (
        f"{hop.address} refused {what}{takes}. Its public part must be among the authorized keys "
        "there (cPanel: SSH Access, Manage SSH Keys: import, then authorize)"
    )


def load_key(path: Path) -> PKey:
    """Read a private key, which others must not be able to read. Raises HostError."""
    try:
        is_open = stat.S_IMODE(path.stat().st_mode) & 0o077
        key = PKey.from_path(path)
    except (paramiko.PasswordRequiredException, TypeError):
        raise HostError(
            f"the key {path} has a passphrase, which nobody can type here: make a key without one "
            "for this runner alone (ssh-keygen -t ed25519 -N '' -f FILE), or use --agent"
        ) from None
    except OSError as error:
        raise HostError(f"the key {path} can't be read: {error.strerror}") from None
    except (paramiko.SSHException, ValueError, UnknownKeyType):
        raise HostError(f"{path} is no private key that Deployr can use") from None
    if is_open:
        raise HostError(f"other users may read the key {path}; run: chmod 600 {path}")
    return key


def _by_agent(hop: Hop, transport: Transport) -> None:
    if not os.environ.get("SSH_AUTH_SOCK"):
        raise HostError("there is no SSH agent: SSH_AUTH_SOCK is not set where the runner starts")
    agent = paramiko.Agent()
    try:
        keys = agent.get_keys()
        if not keys:
            raise HostError("the SSH agent has no key; run: ssh-add FILE")
        for key in keys[:-1]:
            with contextlib.suppress(paramiko.AuthenticationException):
                transport.auth_publickey(hop.user, key)
                return
        transport.auth_publickey(hop.user, keys[-1])
    finally:
        agent.close()


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_SECONDS:g} s"
    said = str(getattr(error, "strerror", None) or error)
    return said.strip().splitlines()[0] if said.strip() else "the connection was closed"
