"""Take away from this process all that a parser does not need. Called once everything is loaded.

On Linux the kernel then refuses every call but those that read and write what is open already, and
those for memory and time (seccomp). Nothing is opened any more: no file, no socket, no program.
"""

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

# Berkeley packet filter: load a word, jump if equal, return.
LOAD: Final = 0x20
EQUAL: Final = 0x15
RETURN: Final = 0x06
ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050001
"""Answer the call with EPERM."""
NUMBER_AT: Final = 0
MACHINE_AT: Final = 4

# By machine: its audit id and the numbers of what is allowed. What is open: read, write, readv,
# writev, pread64, lseek, close, fstat. Memory: mmap, munmap, mremap, mprotect, madvise, brk. Its
# own signals: rt_sigaction, rt_sigprocmask, rt_sigreturn, sigaltstack, restart_syscall, setitimer.
# And futex, sched_yield, clock_gettime, clock_getres, gettimeofday, getrusage, getrandom, getpid,
# gettid, exit, exit_group.
MACHINES: Final = {
    "x86_64": (
        0xC000003E,
        (0, 1, 19, 20, 17, 8, 3, 5, 9, 11, 25, 10, 28, 12, 13, 14, 15, 131, 219, 38, 202, 24, 228,
         229, 96, 98, 318, 39, 186, 60, 231),
    ),
    "aarch64": (
        0xC00000B7,
        (63, 64, 65, 66, 67, 62, 57, 80, 222, 215, 216, 226, 233, 214, 134, 135, 139, 132, 128, 103,
         98, 124, 113, 114, 169, 165, 278, 172, 178, 93, 94),
    ),
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine(memory_bytes: int) -> bool:
    """Limit memory, files and core dumps, and on Linux all that reaches beyond this process.

    Returns:
        Whether the latter took effect: some systems and machines leave only the limits.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, 64)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_AS, memory_bytes)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    return _filter_calls(libc)


def allow_seconds(seconds: float) -> None:
    """Grant this much processor time from now on; beyond it the kernel ends the process."""
    signal.setitimer(signal.ITIMER_PROF, max(seconds, 0.001))


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _filter_calls(libc: ctypes.CDLL) -> bool:
    """Install a seccomp filter; false if the machine is unknown or the kernel has none."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    code = _compile(*machine)
    program = _Program(len(code) // 8, code)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    refused: int = libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)
    return refused == 0


def _compile(audit_id: int, allowed: tuple[int, ...]) -> bytes:
    """Return the filter: eight bytes an instruction, jumps counted from the next one."""
    count = len(allowed)
    program = [
        (LOAD, 0, 0, MACHINE_AT),
        (EQUAL, 1, 0, audit_id),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER_AT),
        *((EQUAL, count - i, 0, number) for i, number in enumerate(allowed)),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("<HBBI", *step) for step in program)
