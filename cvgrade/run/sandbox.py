"""The wall: bubblewrap's command line for a fork server, and what must be there for it.

Inside there are the system's libraries, this Python and its packages, the course packages that were named,
all read-only, and nothing else of the machine: no network, no other processes, no home, no course, an empty
environment. As root the server gives up root inside; as a normal user bubblewrap's user namespace does it.

Wherever Python lies, only the folders of it that hold programs and libraries are shown, so that a virtual
environment made in the course folder, in a home or in /tmp shows nothing that lies beside it. What lies
where a box mounts a place of its own (`namespaces.PRIVATE`) is also shown at a neutral path, from which the
box brings it back.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cvgrade.run.namespaces import HOME, PRIVATE, WORK

UID = 64999  # nobody's: what the server becomes where root starts it
HERE = Path(__file__).resolve().parent
CODE, COURSE, STAGE = "/opt/cvgrade", "/opt/course", "/opt/staged"
INSTALL = (
    "install it with `sudo apt install bubblewrap` (Debian, Ubuntu), `sudo dnf install bubblewrap` "
    "(Fedora, RHEL) or `sudo pacman -S bubblewrap` (Arch)"
)
NAMESPACES = (
    "Unprivileged user namespaces may be off: see `sysctl kernel.unprivileged_userns_clone "
    "kernel.apparmor_restrict_unprivileged_userns`; a container needs `--security-opt seccomp=unconfined` "
    "or `--privileged`"
)
LIBRARIES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "share")
SYSTEM = tuple(f"/{name}" for name in LIBRARIES[:6])
SYSTEM += tuple(f"{root}/{name}" for root in ("/usr", "/usr/local") for name in LIBRARIES)  # no /usr/src
ETC = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/ssl/certs",
    "/etc/nsswitch.conf",
)
PASSWD = "root:x:0:0::/:/bin/false\nstudent:x:1000:1000:student:/home/student:/bin/sh\n"
GROUP = "root:x:0:\nstudent:x:1000:\n"


class SandboxError(RuntimeError):
    """The sandbox cannot be had here; the message says what to do."""


def find_bubblewrap():
    """The path of `bwrap`.

    Raises:
        SandboxError: if it is not there, with the line that installs it.
    """
    found = shutil.which("bwrap")
    if found is None:
        if sys.platform != "linux":
            raise SandboxError(
                "grading in a sandbox needs Linux (on macOS and Windows: WSL 2, a virtual machine or a "
                "container with bubblewrap in it); "
                'sandbox="none" runs submissions unprotected, with your own rights'
            )
        raise SandboxError(
            f"bubblewrap (`bwrap`), the wall around submissions, is not installed: {INSTALL}; "
            'sandbox="none" runs submissions unprotected, with your own rights'
        )
    return found


def check():
    """Raise `SandboxError` unless bubblewrap is installed and the kernel lets it work."""
    inside = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
    try_out = [find_bubblewrap(), *_namespaces(), *inside]
    done = subprocess.run(try_out, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise SandboxError(f"bubblewrap does not work here: {done.stderr.strip()}. {NAMESPACES}")


def command(control, role, packages=(), folders=None, environment=None):
    """bubblewrap's command line for a fork server.

    Args:
        control: descriptor of its socket, inherited.
        role: "student" or "tester", for who looks at the processes.
        packages: folders of course packages.
        folders: dict from a path inside to a folder of this machine, read-only.
        environment: dict of more environment variables.

    Returns:
        The list of arguments, and the descriptors that it inherits besides `control`.
    """
    passed = []
    line = [find_bubblewrap(), *_namespaces(), "--die-with-parent", "--new-session", "--clearenv"]
    for path in SYSTEM:
        if os.path.islink(path):
            line += [*_parents(path), "--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            line += [*_parents(path), "--ro-bind", path, path]
    for path in ETC:
        if os.path.exists(path):
            line += [*_parents(path), "--ro-bind", os.path.realpath(path), path]
    for text, path in ((PASSWD, "/etc/passwd"), (GROUP, "/etc/group")):
        passed.append(_readable(text))
        line += ["--perms", "0444", "--ro-bind-data", str(passed[-1]), path]
    line += ["--dev", "/dev", "--proc", "/proc", *_parents(f"{WORK}/x"), *_parents("/run/box/home")]
    line += ["--perms", "1777", "--tmpfs", "/tmp"]
    shown = {path: path for path in python_folders()}
    shown[f"{CODE}/cvgrade/__init__.py"] = str(HERE.parent / "__init__.py")
    shown[f"{CODE}/cvgrade/run"] = str(HERE)
    for path in packages:
        shown[f"{COURSE}/{Path(path).resolve().name}"] = str(Path(path).resolve())
    shown.update((inside, str(Path(path).resolve())) for inside, path in (folders or {}).items())
    staged = []
    for inside, path in shown.items():
        _check_readable(path)
        line += [*_parents(inside), "--ro-bind", path, inside]
        if _is_private(inside):
            staged.append((f"{STAGE}/{len(staged)}", inside))
            line += [*_parents(staged[-1][0]), "--ro-bind", path, staged[-1][0]]
    for path, target in python_links(shown).items():
        line += [*_parents(path), "--symlink", target, path]
        if _is_private(path):
            staged.append((f"{STAGE}/{len(staged)}", path))
            line += [*_parents(staged[-1][0]), "--symlink", target, staged[-1][0]]
    line += [*_parents(f"{COURSE}/x"), "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
    for name, value in {**variables(), **(environment or {})}.items():
        line += ["--setenv", name, value]
    return [*line, "--", *python(control, CODE, staged)], passed


def python(control, code, staged=()):
    """The command line of the fork server itself; no folder of the user's is imported from.

    Args:
        control: descriptor of its socket.
        code: the folder that `cvgrade` is imported from.
        staged: list of (where it is shown, where each box has it).
    """
    start = (
        f"import sys; sys.path[:] = [{code!r}, *filter(None, sys.path)]; "
        f"from cvgrade.run.forkserver import main; main({control}, {list(staged)!r})"
    )
    return [sys.executable, "-s", "-B", "-X", "utf8", "-c", start]


def variables():
    """The environment of both sides; the same as nbgrader gives where a notebook may look at it."""
    folders = dict.fromkeys([os.path.dirname(sys.executable), "/usr/local/bin", "/usr/bin", "/bin"])
    return {
        "PATH": ":".join(folders),
        "HOME": HOME,
        "USER": "student",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
        "PYTHONHASHSEED": "0",  # the order of sets, and so the outputs, are the same in every run
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # as in Jupyter; draws without a screen
        "NBGRADER_EXECUTION": "autograde",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1"),
        "CUDA_VISIBLE_DEVICES": "",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
    }


def python_folders():
    """What this Python runs from and imports from, beyond the system's; none inside another.

    Of a prefix only programs and libraries: it may be a home, or the course folder itself.
    """
    wanted = {os.path.join(prefix, name) for prefix in _prefixes() for name in (*LIBRARIES, "pyvenv.cfg")}
    wanted |= {os.path.abspath(path) for path in package_folders()}
    wanted |= {os.path.realpath(path) for path in wanted}
    found = [path for path in SYSTEM if os.path.isdir(path)]
    system = len(found)
    for path in sorted(wanted):
        if os.path.exists(path) and not _is_within(path, found):
            found.append(path)
    return found[system:]


def python_links(shown):
    """Links on the way from `sys.executable` to the program itself that are in none of the shown folders.

    Args:
        shown: paths.

    Returns:
        Dict from the link's path to its target.
    """
    found, path = {}, sys.executable
    while os.path.islink(path):
        target = os.readlink(path)
        if not _is_within(path, [*shown, *SYSTEM]):
            found[path] = target
        path = os.path.normpath(os.path.join(os.path.dirname(path), target))
    return found


def package_folders():
    """Folders of installed packages that this Python imports from."""
    return [
        path for path in sys.path if path.endswith(("site-packages", "dist-packages")) and os.path.isdir(path)
    ]


def is_root():
    """Whether this process is root of the machine's own user namespace, or looks like it."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _namespaces():
    shared = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if is_root():
        return [*shared, "--cap-add", "ALL"]
    return ["--unshare-user", *shared, "--uid", "0", "--gid", "0", "--cap-add", "ALL"]


def _prefixes():
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    return {form(path) for path in prefixes for form in (os.path.abspath, os.path.realpath)} - {"/"}


def _is_within(path, folders):
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _is_private(path):
    return _is_within(path, PRIVATE)


def _check_readable(path):
    """Raise `SandboxError` where root could show a folder that the server, which is not root, cannot read."""
    needed = 0o5 if os.path.isdir(path) else 0o4
    if is_root() and os.stat(path).st_mode & needed != needed:
        raise SandboxError(
            f"only its owner can read {path}, and submissions do not run as root: "
            f"allow it with `chmod -R go+rX {path}`, or grade as a normal user"
        )


def _parents(path):
    """Folders on the way to a path: those that bubblewrap makes by itself let only root through."""
    found = []
    for folder in reversed(Path(path).parents[:-1]):
        if not str(folder).startswith(tuple(one + "/" for one in SYSTEM)):
            found += ["--perms", "0755", "--dir", str(folder)]
    return found


def _readable(text):
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return reading
