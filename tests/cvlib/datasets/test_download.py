import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from serving import card, content, serving

from cvlib.datasets import download, errors
from cvlib.datasets.catalogue import File
from cvlib.datasets.checksum import wrong


def once(path, fault):
    """The fault at the first request for a path (or, for None, for any path), then none."""
    return lambda asked, number: fault if number == 0 and path in (None, asked) else None


def fetch(pets, base, folder, **kwargs):
    download.fetch(pets.files, base, folder, pets.title, pause=0.01, **kwargs)


def check_complete(pets, folder):
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {file.place for file in pets.files}
    for file in pets.files:
        data = (folder / file.place).read_bytes()
        assert len(data) == file.bytes
        assert hashlib.sha256(data).hexdigest() == file.sha256


@pytest.mark.parametrize(
    "fault",
    [None, "break", "hang up", "wrong", "no range", "other range", "endless", 503, 429, 500],
)
def test_every_file_arrives_whole_whatever_goes_wrong_once(tmp_path, fault):
    files = content()
    with serving(files, once(None, fault)) as server:
        fetch(card(files), server.address, tmp_path)
    check_complete(card(files), tmp_path)


@pytest.mark.parametrize("then", [None, "no range", "other range"])
def test_a_broken_transfer_is_resumed_where_the_server_can_and_begun_again_where_not(tmp_path, then):
    files = content(1)
    (path,) = files
    with serving(files, lambda asked, number: ("break", then)[number] if number < 2 else None) as server:
        fetch(card(files), server.address, tmp_path)
    assert server.log[0] == (path, None)
    assert server.log[1] == (path, f"bytes={len(files[path]) // 2}-")
    assert len(server.log) == (3 if then == "other range" else 2)
    check_complete(card(files), tmp_path)


def test_a_server_that_always_breaks_off_still_gets_there_since_each_try_brings_bytes(tmp_path):
    files = content(1)
    with serving(files, lambda asked, number: "break" if number < 9 else None) as server:
        fetch(card(files), server.address, tmp_path)
    assert len(server.log) == 10
    check_complete(card(files), tmp_path)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("wrong", "its sha256 is"),
        ("longer", "bytes instead of"),
        ("shorter", "bytes instead of"),
        ("endless", "bytes instead of"),
        ("page", "26 bytes instead of"),
        (404, "the source answers 404"),
        (403, "the source answers 403"),
    ],
)
def test_a_file_that_stays_wrong_is_refused_by_name_and_the_others_are_kept(tmp_path, fault, reason):
    files = content()
    bad = list(files)[4]
    with (
        serving(files, lambda path, number: fault if path == bad else None) as server,
        pytest.raises(errors.BadFileError, match=reason) as caught,
    ):
        fetch(card(files), server.address, tmp_path)
    assert [path for path, _ in caught.value.files] == [bad]
    assert bad in str(caught.value)
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) == len(files) - 1
    with serving(files) as server:
        fetch(card(files), server.address, tmp_path)
    assert server.log == [(bad, None)]
    check_complete(card(files), tmp_path)


def test_a_source_that_sends_only_wrong_files_is_given_up_early(tmp_path):
    files = content(200)
    with (
        serving(files, lambda path, number: "page") as server,
        pytest.raises(errors.BadFileError, match=r"files from http.* were refused") as caught,
    ):
        fetch(card(files), server.address, tmp_path)
    assert download.BAD_FILES <= len(caught.value.files) < len(files)
    assert len(server.log) < len(files)


def test_a_source_that_vanishes_midway_is_unreachable_and_the_next_run_goes_on(tmp_path):
    files = content(40)
    served = []

    def fault(path, number):
        served.append(path)
        return None if len(served) <= 20 else "hang up"

    with serving(files, fault) as server, pytest.raises(errors.UnreachableError, match="does not answer"):
        fetch(card(files), server.address, tmp_path)
    done = {path.name for path in tmp_path.rglob("*.png")}
    assert done
    with serving(files) as server:
        fetch(card(files), server.address, tmp_path)
    assert not done & {path.split("/")[-1] for path, _ in server.log}
    check_complete(card(files), tmp_path)


@pytest.mark.parametrize("patient", [True, False])
def test_nobody_home_is_said_in_words(tmp_path, patient):
    with serving({}) as server:
        address = server.address
    with pytest.raises(
        errors.UnreachableError, match=r"127\.0\.0\.1:\d+ does not answer: connection refused"
    ):
        fetch(card(content()), address, tmp_path, patient=patient)


def test_without_a_network_the_name_is_unknown(tmp_path):
    with pytest.raises(errors.UnreachableError, match=r"nowhere\.invalid does not answer"):
        fetch(card(content()), "http://nowhere.invalid/x", tmp_path, patient=False)


def test_what_is_there_already_is_not_fetched_again_unless_it_is_wrong(tmp_path):
    files = content()
    pets = card(files)
    with serving(files) as server:
        fetch(pets, server.address, tmp_path)
        count = len(server.log)
        fetch(pets, server.address, tmp_path)
        assert len(server.log) == count
        spoiled = tmp_path / pets.files[2].place
        spoiled.write_bytes(spoiled.read_bytes()[:-1] + b"\0")
        fetch(pets, server.address, tmp_path)
        assert [path for path, _ in server.log[count:]] == [pets.files[2].path]
    check_complete(pets, tmp_path)


def test_a_part_that_is_wrong_from_the_start_is_begun_again(tmp_path):
    files = content(1)
    pets = card(files)
    part = tmp_path / (pets.files[0].place + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"\xff" * 100)
    with serving(files) as server:
        fetch(pets, server.address, tmp_path)
    assert [asked for _, asked in server.log] == ["bytes=100-", None]
    check_complete(pets, tmp_path)
    for size in (pets.files[0].bytes, pets.files[0].bytes + 50):
        (tmp_path / pets.files[0].place).unlink()
        part.write_bytes(bytes(size))
        with serving(files) as server:
            fetch(pets, server.address, tmp_path)
        check_complete(pets, tmp_path)


def mirror_folder(folder, files):
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.mark.parametrize(
    "spell", [str, Path, lambda path: path.as_uri()], ids=["text", "path", "file address"]
)
def test_a_folder_serves_as_well(tmp_path, spell):
    files = content()
    base = mirror_folder(tmp_path / "mirror with space", files)
    fetch(card(files), spell(base), tmp_path / "cache")
    check_complete(card(files), tmp_path / "cache")


def test_a_bad_or_missing_file_of_a_folder_is_refused_by_name(tmp_path):
    files = content()
    base = mirror_folder(tmp_path / "mirror", files)
    first, *_, second = list(files)[:6]
    (base / first).write_bytes(b"?" * len(files[first]))
    (base / second).unlink()
    with pytest.raises(errors.BadFileError) as caught:
        fetch(card(files), base, tmp_path / "cache")
    assert set(dict(caught.value.files)) == {first, second}
    assert "its sha256 is" in dict(caught.value.files)[first]
    assert dict(caught.value.files)[second] == "it is missing"
    assert not list((tmp_path / "cache").rglob("*.part"))
    with pytest.raises(errors.UnreachableError, match="there is no folder"):
        fetch(card(files), base / "no", tmp_path / "cache")


def test_what_was_written_is_read_back_even_when_the_original_is_right(tmp_path):
    files = content(1)
    pets = card(files)
    base = mirror_folder(tmp_path / "mirror", files)
    part = tmp_path / "cache" / (pets.files[0].place + ".part")
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/null")  # a disk that forgets
    with pytest.raises(errors.BadFileError, match="after copying, it has 0 bytes"):
        fetch(pets, base, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.png*"))


def test_an_address_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must be a folder, or an address that begins http://"):
        fetch(card(content()), "ftp://example.org", tmp_path)


FULL = """
import resource, signal, sys
sys.path.insert(0, {here!r})
from serving import card, content
from cvlib.datasets import download
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    pets = card(content())
    download.fetch(pets.files, {base!r}, {folder!r}, pets.title)
except OSError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("kind", ["folder", "web"])
def test_a_disk_that_fills_up_says_what_to_do_and_leaves_nothing_under_a_files_name(tmp_path, kind):
    files = content()
    pets = card(files)
    folder = tmp_path / "cache"
    limit = min(file.bytes for file in pets.files) // 2  # no file fits: as on a disk with little left
    with serving(files) as server:
        base = server.address if kind == "web" else str(mirror_folder(tmp_path / "mirror", files))
        code = FULL.format(here=str(Path(__file__).parent), limit=limit, base=base, folder=str(folder))
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("CacheError the disk is full: for Pets")
    assert "set CVLIB_HOME to a folder on another disk, and run this again" in result.stdout
    assert not [path for path in folder.rglob("*.png") if path.is_file()]
    fetch(pets, mirror_folder(tmp_path / "mirror", files), folder)
    check_complete(pets, folder)


def test_too_little_space_is_said_before_the_first_byte(tmp_path):
    huge = File("x.png", 10**17, "0" * 64, "cat", "train")
    with (
        serving({}) as server,
        pytest.raises(errors.CacheError, match=r"^the disk is full: .* MB are needed") as caught,
    ):
        download.fetch([huge], server.address, tmp_path, "Pets")
    assert caught.value.errno == errno.ENOSPC
    assert server.log == []


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write everywhere")
def test_a_cache_that_cannot_be_written_says_so(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(errors.CacheError, match=r"cannot be written .*: set CVLIB_HOME"):
        fetch(card(content()), tmp_path, tmp_path / "cache")


def test_a_file_in_the_place_of_the_cache_folder_says_so(tmp_path):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(errors.CacheError, match=r"cannot be written .*: set CVLIB_HOME"):
        fetch(card(content()), tmp_path, tmp_path / "cache")


INTERRUPTED = """
import os, signal, sys, threading, time
from pathlib import Path
sys.path.insert(0, {here!r})
from serving import card, content
from cvlib.datasets import download

def press_control_c():
    while not list(Path({folder!r}).rglob("*.part")):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=press_control_c, daemon=True).start()
download.fetch(card(content(60)).files, {base!r}, {folder!r}, "Pets", pause=2.0)
"""


def test_an_interrupt_leaves_whole_files_and_parts_only_and_the_next_run_resumes(tmp_path):
    files = content(60)
    pets = card(files)
    with serving(files, lambda path, number: "break" if number == 0 else None) as server:
        code = INTERRUPTED.format(here=str(Path(__file__).parent), base=server.address, folder=str(tmp_path))
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "KeyboardInterrupt" in result.stderr
        for file in pets.files:
            assert wrong(tmp_path / file.place, file) in (None, "it is missing")
        assert list(tmp_path.rglob("*.part"))
        before = len(server.log)
        fetch(pets, server.address, tmp_path)
        assert any(asked for _, asked in server.log[before:])
    check_complete(pets, tmp_path)


def test_the_bar_is_quiet_off_screen_and_its_last_line_sums_up(tmp_path, capfd):
    files = content()
    fetch(card(files), mirror_folder(tmp_path / "mirror", files), tmp_path / "cache")
    out, err = capfd.readouterr()
    assert out.startswith("Pets: 12 files, 0.0 MB, each verified.")
    assert "\r" not in out
    assert err == ""
