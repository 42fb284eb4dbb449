"""Take away from this process all that a parser does not need. Called once everything is loaded.

On Linux the kernel then refuses every call but those that read and write what is open already, and
those for memory, time and, where they may begin, threads (seccomp). Nothing is opened any more: no
file, no socket, no program.
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
PR_SET_NO_NEW_PRIVS: Final = 38
SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
SET_MODE_FILTER: Final = 1
ALL_THREADS: Final = 1
"""Those that libraries have started while they were loaded, too: they share the memory."""

# Berkeley packet filter: load a word, jump if equal, return.
LOAD: Final = 0x20
EQUAL: Final = 0x15
HAS: Final = 0x45
RETURN: Final = 0x06
ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050001
"""Answer the call with EPERM."""
UNKNOWN: Final = 0x00050026
"""Answer the call with ENOSYS, as a kernel does that is older than it."""
NUMBER_AT: Final = 0
MACHINE_AT: Final = 4
FLAGS_AT: Final = 16
"""Of `clone`: the low word of the first argument, on machines whose low words come first."""
CLONE_THREAD: Final = 0x00010000

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

CLONE3: Final = 435
"""What it is to make stands in memory, which no filter sees; the C library then tries `clone`."""
# What threads need besides: clone; set_robust_list, rseq, sched_getaffinity, getcpu, membarrier,
# clock_nanosleep, sysinfo.
THREADS: Final = {
    "x86_64": (56, (273, 334, 204, 309, 324, 230, 99)),
    "aarch64": (220, (99, 293, 123, 168, 283, 115, 179)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine(memory_bytes: int, *, threads: bool = False) -> bool:
    """Limit memory, files and core dumps, and on Linux all that reaches beyond this process.

    Args:
        memory_bytes: How much address space there may be.
        threads: Whether more of them may be started; processes never.

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
    return _filter_calls(libc, threads=threads)


def allow_seconds(seconds: float) -> None:
    """Grant this much processor time from now on; beyond it the kernel ends the process."""
    signal.setitimer(signal.ITIMER_PROF, max(seconds, 0.001))


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _filter_calls(libc: ctypes.CDLL, *, threads: bool) -> bool:
    """Install a seccomp filter; false if the machine is unknown or the kernel has none."""
    machine = platform.machine()
    if machine not in MACHINES:
        return False
    audit_id, allowed = MACHINES[machine]
    begin, besides = THREADS[machine] if threads else (None, ())
    code = _compile(audit_id, (*allowed, *besides), begin)
    program = _Program(len(code) // 8, code)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    refused: int = libc.syscall(
        SECCOMP[machine], SET_MODE_FILTER, ALL_THREADS, ctypes.byref(program)
    )
    return refused == 0  # else an error, or a thread that could not be included


def _compile(audit_id: int, allowed: tuple[int, ...], begin: int | None) -> bytes:
    """Return the filter: eight bytes an instruction, jumps counted from the next one.

    `begin` is the call by which threads begin, if they may.
    """
    count = len(allowed)
    threads = [
        (EQUAL, 0, 1, CLONE3),
        (RETURN, 0, 0, UNKNOWN),
        (EQUAL, 0, 3, begin or 0),
        (LOAD, 0, 0, FLAGS_AT),
        (HAS, count + 2, 0, CLONE_THREAD),
        (RETURN, 0, 0, REFUSE),
    ]
    program = [
        (LOAD, 0, 0, MACHINE_AT),
        (EQUAL, 1, 0, audit_id),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER_AT),
        *([] if begin is None else threads),
        *((EQUAL, count - i, 0, number) for i, number in enumerate(allowed)),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("<HBBI", *step) for step in program)
