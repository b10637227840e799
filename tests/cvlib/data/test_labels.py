import pickle

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cvlib._opencv import cv2
from cvlib.data import labels

PNG = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()


def put(folder, *names, data=PNG):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    put(folder, "a.png", "b.png", "c.png", "deep/d.png")
    return folder


def csv(folder, text, encoding="utf-8"):
    file = folder / "labels.csv"
    file.write_bytes(text.encode(encoding))
    return file


def xlsx(folder, rows, name="labels.xlsx", extra=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, content in extra:
        page = book.create_sheet(title)
        for row in content:
            page.append(row)
    book.save(folder / name)
    return folder / name


class TestFolders:
    def test_the_folder_of_an_image_is_its_label(self, tmp_path):
        put(
            tmp_path,
            "dog/2.png",
            "dog/10.PNG",
            "cat/1.jpg",
            "cat/more/3.png",
            "cat/notes.txt",
            "cat/.hidden.png",
        )
        put(tmp_path, ".ipynb_checkpoints/x.png", "readme.png")
        frame = labels.from_directory(tmp_path)
        assert list(frame.columns) == ["path", "label"]
        assert frame.to_numpy().tolist() == [
            ["cat/1.jpg", "cat"],
            ["cat/more/3.png", "cat"],
            ["dog/10.PNG", "dog"],
            ["dog/2.png", "dog"],
        ]
        assert labels.from_directory(str(tmp_path), classes=["dog"]).label.unique().tolist() == ["dog"]

    def test_files_that_are_no_images_are_all_named(self, tmp_path):
        put(tmp_path, "cat/1.jpg", "dog/1.png")
        put(tmp_path, "cat/2.jpg", data=b"this is a text file")
        put(tmp_path, "dog/empty.png", data=b"")
        put(tmp_path, "dog/phone.jpg", data=b"\0\0\0\x18ftypheic")
        with pytest.raises(labels.TableError) as caught:
            labels.from_directory(tmp_path)
        assert "3 files cannot be used" in str(caught.value)
        assert "cat/2.jpg: not an image: it holds text that begins 'this is a text file'" in str(caught.value)
        assert dict(caught.value.problems)["dog/empty.png"] == "the file is empty (0 bytes)"
        assert "export it as JPEG" in dict(caught.value.problems)["dog/phone.jpg"]

    def test_folders_without_images_and_unknown_classes_are_refused(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="does not exist: give the folder"):
            labels.from_directory(tmp_path / "no")
        with pytest.raises(ValueError, match="holds no class folder"):
            labels.from_directory(tmp_path)
        put(tmp_path, "1.png", "2.png")
        with pytest.raises(ValueError, match="holds 2 images but no class folder"):
            labels.from_directory(tmp_path)
        (tmp_path / "cat").mkdir()
        put(tmp_path, "dog/1.png")
        with pytest.raises(ValueError, match="no image in class folder 'cat'"):
            labels.from_directory(tmp_path)
        with pytest.raises(ValueError, match="no folder for class 'eel'; it has 'cat', 'dog'"):
            labels.from_directory(tmp_path, classes=["dog", "eel"])
        put(tmp_path, "sets/train/cat/1.png", "sets/test/cat/1.png")
        with pytest.raises(
            ValueError, match="holds the splits 'test', 'train', not classes: read one of them"
        ):
            labels.from_directory(tmp_path / "sets")
        with pytest.raises(FileNotFoundError, match="is a file, not a folder"):
            labels.from_directory(tmp_path / "1.png")

    def test_formats_are_told_by_their_first_bytes(self, tmp_path):
        for extension in (".png", ".jpg", ".bmp", ".tiff", ".webp", ".ppm"):
            path = tmp_path / "right.jpg"
            path.write_bytes(cv2.imencode(extension, np.zeros((4, 4, 3), np.uint8))[1].tobytes())
            assert labels.not_an_image(path) is None, extension
        path.write_bytes(b"GIF89a")
        assert labels.not_an_image(path) is None
        path.write_bytes(bytes(range(128, 160)))
        assert "begins with the bytes 80 81" in labels.not_an_image(path)


class TestTables:
    def test_one_label_column_becomes_label(self, images):
        frame = labels.read_table(csv(images, "image,animal\na.png,cat\nb.png,dog\ndeep/d.png,cat\n"))
        assert frame.to_dict("list") == {
            "path": ["a.png", "b.png", "deep/d.png"],
            "label": ["cat", "dog", "cat"],
        }
        assert labels.kind(frame) == "binary"

    def test_csv_and_xlsx_of_the_same_table_read_alike(self, images):
        rows = [
            ["image", "animal", "split"],
            ["a.png", "cat", "train"],
            ["b.png", 1, "test"],
            ["c.png", 2.0, "test"],
        ]
        one = labels.read_table(
            csv(images, "\n".join(",".join(map(str, row)) for row in rows).replace("2.0", "2"))
        )
        two = labels.read_table(xlsx(images, rows))
        assert one.equals(two)
        assert two.label.tolist() == ["cat", "1", "2"]
        assert two.split.tolist() == ["train", "test", "test"]
        assert labels.kind(two) == "multi-class"

    @pytest.mark.parametrize(
        ("text", "encoding"),
        [
            ("path;label\na.png;Käse\nb.png;NA\n", "cp1252"),
            ("path\tlabel\na.png\tKäse\nb.png\tNA\n", "utf-16"),
            ("path,label\r\n a.png , Käse\r\n\r\n./b.png,NA\r\n,\r\n", "utf-8-sig"),
            ('"path","label",\n"a.png","Käse",\n"b.png","NA",\n', "utf-8"),
        ],
        ids=[
            "Excel in Europe",
            "Excel's Unicode text",
            "spaces and blank lines",
            "quotes and an empty column",
        ],
    )
    def test_tables_as_spreadsheets_write_them_are_understood(self, images, text, encoding):
        frame = labels.read_table(csv(images, text, encoding))
        assert frame.to_dict("list") == {"path": ["a.png", "b.png"], "label": ["Käse", "NA"]}

    def test_columns_of_flags_are_multi_label(self, images):
        text = "path,sun,rain,snow\na.png,1,no,x\nb.png,0,yes,\nc.png,true,FALSE,\n"
        frame = labels.read_table(csv(images, text))
        assert frame[["sun", "rain", "snow"]].to_numpy().tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 0]]
        assert labels.kind(frame) == "multi-label"
        assert labels.label_columns(frame) == ["sun", "rain", "snow"]

    def test_several_labels_in_a_cell_become_a_tuple(self, images):
        frame = labels.read_table(
            csv(images, "path,tags\na.png,sun; rain\nb.png,\nc.png,sun;sun\n"), separator=";"
        )
        assert frame.label.tolist() == [("sun", "rain"), (), ("sun",)]
        assert labels.kind(frame) == "multi-label"

    def test_columns_of_names_are_several_questions(self, images):
        text = "path,age,coat\na.png,old,red\nb.png,young,red\n"
        frame = labels.read_table(csv(images, text), classes={"age": ["old", "young"]})
        assert frame.age.tolist() == ["old", "young"]
        assert labels.kind(frame) == "multi-output"
        chosen = labels.read_table(csv(images, text), labels="coat")
        assert chosen.label.tolist() == ["red", "red"]
        assert labels.kind(chosen) == "single"

    def test_paths_may_be_absolute_or_written_on_windows(self, images):
        frame = labels.read_table(csv(images, f"path,label\n{images}/a.png,x\ndeep\\d.png,y\n"))
        assert frame.path.tolist() == ["a.png", "deep/d.png"]

    def test_every_bad_row_is_reported_at_once_with_its_row_in_the_spreadsheet(self, images):
        put(images, "text.jpg", data=b"hello")
        text = (
            "path,label\n"  # row 1
            "a.png,cat\n"
            "gone.png,cat\n"  # 3
            "\n"
            "b.png,Dog\n"  # 5
            "A.png,cat\n"  # 6
            "c.png,\n"  # 7
            ",cat\n"  # 8
            "./a.png,cat\n"  # 9
            "a.png,dog\n"  # 10
            "text.jpg,cat\n"  # 11
            "deep,cat\n"  # 12
            "c.jpg,eel\n"  # 13, two faults
        )
        with pytest.raises(labels.TableError) as caught:
            labels.read_table(csv(images, text), classes=["cat", "dog"])
        problems = {}
        for row, problem in caught.value.problems:
            problems.setdefault(row, []).append(problem)
        assert problems == {
            3: ["missing file 'gone.png'"],
            5: ["unknown label 'Dog' (did you mean 'dog'?)"],
            6: ["missing file 'A.png' (there is 'a.png')"],
            7: ["the label in column 'label' is empty"],
            8: ["the path is empty"],
            9: ["'a.png' is listed already in row 2, with the same label"],
            10: ["'a.png' is listed already in row 2, there with label 'cat', here 'dog'"],
            11: ["'text.jpg': not an image: it holds text that begins 'hello'"],
            12: ["'deep' is a folder, not an image"],
            13: [
                "missing file 'c.jpg' (there is 'c.png')",
                "unknown label 'eel' (the classes are 'cat', 'dog')",
            ],
        }
        assert "10 rows of 11 cannot be used" in str(caught.value)
        assert "  row 13: unknown label 'eel'" in str(caught.value)
        assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems

    def test_rows_of_a_spreadsheet_keep_their_numbers(self, images):
        rows = [["path", "label"], ["a.png", "x"], [None, None], ["no.png", "x"]]
        with pytest.raises(labels.TableError, match=r"row 4: missing file 'no\.png'"):
            labels.read_table(xlsx(images, rows))
        quoted = 'path,label\na.png,"two\nlines"\nno.png,x\n'
        with pytest.raises(labels.TableError, match=r"row 3: missing file 'no\.png'"):
            labels.read_table(csv(images, quoted))

    def test_flags_that_are_neither_0_nor_1_are_bad_rows(self, images):
        text = "path,sun,rain\na.png,1,0\nb.png,maybe,1\nc.png,0,\n"
        with pytest.raises(labels.TableError) as caught:
            labels.read_table(csv(images, text))
        assert caught.value.problems == [
            (3, "the label in column 'sun' must be 0 or 1, got 'maybe'"),
            (4, "the label in column 'rain' is empty (write 0 or 1)"),
        ]

    def test_a_wrong_directory_is_said_once_in_the_heading(self, images, tmp_path):
        file = csv(images, "path,label\na.png,x\nb.png,y\n")
        with pytest.raises(labels.TableError, match="not one path was found: they are looked for in"):
            labels.read_table(file, tmp_path)

    def test_very_many_bad_rows_are_shortened_in_the_message_only(self, images):
        text = "path,label\na.png,x\n" + "".join(f"{i}.png,x\n" for i in range(500))
        with pytest.raises(labels.TableError, match="and 400 more") as caught:
            labels.read_table(csv(images, text))
        assert len(caught.value.problems) == 500

    @pytest.mark.parametrize(
        ("text", "kwargs", "message"),
        [
            ("", {}, "is empty: expected a header"),
            ("path,label\n", {}, "there is a header .* but no row below"),
            ("path\na.png\n", {}, "no label column; its columns are 'path'"),
            ("path,split\na.png,train\n", {}, "no label column"),
            ("a.png,cat\nb.png,dog\n", {}, "row 1 must be a header, but its first cell is 'a.png'"),
            (
                "path,animal\na.png,x\n",
                {"labels": "animl"},
                r"no label column 'animl'.*did you mean 'animal'\?",
            ),
            ("path,x,x\na.png,1,2\n", {}, "names 'x' more than once"),
            ("path,x\na.png,1,2\n", {}, "column C has no heading but a value in row 2"),
            ("path,x,y\na.png,1,0\n", {"separator": ";"}, "separator is for one label column"),
            ("path,x,y\na.png,1,0\n", {"classes": ["x", "z"]}, "'y' is not in classes|no label column for"),
            ("path,x,y\na.png,1,0\n", {"classes": ["x", "y", "z"]}, "no label column for class 'z'"),
            ("\0\1\2\3", {}, "is not a table"),
            ("\ufeff", {}, "is empty"),
        ],
    )
    def test_a_table_that_is_bad_as_a_whole_says_how(self, images, text, kwargs, message):
        with pytest.raises(ValueError, match=message):
            labels.read_table(csv(images, text), **kwargs)

    def test_a_missing_table_folder_or_sheet_and_an_old_format_say_what_to_do(self, images):
        with pytest.raises(FileNotFoundError, match="there is no table"):
            labels.read_table(images / "no.csv")
        file = csv(images, "path,label\na.png,x\n")
        with pytest.raises(FileNotFoundError, match="give the folder where the paths start"):
            labels.read_table(file, images / "no")
        file.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(100))
        with pytest.raises(ValueError, match="old Excel file"):
            labels.read_table(file)
        file.write_bytes(b"PK\x03\x04 broken")
        with pytest.raises(ValueError, match="cannot be read as XLSX"):
            labels.read_table(file)
        book = xlsx(images, [["nothing"]], extra=[("Faces", [["path", "label"], ["a.png", "x"]])])
        assert labels.read_table(book, sheet="Faces").label.tolist() == ["x"]
        assert labels.read_table(book, sheet=1).label.tolist() == ["x"]
        with pytest.raises(ValueError, match=r"no sheet 'Face'; it has 'Sheet', 'Faces'"):
            labels.read_table(book, sheet="Face")
        assert labels.read_table(book.rename(images / "odd.csv"), sheet=1).label.tolist() == ["x"]


def test_a_frame_without_labels_has_no_kind():
    with pytest.raises(ValueError, match="no label column; it has 'path', 'split'"):
        labels.kind(pd.DataFrame({"path": ["a"], "split": ["train"]}))
