"""What all tests share: quiet TensorFlow, few threads a worker, a cache of their own, the mirror if any."""

import os
from pathlib import Path

import pytest

_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_threads = str(max(1, (os.cpu_count() or 1) // _workers))
for _name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_name, _threads)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Nothing that a test downloads or simulates lands in the user's cache."""
    before = os.environ.get("CVLIB_HOME")
    os.environ["CVLIB_HOME"] = str(tmp_path_factory.mktemp("cvlib_home"))
    yield
    if before is None:
        del os.environ["CVLIB_HOME"]
    else:
        os.environ["CVLIB_HOME"] = before


@pytest.fixture(scope="session")
def mirror():
    """The folder with the upstream data, or a skip."""
    folder = os.environ.get("CVLIB_MIRROR")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs the upstream data: set CVLIB_MIRROR")
    return Path(folder)
