"""The wall stands wherever Python and the checkout lie: in /tmp, in shared memory, in the course folder."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cvgrade.run import namespaces, sandbox

ROOT = Path(sandbox.HERE).parents[1]
STUDENT = """
import os, sys
import only_here
x = [only_here.SAID]
with open('/tmp/mine', 'w') as file: file.write('mine')
x.append(open('/tmp/mine').read())
def tried(what, do):
    try:
        do()
    except OSError:
        return
    x.append(what)
tried('a secret beside it', lambda: open({secret!r}).read())
tried('a secret in it', lambda: open({inner!r}).read())
tried('its packages changed', lambda: open(only_here.__file__, 'a'))
tried('its program changed', lambda: open({venv!r} + '/bin/new', 'w'))
seen = [name for folder in ('/tmp', '/dev/shm') for name in os.listdir(folder)]
x.append(sorted(set(seen) - {{{top!r}, *{known!r}, 'mine'}}))
"""
GRADER = """
import nbformat, sys
sys.path.insert(0, sys.argv[1])
import judge_kit
from cvgrade.run.judge import Station
from cvgrade.run.plan import plan
source = judge_kit.one_question("x = []", "import only_here\\nassert x == [only_here.SAID, 'mine', []], x")
answer = judge_kit.one_question(open(sys.argv[2]).read(), "")
with Station() as station:
    print(station.judge(plan(source, answer, "amara")).verdicts[0])
"""


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
@pytest.mark.usefixtures("wall")
def test_a_python_below_a_private_mount_works_and_nothing_beside_it_is_seen(place):
    folder = Path(tempfile.mkdtemp(prefix="wall-", dir=place))
    try:
        course = folder / "course"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(course)], check=True)
        packages = next(course.glob("lib/python3*/site-packages"))
        (packages / "only_here.py").write_text("SAID = 'from the environment'\n")
        (packages / "others.pth").write_text("\n".join(sandbox.package_folders()))
        for secret in (folder / "gradebook.db", course / "gradebook.db"):
            secret.write_text("swordfish")
        text = STUDENT.format(
            secret=str(folder / "gradebook.db"),
            inner=str(course / "gradebook.db"),
            venv=str(course),
            top=folder.name,
            known=[
                Path(path).parts[-len(Path(path).parts) + depth]
                for path in sandbox.python_folders()
                for depth in (2, 3)
                if path.startswith(("/tmp/", "/dev/shm/"))
            ],
        )
        (folder / "answer.py").write_text(text)
        (folder / "grader.py").write_text(GRADER)
        done = subprocess.run(
            [
                str(course / "bin" / "python"),
                str(folder / "grader.py"),
                str(Path(__file__).parents[1]),
                str(folder / "answer.py"),
            ],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert "status='passed'" in done.stdout, (done.stdout, done.stderr)
    finally:
        shutil.rmtree(folder)


def test_of_an_environment_only_programs_and_libraries_are_shown(monkeypatch, tmp_path):
    """As after `python -m venv .` in the course folder."""
    for name in ("bin", "lib", "assignments", "submitted"):
        (tmp_path / name).mkdir()
    for name in ("gradebook.db", "pyvenv.cfg"):
        (tmp_path / name).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "exec_prefix", str(tmp_path))
    shown = {path for path in sandbox.python_folders() if path.startswith(str(tmp_path))}
    assert shown == {str(tmp_path / name) for name in ("bin", "lib", "pyvenv.cfg")}


def test_a_link_to_python_in_a_home_shows_the_link_alone(monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "python"
    link.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(link))
    assert not any(path.startswith(str(tmp_path)) for path in sandbox.python_folders())
    assert str(link) in sandbox.python_links(sandbox.python_folders())


def test_what_the_graders_own_user_alone_can_read_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox, "is_root", lambda: True)
    tmp_path.chmod(0o700)
    with pytest.raises(sandbox.SandboxError, match="chmod -R go\\+rX"):
        sandbox._check_readable(str(tmp_path))


def test_every_private_mount_of_a_box_is_known_to_the_wall():
    assert {namespaces.HOME, "/tmp", "/dev/shm"} == set(namespaces.PRIVATE)
