"""`cvlib doctor` and `cvlib data`, as a user sees them."""

import subprocess
import sys

import pytest

from cvlib import cli


def test_doctor_is_ready_here(capsys):
    assert cli.main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "[fix]" not in printed
    assert printed.rstrip().endswith("Ready.")


def test_doctor_stops_the_course_for_an_old_keras(monkeypatch, capsys):
    monkeypatch.setattr(cli, "version", lambda package: "2.15.0" if package == "keras" else "99.0")
    assert cli.main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "[fix]  keras 2.15.0 is too old: pip install -U 'keras>=" in printed
    assert "[note] tensorflow 99.0 is newer than what was tested" in printed


def test_doctor_names_a_mirror_that_is_not_there_and_goes_on(monkeypatch, capsys):
    monkeypatch.setenv("CVLIB_MIRROR", "/no/such/folder")
    assert cli.main(["doctor"]) == 0
    assert "[fix]  CVLIB_MIRROR is /no/such/folder, which is not a folder" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["data"], ["data", "get"], ["unknown"]])
def test_incomplete_commands_show_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert "usage: cvlib" in capsys.readouterr().err


def test_an_unknown_dataset_is_one_line_and_exit_code_1(capsys):
    assert cli.main(["data", "get", "no_such_set"]) == 1
    message = capsys.readouterr().err
    assert "no_such_set" in message
    assert "face_mask" in message
    assert "Traceback" not in message


def test_data_list_names_every_dataset(capsys):
    assert cli.main(["data", "list"]) == 0
    assert "face_mask" in capsys.readouterr().out


def test_importing_cvlib_loads_neither_tensorflow_nor_opencv():
    heavy = "('tensorflow', 'keras', 'cv2', 'pandas')"
    program = f"import cvlib, sys; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


@pytest.mark.parametrize("module", ["check", "data", "data.labels", "datasets", "metrics.classification"])
def test_the_light_rooms_do_not_need_tensorflow(module):
    program = f"import sys, cvlib.{module}; print('tensorflow' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"


def test_a_missing_system_library_says_what_to_install(tmp_path):
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import cvlib._opencv"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 1
    assert "sudo apt-get install -y libgl1" in run.stderr
    assert "libGL.so.1" in run.stderr
