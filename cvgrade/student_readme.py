"""The README of what students get."""

MADE = "<!-- made by cvgrade student-bundle -->"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


def readme(title, lessons, assignments, address, wheel="", needs=(), licence=False):
    """The README as markdown.

    Args:
        title: of the course.
        lessons: dict from file name to title.
        assignments: dict from name to title.
        address: of the repository on GitHub where it will be, or "".
        wheel: file name of the package, or "".
        needs: names of files for `pip install -r`.
        licence: whether a file LICENSE is there.
    """
    parts = [f"# {title}", "", _begin(lessons, assignments), *_start(wheel, address, needs)]
    if lessons:
        parts += ["", "## Lessons", "", *_table(lessons, "notebooks", address)]
        parts += ["", "Each runs from top to bottom, on a laptop as well; a GPU only makes it faster."]
    if assignments:
        files = {f"{name}/{name}.ipynb": text for name, text in assignments.items()}
        parts += ["", "## Assignments", "", *_table(files, "assignments", address), "", HAND_IN]
    parts += ["", "## Licence", "", "See [LICENSE](LICENSE)."] if licence else []
    return "\n".join([*parts, "", MADE, ""])


HAND_IN = """\
Write your code where it says `YOUR CODE HERE`, and delete the line that raises `NotImplementedError`. Run the
tests below each answer: they say nothing when all is well. Before you hand in, choose *Restart and run all*.
Do not delete, copy or retype the cells that you were given. Hand in the notebook, under the name it has, and
the files that it says to hand in. On Colab, upload the assignment's other files beside the notebook first."""


def _begin(lessons, assignments):
    parts = [
        f"{len(some)} {name}{'s' * (len(some) != 1)}"
        for some, name in ((lessons, "lesson"), (assignments, "assignment"))
        if some
    ]
    return f"{' and '.join(parts)}, as notebooks. Open them on Colab, or on your own computer."


def _start(wheel, address, needs):
    parts = ["", "## Start", ""]
    if address:
        parts += ["**On Colab** press a badge below; the first cell installs what is missing.", ""]
    parts += ["**On your computer** you need Python 3.10 to 3.13. In this folder:", "", "```sh"]
    parts += ["python3 -m venv .venv", ". .venv/bin/activate      # on Windows: .venv\\Scripts\\activate"]
    parts += ["pip install jupyterlab" + "".join(f" -r {name}" for name in needs)]
    parts += [f"pip install --no-deps {wheel}"] if wheel else []
    return [*parts, "jupyter lab", "```"]


def _table(files, folder, address):
    badge = address.removeprefix("https://github.com/") if address else ""
    lines = ["| | |", "|---|---|"]
    for file, title in files.items():
        cell = ""
        if badge:
            link = f"https://colab.research.google.com/github/{badge}/blob/main/{folder}/{file}"
            cell = f"[![Open in Colab]({BADGE})]({link})"
        lines.append(f"| [{title.replace('|', ' ')}]({folder}/{file}) | {cell} |")
    return lines
