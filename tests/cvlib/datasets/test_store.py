import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from serving import card, content, serving

from cvlib.datasets import errors, stamp, store

TWIN = """
from pathlib import Path

def make(directory, seed=0):
    (Path(directory).parents[3] / "made").open("a").write("once ")
    for split in ("train", "validation", "test"):
        for label in ("cat", "dog"):
            folder = Path(directory) / split / label
            folder.mkdir(parents=True)
            (folder / "1.png").write_bytes(f"{split} {label} {seed}".encode())
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CVLIB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CVLIB_MIRROR", raising=False)
    monkeypatch.delenv("CVLIB_DATA", raising=False)
    return tmp_path / "home"


@pytest.fixture
def twin(tmp_path, monkeypatch):
    """The name of a module that makes simulated pets."""
    name = f"twin_of_{tmp_path.name}"
    folder = tmp_path / "code" / name
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "pets.py").write_text(TWIN)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    return f"{name}.pets"


@pytest.fixture
def pets(twin):
    return card(content(), simulator=twin)


def load(pets, *args, **kwargs):
    return store.load_card(pets, *args, pause=0.01, **kwargs)


def mirror(folder, files, monkeypatch):
    for path, data in files.items():
        (folder / "pets" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "pets" / path).write_bytes(data)
    monkeypatch.setenv("CVLIB_MIRROR", str(folder))
    return folder


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_real_pictures_are_laid_out_by_split_and_class(pets, tmp_path, monkeypatch, home):
    mirror(tmp_path / "mirror", content(), monkeypatch)
    dataset = load(pets)
    assert dataset.source == "real"
    assert dataset.directory == home / "pets" / "real"
    assert list(dataset.frame.columns) == ["path", "label", "split"]
    assert dataset.frame.path.tolist() == [
        path
        for split in ("train", "validation", "test")
        for path in sorted(file.place for file in pets.files if file.split == split)
    ]
    for row in dataset.frame.itertuples():
        assert (dataset.directory / row.path).is_file()
        assert row.path.startswith(f"{row.split}/{row.label}/")
    assert dataset.class_names == ("cat", "dog")
    assert "12 images, train 4, validation 4, test 4; classes cat, dog" in repr(dataset)
    assert len(dataset) == 12


def test_a_split_is_a_dataset_of_its_own(pets, tmp_path, monkeypatch):
    mirror(tmp_path / "mirror", content(), monkeypatch)
    whole, test = load(pets), load(pets, split="test")
    assert test.directory == whole.directory / "test"
    assert set(test.frame.path) == {
        path.removeprefix("test/") for path in whole.frame.path if "test/" in path
    }
    assert all((test.directory / path).is_file() for path in test.frame.path)
    assert test.split("test").frame.equals(test.frame)
    with pytest.raises(ValueError, match="split must be one of 'test', got 'train'"):
        test.split("train")
    with pytest.raises(ValueError, match="split must be one of 'train', 'validation', 'test' or None"):
        load(pets, split="valid")


def test_a_mirror_may_be_an_address(pets, monkeypatch):
    files = {f"pets/{path}": data for path, data in content().items()}
    with serving(files) as server:
        monkeypatch.setenv("CVLIB_MIRROR", server.address + "/")
        assert load(pets, "real").source == "real"


def test_a_password_in_the_mirror_s_address_is_not_printed(pets, monkeypatch, capsys):
    with serving({}) as server:
        secret = server.address.replace("http://", "http://me:secret@")
    monkeypatch.setenv("CVLIB_MIRROR", secret)
    with pytest.raises(errors.UnreachableError) as gone:
        load(pets, "real")
    load(pets, "auto")
    with serving({}) as server:
        monkeypatch.setenv("CVLIB_MIRROR", server.address.replace("http://", "http://me:secret@"))
        with pytest.raises(errors.BadFileError, match="answers 404") as refused:
            load(pets, "real")
    assert "secret" not in str(gone.value) + str(refused.value) + capsys.readouterr().out


def test_the_directory_is_absolute_even_if_the_cache_is_not(pets, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CVLIB_HOME", "home")
    assert load(pets, "synthetic").directory == tmp_path / "home" / "pets" / "synthetic"


def test_without_a_mirror_the_source_is_asked(twin):
    files = content()
    with serving(files) as server:
        assert load(card(files, server.address, twin)).source == "real"
    assert {path for path, _ in server.log} == set(files)


def test_the_second_call_needs_neither_network_nor_simulator(pets, tmp_path, monkeypatch, home):
    folder = mirror(tmp_path / "mirror", content(), monkeypatch)
    first = load(pets, "real")
    load(pets, "synthetic")
    shutil.rmtree(folder)
    assert load(pets, "real").frame.equals(first.frame)
    load(pets, "synthetic")
    assert (home / "made").read_text() == "once "


def test_auto_falls_back_to_the_twin_with_one_sentence(pets, capsys):
    dataset = load(pets)
    assert dataset.source == "synthetic"
    assert files_of(dataset.directory / "train") == ["cat/1.png", "dog/1.png"]
    assert dataset.frame.label.tolist() == ["cat", "dog"] * 3
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert out.startswith("Pets: the real pictures could not be had (127.0.0.1:9 does not answer: connection")
    assert "Simulated ones stand in for them" in out
    assert err == ""


def test_real_never_falls_back(pets, capsys, home):
    with pytest.raises(errors.UnreachableError, match=r"Pets: .* does not answer.* run this again"):
        load(pets, "real")
    assert not (home / "made").exists()
    assert capsys.readouterr().out == ""


def test_synthetic_never_touches_the_network(twin):
    files = content()
    with serving(files) as server:
        assert load(card(files, server.address, twin), "synthetic").source == "synthetic"
    assert server.log == []


def test_the_environment_sets_what_auto_means_and_nothing_else(pets, tmp_path, monkeypatch):
    mirror(tmp_path / "mirror", content(), monkeypatch)
    monkeypatch.setenv("CVLIB_DATA", "synthetic")
    assert load(pets).source == "synthetic"
    assert load(pets, "real").source == "real"
    monkeypatch.setenv("CVLIB_DATA", "real")
    assert load(pets).source == "real"
    assert load(pets, "synthetic").source == "synthetic"
    monkeypatch.setenv("CVLIB_MIRROR", str(tmp_path / "nowhere"))
    shutil.rmtree(tmp_path / "home")
    with pytest.raises(errors.UnreachableError):
        load(pets)
    monkeypatch.setenv("CVLIB_DATA", "fake")
    with pytest.raises(ValueError, match="CVLIB_DATA must be real or synthetic, got 'fake'"):
        load(pets)
    with pytest.raises(ValueError, match="source must be one of 'auto', 'real', 'synthetic', got 'web'"):
        load(pets, "web")


def test_a_mirror_that_lacks_the_dataset_is_named(pets, tmp_path, monkeypatch):
    monkeypatch.setenv("CVLIB_MIRROR", str(tmp_path))
    with pytest.raises(errors.UnreachableError, match="which has no folder pets: correct it, or unset it"):
        load(pets, "real")
    monkeypatch.setenv("CVLIB_MIRROR", str(tmp_path / "no"))
    with pytest.raises(errors.UnreachableError, match="which is not a folder"):
        load(pets, "real")


def test_a_bad_file_is_refused_by_name_and_nothing_reaches_the_cache(
    pets, tmp_path, monkeypatch, home, capsys
):
    files = content()
    folder = mirror(tmp_path / "mirror", files, monkeypatch)
    bad = list(files)[7]
    (folder / "pets" / bad).write_bytes(b"altered")
    with pytest.raises(errors.BadFileError, match=bad):
        load(pets, "real")
    assert not (home / "pets").exists()
    assert load(pets).source == "synthetic"
    assert bad in capsys.readouterr().out
    (folder / "pets" / bad).write_bytes(files[bad])
    assert load(pets, "real").source == "real"
    assert store.verify_card(pets) == []
    assert [path for path in files_of(home / "unfinished") if not path.endswith(".lock")] == []


def test_a_file_that_was_changed_or_lost_is_fetched_again(pets, tmp_path, monkeypatch, home):
    mirror(tmp_path / "mirror", content(), monkeypatch)
    directory = load(pets, "real").directory
    changed, lost = (directory / file.place for file in pets.files[:2])
    data = changed.read_bytes()
    changed.write_bytes(bytes(len(data)))  # the same size
    lost.unlink()
    assert store.verify_card(pets) == [
        fault for fault in store.verify_card(pets) if "its sha256 is" in fault or "it is missing" in fault
    ]
    assert len(store.verify_card(pets)) == 2
    load(pets, "real")
    assert changed.read_bytes() == data
    assert store.verify_card(pets) == []


def test_a_repair_fetches_only_what_is_wrong(twin):
    files = content()
    with serving(files) as server:
        pets = card(files, server.address, twin)
        directory = load(pets, "real").directory
        (directory / pets.files[3].place).write_bytes(b"")
        before = len(server.log)
        load(pets, "real")
    assert [path for path, _ in server.log[before:]] == [pets.files[3].path]


def test_a_damaged_cache_without_a_source_still_falls_back_and_keeps_the_rest(pets, tmp_path, monkeypatch):
    folder = mirror(tmp_path / "mirror", content(), monkeypatch)
    directory = load(pets, "real").directory
    (directory / pets.files[3].place).unlink()
    shutil.rmtree(folder)
    assert load(pets).source == "synthetic"
    assert len(files_of(directory)) == 12  # eleven pictures and the stamp


def test_a_touched_but_equal_file_is_read_once_more_and_accepted(pets, tmp_path, monkeypatch):
    folder = mirror(tmp_path / "mirror", content(), monkeypatch)
    directory = load(pets, "real").directory
    shutil.rmtree(folder)
    (directory / pets.files[0].place).touch()
    assert load(pets, "real").source == "real"
    listed = json.loads((directory / stamp.NAME).read_text())
    assert listed["files"][pets.files[0].place][1] == (directory / pets.files[0].place).stat().st_mtime_ns


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"key": "x"}', '{"key": 1, "files": {"a": []}}'])
def test_a_damaged_list_of_files_is_made_again_without_a_transfer(twin, text):
    files = content()
    with serving(files) as server:
        pets = card(files, server.address, twin)
        directory = load(pets, "real").directory
        load(pets, "synthetic")
        (directory / stamp.NAME).write_text(text)
        (directory.parent / "synthetic" / stamp.NAME).write_text(text)
        assert "its list of files (.cvlib.json) is missing" in store.verify_card(pets)[0]
        load(pets, "real")
        load(pets, "synthetic")
    assert len(server.log) == len(files)
    assert store.verify_card(pets) == []


def test_foreign_files_in_the_cache_are_pointed_out(pets, tmp_path, monkeypatch, capsys):
    mirror(tmp_path / "mirror", content(), monkeypatch)
    directory = load(pets, "real").directory
    (directory / "train" / "cat" / "my own.png").write_bytes(b"x")
    (directory / ".DS_Store").write_bytes(b"x")
    capsys.readouterr()
    load(pets, "real")
    assert (
        "holds 1 files that are not of the dataset, such as train/cat/my own.png" in capsys.readouterr().out
    )
    assert store.verify_card(pets) == [f"{directory / 'train/cat/my own.png'}: it does not belong here"]


def test_a_new_manifest_moves_what_it_can_and_drops_the_rest(pets, tmp_path, monkeypatch):
    mirror(tmp_path / "mirror", content(), monkeypatch)
    directory = load(pets, "real").directory
    fewer = card(dict(list(content().items())[:6]), simulator=pets.simulator)
    dataset = load(fewer, "real")
    assert len(dataset) == 6
    assert files_of(directory) == sorted([stamp.NAME, *(file.place for file in fewer.files)])


def test_a_changed_simulator_draws_the_twin_anew(pets, tmp_path, home):
    directory = load(pets, "synthetic").directory
    (directory / "train" / "cat" / "1.png").write_bytes(b"altered")
    assert store.verify_card(pets) != []
    load(pets, "synthetic")
    assert (home / "made").read_text() == "once once "
    assert store.verify_card(pets) == []
    next((tmp_path / "code").rglob("pets.py")).write_text(TWIN + "\n# better\n")
    load(pets, "synthetic")
    assert (home / "made").read_text() == "once once once "


def test_a_twin_that_fails_or_forgets_a_class_leaves_nothing(pets, tmp_path, home):
    code = next((tmp_path / "code").rglob("pets.py"))
    code.write_text(TWIN.replace('("cat", "dog")', '("cat",)'))
    with pytest.raises(RuntimeError, match="made no dog image for train"):
        load(pets, "synthetic")
    assert not (home / "pets").exists()
    assert list((home / "unfinished" / "pets").iterdir()) == [home / "unfinished" / "pets" / "synthetic.lock"]


def test_a_dataset_without_a_twin_says_so():
    with pytest.raises(ValueError, match='pets has no simulated twin: load it with source="real"'):
        load(card(content()), "synthetic")
    with pytest.raises(errors.UnreachableError, match="does not answer"):
        load(card(content()))


def test_verify_of_an_empty_cache_says_how_to_fill_it(pets):
    with pytest.raises(FileNotFoundError, match=r'cvlib\.datasets\.load\("pets"\) puts it there'):
        store.verify_card(pets)


LOAD = """
import sys
sys.path[:0] = [{here!r}, {code!r}]
from serving import card, content
from cvlib.datasets import store
for source in ("real", "synthetic"):
    print(len(store.load_card(card(content(40), {base!r}, {twin!r}), source)))
"""


def test_two_processes_that_load_at_once_do_the_work_once_and_both_get_it(twin, tmp_path, home):
    files = content(40)
    with serving(files) as server:
        code = LOAD.format(
            here=str(Path(__file__).parent), code=str(tmp_path / "code"), base=server.address, twin=twin
        )
        started = [
            subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        outputs = [process.communicate(timeout=60)[0] for process in started]
        pets = card(files, server.address, twin)
    for output in outputs:
        assert [line for line in output.splitlines() if line.isdigit()] == ["40", "6"]
    assert len(server.log) == 40
    assert (home / "made").read_text() == "once "
    assert store.verify_card(pets) == []


def test_threads_of_one_process_wait_for_each_other_too(twin):
    files = content(20)
    with serving(files) as server:
        pets = card(files, server.address, twin)
        threads = [threading.Thread(target=load, args=(pets, "real")) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(server.log) == 20
    assert store.verify_card(pets) == []


def test_a_download_that_was_killed_is_resumed(twin, home):
    files = content(30)
    served = []

    def fault(path, number):
        served.append(path)
        return "hang up" if len(served) > 15 else None

    with serving(files, fault) as server:
        with pytest.raises(errors.UnreachableError):
            load(card(files, server.address, twin), "real")
        assert not (home / "pets").exists()
        whole = {path.name for path in (home / "unfinished").rglob("*.png")}
        assert whole
        server.fault = lambda path, number: None
        before = len(server.log)
        load(card(files, server.address, twin), "real")
    assert not whole & {path.split("/")[-1] for path, _ in server.log[before:]}
