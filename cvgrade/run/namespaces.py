"""A box for one submission: namespaces, mounts, limits and system calls of its own. Linux only.

The fork server calls `enter` in a fresh child. There come to be three processes: the child that makes the
namespaces and goes; the first process of the new PID namespace (`run/warden.py`), which watches and whose
end is the end of all others; and the worker, which has no capabilities and runs the cells.
"""

import contextlib
import ctypes
import errno
import os
import platform
import struct
from pathlib import Path

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x02000000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
ALL = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
MS_REC, MS_PRIVATE = 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 36, 38, 47
UID = 1000
HOME = "/home/student"
WORK = f"{HOME}/work"
PRIVATE = (HOME, "/tmp", "/dev/shm")  # each box has its own

libc = ctypes.CDLL(None, use_errno=True)


def check(result, doing):
    """Raise OSError if a C call failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{doing}: {os.strerror(number)}")
    return result


def prctl(option, value=0):
    """The system call of the same name."""
    return check(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def unshare():
    """Put this process into namespaces of its own, as the only user there; its next child is process 1."""
    user, group = os.getuid(), os.getgid()
    prctl(PR_SET_DUMPABLE, 1)  # dropping root took it away; without it the maps cannot be written
    check(libc.unshare(ALL), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{UID} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{UID} {group} 1")


def mount(source, target, kind=None, flags=0, data=None):
    """The system call of the same name."""
    text = [None if part is None else os.fsencode(part) for part in (source, target, kind, data)]
    check(libc.mount(*text[:3], ctypes.c_ulong(flags), text[3]), f"mount {target}")


def furnish(disk_mb, staged=()):
    """Mount a private home, /tmp, /dev/shm and /proc. Process 1 of new namespaces only.

    Args:
        disk_mb: of all files together.
        staged: list of (path, place): what is at the path is also wanted at a place below a private mount.
            It stays as it was mounted, read-only.
    """
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    quiet = MS_NOSUID | MS_NODEV
    mount("box", "/run/box", "tmpfs", quiet, f"size={disk_mb}m,nr_inodes=65536,mode=755")
    for name, place in zip(("home", "tmp", "shm"), PRIVATE):
        os.mkdir(f"/run/box/{name}", 0o755)
        mount(f"/run/box/{name}", place, None, MS_BIND)
    for path, place in staged:
        _bring_back(path, place)
    mount("none", "/run/box", "tmpfs", quiet | MS_RDONLY, "size=4k")  # one way in, not two
    with contextlib.suppress(OSError):
        mount("none", "/dev/pts", "tmpfs", quiet | MS_RDONLY, "size=4k")
    mount("proc", "/proc", "proc", quiet | MS_NOEXEC)
    with contextlib.suppress(OSError):  # no more user namespaces inside this one
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    for name in ("shmall", "msgmni"):
        with contextlib.suppress(OSError):
            Path(f"/proc/sys/kernel/{name}").write_text("0")
    libc.sethostname(b"grading", 7)


def _bring_back(path, place):
    os.makedirs(os.path.dirname(place), 0o755, exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), place)
        return
    if os.path.isdir(path):
        os.makedirs(place, 0o755, exist_ok=True)
    else:
        Path(place).touch(0o444)
    mount(path, place, None, MS_BIND | MS_REC)


def drop_capabilities():
    """Give up every capability for good."""
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) < 0:
            break
    libc.prctl(PR_CAP_AMBIENT, 4, 0, 0, 0)
    header = struct.pack("<Ii", 0x20080522, 0)
    check(libc.capset(header, bytes(24)), "capset")
    prctl(PR_SET_NO_NEW_PRIVS, 1)


# What a notebook has no use for: other processes' memory, keys, memory that no limit counts, new namespaces,
# mounts, less-walked parts of the kernel. By architecture: (audit name, name -> number).
REFUSED = {
    "x86_64": (
        0xC000003E,
        "ptrace 101 process_vm_readv 310 process_vm_writev 311 kcmp 312 add_key 248 request_key 249 "
        "keyctl 250 mount 165 umount2 166 pivot_root 155 unshare 272 setns 308 open_tree 428 "
        "move_mount 429 fsopen 430 fsmount 432 fspick 433 mount_setattr 442 bpf 321 "
        "perf_event_open 298 userfaultfd 323 io_uring_setup 425 io_uring_enter 426 "
        "io_uring_register 427 memfd_secret 447 kexec_load 246 kexec_file_load 320 init_module 175 "
        "finit_module 313 delete_module 176 shmget 29 semget 64 msgget 68 mq_open 240 quotactl 179 "
        "acct 163 swapon 167 reboot 169 name_to_handle_at 303 open_by_handle_at 304 pidfd_getfd 438 "
        "process_madvise 440 lookup_dcookie 212 vhangup 153 syslog 103 fanotify_init 300",
    ),
    "aarch64": (
        0xC00000B7,
        "ptrace 117 process_vm_readv 270 process_vm_writev 271 kcmp 272 add_key 217 request_key 218 "
        "keyctl 219 mount 40 umount2 39 pivot_root 41 unshare 97 setns 268 open_tree 428 "
        "move_mount 429 fsopen 430 fsmount 432 fspick 433 mount_setattr 442 bpf 280 "
        "perf_event_open 241 userfaultfd 282 io_uring_setup 425 io_uring_enter 426 "
        "io_uring_register 427 memfd_secret 447 kexec_load 104 kexec_file_load 294 init_module 105 "
        "finit_module 273 delete_module 106 shmget 194 semget 190 msgget 186 mq_open 180 quotactl 60 "
        "acct 89 swapon 224 reboot 142 name_to_handle_at 264 open_by_handle_at 265 pidfd_getfd 438 "
        "process_madvise 440 lookup_dcookie 18 vhangup 58 syslog 116 fanotify_init 262",
    ),
}
# Answered "not there": memory that no limit counts, and the call whose flags no filter can read (threads and
# processes are then made with `clone`, whose flags one can).
ABSENT = {"x86_64": {"memfd_create": 319, "clone3": 435}, "aarch64": {"memfd_create": 279, "clone3": 435}}
CLONE = {"x86_64": 56, "aarch64": 220}
X32 = 0x40000000


def refuse_system_calls():
    """Install the seccomp filter; returns whether there is one for this machine."""
    table = REFUSED.get(platform.machine())
    if table is None:
        return False
    architecture, text = table
    words = text.split()
    numbers = sorted({int(number) for number in words[1::2]})
    load, equal, at_least, any_of, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000 | errno.EPERM
    absent = 0x00050000 | errno.ENOSYS
    # Other architectures' numbers mean other calls: refused as a whole.
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, refuse), (load, 0, 0, 0)]
    program += [(at_least, 0, 1, X32), (give, 0, 0, refuse)]
    for number in ABSENT[platform.machine()].values():
        program += [(equal, 0, 1, number), (give, 0, 0, absent)]
    flags = [(load, 0, 0, 16), (any_of, 0, 1, ALL), (give, 0, 0, refuse), (give, 0, 0, allow)]
    program += [(equal, 0, len(flags), CLONE[platform.machine()]), *flags]
    for number in numbers:
        program += [(equal, 0, 1, number), (give, 0, 0, refuse)]
    program.append((give, 0, 0, allow))
    code = b"".join(struct.pack("<HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    given = Program(len(program), ctypes.cast(buffer, ctypes.c_void_p))
    check(libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(given), 0, 0), "seccomp")
    return True


def leave_keyrings():
    """Join a new session keyring: the old one is shared with every other submission."""
    number = {"x86_64": 250, "aarch64": 219}.get(platform.machine())
    if number:
        libc.syscall(number, 1, None)
