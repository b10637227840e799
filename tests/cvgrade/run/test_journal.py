import multiprocessing

import pytest

from cvgrade.run.journal import Journal, JournalBusy, fingerprint


def record(number):
    return f"key{number}", f"s{number}", "hw", {"result": {"score": number, "text": "Zoë\n\u2028"}}


def filled(path, count=3):
    with Journal(path) as journal:
        journal.add([record(number) for number in range(count)])
    return path.read_bytes()


def test_what_was_added_is_there_after_opening_again(tmp_path):
    filled(tmp_path / "runs" / "hw.jsonl")
    with Journal(tmp_path / "runs" / "hw.jsonl") as journal:
        assert len(journal) == 3
        assert [journal.get(f"key{n}") for n in range(3)] == [record(n)[3] for n in range(3)]
        assert "key9" not in journal
        assert journal.get("key9") is None


def test_a_file_cut_at_any_byte_keeps_every_whole_line_and_takes_new_ones(tmp_path):
    path = tmp_path / "hw.jsonl"
    whole = filled(path)
    ends = [index + 1 for index, byte in enumerate(whole) if byte == 10]
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        kept = sum(end <= length for end in ends)
        with Journal(path) as journal:
            assert len(journal) == kept
            journal.add([record(7)])
        with Journal(path) as journal:
            assert len(journal) == kept + 1
            assert journal.get("key7") == record(7)[3]


def test_a_damaged_line_is_passed_over_and_counted(tmp_path):
    path = tmp_path / "hw.jsonl"
    lines = filled(path).splitlines(keepends=True)
    for bad in (lines[1].replace(b'"score":1', b'"score":9'), b"not a line\n", b"\n", b"zzzzzzzz {}\n"):
        path.write_bytes(lines[0] + bad + lines[2])
        with Journal(path) as journal:
            assert journal.damaged == 1
            assert "key1" not in journal
            assert journal.get("key2") == record(2)[3]


def test_a_key_is_kept_once(tmp_path):
    with Journal(tmp_path / "hw.jsonl") as journal:
        journal.add([record(1), record(1)])
        journal.add([("key1", "s1", "hw", {"result": "another"})])
        assert len(journal) == 1
        assert journal.get("key1") == record(1)[3]
    assert len((tmp_path / "hw.jsonl").read_bytes().splitlines()) == 1


def test_the_last_record_counts_unless_an_earlier_one_is_used_again(tmp_path):
    with Journal(tmp_path / "hw.jsonl") as journal:
        journal.add([("old", "amara", "hw", {"n": 1})])
        journal.add([("new", "amara", "hw", {"n": 2})])
        assert list(journal.records()) == [("amara", "hw", {"n": 2})]
        journal.use([("amara", "hw", "old")])
    with Journal(tmp_path / "hw.jsonl") as journal:
        assert list(journal.records()) == [("amara", "hw", {"n": 1})]
        before = journal.path.stat().st_size
        journal.use([("amara", "hw", "old")])
        assert journal.path.stat().st_size == before


def test_marks_last(tmp_path):
    with Journal(tmp_path / "hw.jsonl") as journal:
        journal.mark({("amara", "hw"): "written"})
        journal.mark({("amara", "hw"): "again"})
    with Journal(tmp_path / "hw.jsonl") as journal:
        assert journal.marked("amara", "hw") == "again"
        assert journal.marked("bjorn", "hw") == ""


def _try(path, answers):
    try:
        Journal(path).close()
        answers.put("opened")
    except JournalBusy as error:
        answers.put(str(error))


def test_a_second_run_is_told_that_one_is_going_on_and_may_read(tmp_path):
    path, context = tmp_path / "hw.jsonl", multiprocessing.get_context("spawn")
    with Journal(path) as journal:
        journal.add([record(1)])
        with pytest.raises(JournalBusy, match="another run"):
            Journal(path)
        beside = Journal(path, write=False)
        assert list(beside.records()) == [("s1", "hw", record(1)[3])]
        beside.close()
        answers = context.Queue()
        other = context.Process(target=_try, args=(path, answers))
        other.start()
        assert "another run" in answers.get(timeout=60)
        other.join()
    Journal(path).close()


def test_reading_what_is_not_there_gives_nothing_and_makes_nothing(tmp_path):
    assert list(Journal(tmp_path / "hw.jsonl", write=False).records()) == []
    assert list(tmp_path.iterdir()) == []


def test_fingerprints_of_different_parts_differ():
    parts = [
        ("a", "b"),
        ("ab",),
        ("a", "b", ""),
        (b"a", "b"),
        (["a", "b"],),
        ({"a": "b"},),
        ("b", "a"),
        (1,),
        ("1",),
    ]
    assert len({fingerprint(*one) for one in parts}) == len(parts)
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
