"""IPython in this process, its outputs kept as a notebook keeps them: streams, displays, results, errors."""

import base64
import contextlib
import io
import os
import subprocess
import sys
import types

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

MOST_BYTES = 1_000_000
CUT = "\n… the rest of the output was cut off\n"


class Outputs:
    """The outputs of the cell that runs, as nbformat has them, up to a number of bytes in all."""

    def __init__(self, most=MOST_BYTES):
        self.most = most
        self.start()

    def start(self):
        """Forget the last cell's outputs."""
        self.items, self.clear_next = [], False

    def stream(self, name, text):
        """Add text that was printed."""
        if not text or not self._room():
            return
        self._clear()
        text = self._take(text)
        if self.items and self.items[-1]["output_type"] == "stream" and self.items[-1]["name"] == name:
            self.items[-1]["text"] += text
        else:
            self.items.append({"output_type": "stream", "name": name, "text": text})

    def show(self, kind, data, metadata, count=None):
        """Add a display or a result; one that is larger than what is left becomes a line of text."""
        if not self._room():
            return
        self._clear()
        data = {key: _text(value) for key, value in data.items()}
        size = sum(len(value) for value in data.values() if isinstance(value, str))
        if size > self.most:
            data, metadata = {"text/plain": f"(an output of {size:,} bytes was left out)"}, {}
        self.most -= size
        item = {"output_type": kind, "data": data, "metadata": metadata or {}}
        if kind == "execute_result":
            item["execution_count"] = count
        self.items.append(item)

    def error(self, name, value, traceback):
        """Add an error."""
        lines = [self._take(str(line)) for line in traceback]
        self.items.append(
            {"output_type": "error", "ename": name, "evalue": value[:10_000], "traceback": lines}
        )

    def clear(self, wait):
        """What `clear_output` does."""
        self.clear_next = True
        if not wait:
            self._clear()

    def _clear(self):
        if self.clear_next:
            self.items, self.clear_next = [], False

    def _room(self):
        return self.most > 0

    def _take(self, text):
        self.most -= len(text)
        return text if self.most >= 0 else text[: self.most] + CUT


def _text(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


class _Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a notebook."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, name, descriptor, outputs):
        self._name, self._descriptor, self._outputs = name, descriptor, outputs

    @property
    def name(self):
        return f"<{self._name}>"

    def writable(self):
        return True

    def isatty(self):
        return False

    def fileno(self):
        return self._descriptor

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._outputs.stream(self._name, text)
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_):
        self.shell.outputs.show("display_data", data, metadata)

    def clear_output(self, wait=False):
        self.shell.outputs.clear(wait)


class _Hook(DisplayHook):
    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.outputs.show("execute_result", format_dict, md_dict, self.prompt_count)

    def finish_displayhook(self):
        pass


class Shell(InteractiveShell):
    """IPython without a terminal, a history file or an event loop of its own."""

    displayhook_class = _Hook
    display_pub_class = _Publisher

    def init_history(self):
        """No history file."""
        from IPython.core.history import HistoryManager

        HistoryManager.enabled = False
        super().init_history()

    def init_io(self):
        """Outputs are kept, not printed."""
        self.outputs = Outputs()

    def enable_gui(self, gui=None):
        """There is none."""

    def system(self, command):
        """What a line that begins with `!` runs; there is no terminal, its output is the cell's."""
        command = self.var_expand(command, depth=1)
        self.user_ns["_exit_code"] = subprocess.call(command, shell=True, stdin=subprocess.DEVNULL)

    def ask_exit(self):
        """`exit` ends nothing."""

    def _showtraceback(self, etype, evalue, stb):
        self.outputs.error(getattr(etype, "__name__", "Error"), _say(evalue), list(stb))

    def run(self, source):
        """Run one cell and return its outputs and the name of the error that ended it, or None."""
        self.outputs.start()
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Stream("stdout", 1, self.outputs), _Stream("stderr", 2, self.outputs)
        try:
            result = self.run_cell(source, store_history=True)
        finally:
            for name, descriptor in (("stdout", 1), ("stderr", 2)):
                self.outputs.stream(name, _drain(descriptor, self.outputs.most))
            sys.stdout, sys.stderr = streams
        error = result.error_before_exec or result.error_in_exec
        return self.outputs.items, type(error).__name__ if error is not None else None


def _say(value):
    try:
        return str(value)
    except Exception:
        return "<no text>"


def _drain(descriptor, most):
    """What native code and child processes wrote to a descriptor that `catch_descriptors` made a file."""
    try:
        size = os.fstat(descriptor).st_size
        if not size:
            return ""
        text = os.pread(descriptor, min(size, max(most, 0) + 1), 0).decode(errors="replace")
        os.ftruncate(descriptor, 0)
        return text
    except OSError:
        return ""


def catch_descriptors(folder):
    """Let descriptors 1 and 2 be nameless files, so that native code cannot flood anyone."""
    for descriptor in (1, 2):
        path = os.path.join(folder, f".{descriptor}")
        made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.unlink(path)
        os.dup2(made, descriptor)
        os.close(made)


def make():
    """A shell; cells run in a module called `__main__`."""
    module = types.ModuleType("__main__", doc="The notebook.")
    module.__dict__["__builtins__"] = __builtins__
    Shell.clear_instance()
    return Shell.instance(user_module=module, user_ns=module.__dict__)


def warm_up(figures):
    """The shell for all children of the fork server, with done once what each would else do again.

    Args:
        figures: whether matplotlib is loaded.
    """
    shell = make()
    shell.run("warm = 1\nwarm")
    if figures:
        import matplotlib.figure
        import matplotlib_inline.backend_inline as inline
        from IPython.core.pylabtools import select_figure_formats
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        made = matplotlib.figure.Figure(figsize=(1, 1))
        made.subplots().set_title("a")
        FigureCanvasAgg(made).print_png(io.BytesIO())
        backend = "module://matplotlib_inline.backend_inline"
        matplotlib.use(backend)
        with contextlib.suppress(ImportError):  # 3.8 asks for pyplot to choose a backend
            import matplotlib.pyplot
        inline.configure_inline_support(shell, backend)
        select_figure_formats(shell, {"png"})
    shell.reset(new_session=True)
    shell.execution_count = 1
    return shell
