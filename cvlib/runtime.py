"""Set up a lesson: seeds, GPU and fast mode, in one visible line."""

import os
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


def home():
    """The folder where cvlib keeps downloads and checkpoints: `CVLIB_HOME`, by default `~/.cache/cvlib`."""
    return Path(os.environ.get("CVLIB_HOME") or Path.home() / ".cache" / "cvlib").expanduser()


def flag(name):
    """An environment variable as True, False, or None where it is not set."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return None
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"{name} must be 0 or 1, got {value!r}")


@contextmanager
def quiet_stderr():
    """Hold back what native code writes to file descriptor 2; show it after all if the block raises.

    TensorFlow reports its CPU features and missing GPU drivers there while it loads, whatever its log level,
    and a notebook shows that in red. Python's own `sys.stderr` is not touched.
    """
    with tempfile.TemporaryFile() as held:
        kept = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            sys.stderr.write(held.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@dataclass(frozen=True)
class Run:
    """How this session runs.

    Attributes:
        fast: True for small images and few epochs (the default without a GPU).
        gpu: the GPU's name, or None.
        seed: the seed that was set.
        mixed_precision: True if layers compute in float16.
    """

    fast: bool
    gpu: str | None
    seed: int
    mixed_precision: bool

    def pick(self, fast, full):
        """`fast` in fast mode, else `full`.

        Example:
            >>> Run(fast=True, gpu=None, seed=0, mixed_precision=False).pick(fast=3, full=30)
            3
        """
        return fast if self.fast else full

    def checkpoint(self, name):
        """A callback for `fit` that saves after each epoch and resumes after a disconnection.

        On Colab with Google Drive mounted the state is kept on the Drive, so that a lost runtime loses at
        most an epoch; elsewhere under `CVLIB_HOME`. It is removed when training ends.

        Args:
            name: of the training run; two runs with one name share a checkpoint. The mode is added to it, so
                that a fast run never resumes a full one.

        Returns:
            A `keras.callbacks.BackupAndRestore`.
        """
        import keras

        drive = Path("/content/drive/MyDrive")
        root = drive / "cvlib" if drive.is_dir() else home()
        folder = root / "checkpoints" / f"{name}-{self.pick('fast', 'full')}"
        folder.mkdir(parents=True, exist_ok=True)
        return keras.callbacks.BackupAndRestore(str(folder))


def setup(seed=0, fast=None, mixed_precision=None):
    """Prepare a lesson: seed everything, grow GPU memory on demand, and say in one line what was found.

    Args:
        seed: for Python, NumPy and the backend. Call this before anything imports TensorFlow or Keras, and
            the messages that they print while loading stay off the page.
        fast: small and quick; by default what `CVLIB_FAST` says (0 or 1), else True without a GPU.
        mixed_precision: compute in float16; by default True on a GPU that is fast at it and False on a CPU,
            where it is slower.

    Returns:
        A `Run`.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow loads
    with quiet_stderr():
        import keras

        gpu, half_is_fast = _gpu(keras.backend.backend())
    keras.utils.set_random_seed(seed)
    if fast is None:
        fast = flag("CVLIB_FAST")
    if fast is None:
        fast = gpu is None
    if mixed_precision is None:
        mixed_precision = half_is_fast
    keras.config.set_dtype_policy("mixed_float16" if mixed_precision else "float32")
    run = Run(fast=bool(fast), gpu=gpu, seed=seed, mixed_precision=bool(mixed_precision))
    print(
        f"Keras {keras.__version__} on {keras.backend.backend()} · {gpu or 'no GPU: the CPU will do'} · "
        f"{run.pick('fast mode: small and quick', 'full size')} · "
        f"{'mixed precision' if run.mixed_precision else 'float32'} · seed {seed}"
    )
    return run


def _gpu(backend):
    """(name or None, whether float16 is fast there) of the first GPU, with memory growth switched on."""
    if backend == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
        for device in devices:
            try:
                tf.config.experimental.set_memory_growth(device, True)
            except RuntimeError:  # the GPU is in use already: a second call in one session
                break
        tf.zeros(())  # the first operation starts the runtime, which has more to say
        if not devices:
            return None, False
        details = tf.config.experimental.get_device_details(devices[0])
        return details.get("device_name", "GPU"), details.get("compute_capability", (7, 0)) >= (7, 0)
    if backend == "jax":
        import jax

        devices = [device for device in jax.devices() if device.platform == "gpu"]
        return (devices[0].device_kind, True) if devices else (None, False)
    import torch

    if not torch.cuda.is_available():
        return None, False
    return torch.cuda.get_device_name(0), torch.cuda.get_device_capability(0) >= (7, 0)
