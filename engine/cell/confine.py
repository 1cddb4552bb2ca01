"""How a process gives up its rights for good: capabilities, Landlock, seccomp, by ctypes.

Imports the standard library alone: it runs in the shim, under an interpreter that has nothing else.
Sources: linux/landlock.h (ABI 7), linux/seccomp.h, linux/filter.h, linux/prctl.h, capabilities(7).
"""

import ctypes
import os
import struct
from collections.abc import Iterable

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
ABI_QUERY = 1
OLDEST_ABI = 3
"""Older ones let a process truncate any file of the user (before 3) and rename none across folders (before 2)."""

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, MAKE_CHAR, MAKE_BLOCK, TRUNCATE = (
    1 << bit for bit in (0, 1, 2, 3, 6, 11, 14)
)
IOCTL_DEV = 1 << 15
READING = EXECUTE | READ_FILE | READ_DIR
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
BIND_AND_CONNECT_TCP = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 22, 24, 36, 38
CAPABILITY_VERSION_3 = 0x20080522

MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""What seccomp calls the architecture, and the number of `socket` there."""
IO_URING_SETUP = 425
X32_BIT = 0x40000000
AF_INET, AF_INET6, AF_NETLINK = 2, 10, 16


def landlock_abi() -> int:
    """The kernel's Landlock version; 0 where there is none that confines as we need."""
    if os.uname().machine not in MACHINES:
        return 0
    try:
        abi = _syscall(LANDLOCK_CREATE_RULESET, 0, 0, ABI_QUERY)
    except OSError:
        return 0
    return abi if abi >= OLDEST_ABI else 0


def become_subreaper() -> None:
    """From now on orphaned descendants become this process's children."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signal_number: int) -> None:
    """Get a signal when the parent dies."""
    _prctl(PR_SET_PDEATHSIG, signal_number)


def confine(readable: Iterable[str], writable: Iterable[str], *, network: bool) -> None:
    """Give up everything but reading and writing beneath these paths (those that exist).

    Raises: OSError when the kernel refuses; the caller must not go on then.
    """
    _drop_capabilities()
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _landlock(readable, writable, network=network)
    _refuse_sockets((AF_INET, AF_INET6, AF_NETLINK) if network else ())


def _drop_capabilities() -> None:
    """Leave root with nothing but its name; an ordinary user has nothing to drop."""
    if os.geteuid() != 0:
        return
    for capability in range(64):
        try:
            _prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            # EINVAL: past the last one that this kernel knows. EPERM: a root without rights, as in some containers.
            break
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    _checked(_libc().capset(header, bytes(24)))


def _landlock(readable: Iterable[str], writable: Iterable[str], *, network: bool) -> None:
    abi = landlock_abi()
    handled = (IOCTL_DEV if abi >= 5 else 0) | (IOCTL_DEV - 1)
    no_tcp = BIND_AND_CONNECT_TCP if abi >= 4 and not network else 0
    scoped = ABSTRACT_SOCKETS_AND_SIGNALS if abi >= 6 else 0
    attributes = struct.pack("=QQQ", handled, no_tcp, scoped)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    ruleset = _syscall(LANDLOCK_CREATE_RULESET, _address(attributes), len(attributes), 0)
    for path in readable:
        _allow(ruleset, path, handled & READING)
    for path in writable:
        _allow(ruleset, path, handled & ~(MAKE_CHAR | MAKE_BLOCK))
    _syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # Gone, or beyond the user's reach: a right not granted is the safe side.
        return
    try:
        rights = rights if os.path.isdir(path) else rights & OF_FILES  # noqa: PTH112 - bare strings from the wire
        rule = struct.pack("=Qi", rights, target)
        _syscall(LANDLOCK_ADD_RULE, ruleset, 1, _address(rule), 0)
    finally:
        os.close(target)


def _refuse_sockets(families: tuple[int, ...]) -> None:
    """Refuse `socket()` but for these families.

    Landlock cannot stop a process from connecting to a Unix socket that a path leads to (the engine's, a container
    daemon's), nor from sending datagrams. `socketpair()` stays, which event loops and process pools live on.
    """
    architecture, socket_number = MACHINES[os.uname().machine]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000 | 1
    tail = len(families)
    program = [
        (load, 0, 0, 4),
        (equal, 0, tail + 5, architecture),
        (load, 0, 0, 0),
        (at_least, tail + 3, 0, X32_BIT),
        (equal, tail + 2, 0, IO_URING_SETUP),
        (equal, 0, tail + 2, socket_number),
        (load, 0, 0, 16),
        *((equal, tail - place, 0, family) for place, family in enumerate(families)),
        (give, 0, 0, refuse),
        (give, 0, 0, allow),
    ]
    filters = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    header = struct.pack("@HP", len(program), _address(filters))
    _prctl(PR_SET_SECCOMP, 2, _address(header))


def _address(data: bytes) -> int:
    """Where the bytes lie, as long as a variable of the caller's holds them."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0


def _prctl(option: int, *arguments: int) -> None:
    padded = (*arguments, 0, 0, 0, 0)[:4]
    _checked(_libc().prctl(option, *map(ctypes.c_ulong, padded)))


def _syscall(number: int, *arguments: int) -> int:
    return _checked(_libc().syscall(ctypes.c_long(number), *map(ctypes.c_ulong, arguments)))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
