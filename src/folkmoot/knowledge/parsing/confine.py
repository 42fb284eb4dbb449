"""Take away from this process what a parser never needs. Called in the child before it parses."""

import ctypes
import platform
import resource
import signal
import struct
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_SECCOMP: Final = 22
PR_SET_NO_NEW_PRIVS: Final = 38
SECCOMP_MODE_FILTER: Final = 2

# Berkeley packet filter: load a word, jump if equal, jump if any bit is set, return.
LOAD: Final = 0x20
EQUAL: Final = 0x15
ANY_BIT: Final = 0x45
RETURN: Final = 0x06
ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050001
"""Answer the call with EPERM."""
NUMBER_AT: Final = 0
MACHINE_AT: Final = 4
OPEN_FLAGS_AT: Final = 32
"""Third argument of openat, low word; both machines are little-endian."""
WRITES: Final = 0o1 | 0o2 | 0o100
"""O_WRONLY, O_RDWR, O_CREAT."""

# By machine: its audit id, the number of openat, and the numbers of what is refused: socket,
# connect, socketpair, bind, execve, execveat, ptrace, process_vm_readv, unlinkat, clone, clone3,
# openat2; on x86-64 also open, fork, vfork, creat and unlink.
MACHINES: Final = {
    "x86_64": (
        0xC000003E,
        257,
        (41, 42, 53, 49, 59, 322, 101, 310, 263, 56, 435, 437, 2, 57, 58, 85, 87),
    ),
    "aarch64": (
        0xC00000B7,
        56,
        (198, 203, 199, 200, 221, 281, 117, 270, 35, 220, 435, 437),
    ),
}
OTHER_ABI: Final = 0x40000000
"""Set in the call numbers of x86-64's second, 32-bit interface."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine(memory_bytes: int) -> None:
    """Limit memory, files and core dumps; on Linux also refuse network, programs and writing."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, 64)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_AS, memory_bytes)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        _filter_calls(libc)


def allow_seconds(seconds: float) -> None:
    """Grant this much processor time from now on; beyond it the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _filter_calls(libc: ctypes.CDLL) -> None:
    """Install a seccomp filter; a kernel without it leaves the other limits in force."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return
    code = _compile(*machine)
    program = _Program(len(code) // 8, code)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)


def _compile(audit_id: int, openat: int, refused: tuple[int, ...]) -> bytes:
    """Return the filter: eight bytes an instruction, jumps counted from the next one."""
    count = len(refused)
    program = [
        (LOAD, 0, 0, MACHINE_AT),
        (EQUAL, 0, count + 6, audit_id),
        (LOAD, 0, 0, NUMBER_AT),
        (ANY_BIT, count + 4, 0, OTHER_ABI),
        *((EQUAL, count - i + 3, 0, number) for i, number in enumerate(refused)),
        (EQUAL, 0, 2, openat),
        (LOAD, 0, 0, OPEN_FLAGS_AT),
        (ANY_BIT, 1, 0, WRITES),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    return b"".join(struct.pack("<HBBI", *step) for step in program)
