"""Build the lessons: notebooks/src/NN_topic.py → NN_topic.ipynb, executed, with outputs to commit.

python notebooks/build.py                 build and execute every lesson
python notebooks/build.py 05 11           only these
python notebooks/build.py --check         change nothing; say which notebooks are stale or unclean
python notebooks/build.py --html DIR 11   execute and write HTML there; leave the notebooks alone
"""

import argparse
import base64
import hashlib
import os
import re
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

INSTALL = """\
# On Colab this adds cvlib to what is there and upgrades nothing. Elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    !pip install -q --no-deps "cvlib-course @ git+{address}"
"""


def repository():
    """The repository's address, from the one place where it stands."""
    found = re.search(r'^Repository\s*=\s*"([^"]+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    return found.group(1).rstrip("/")


def badge(notebook, address=None):
    """Markdown for an *Open in Colab* badge of a notebook, given by its path in the repository."""
    owner_and_name = (address or repository()).removeprefix("https://github.com/")
    return (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"(https://colab.research.google.com/github/{owner_and_name}/blob/main/{notebook})"
    )


def sources(wanted=()):
    """The lessons' source files, all or those whose number or name is wanted."""
    found = sorted((HERE / "src").glob("[0-9][0-9]_*.py"))
    if wanted:
        unknown = [name for name in wanted if not any(matches(path, name) for path in found)]
        if unknown:
            known = ", ".join(path.stem for path in found)
            sys.exit(f"no lesson {', '.join(unknown)} in notebooks/src; there are {known}")
        found = [path for path in found if any(matches(path, name) for name in wanted)]
    return found


def matches(path, name):
    """Whether a lesson is meant by its number ("05") or its name ("05_augmentation")."""
    return name in (path.stem, path.stem[:2])


def target(source):
    """Where a lesson's notebook is committed."""
    return HERE / f"{source.stem}.ipynb"


def assemble(source):
    """The notebook as it is before it runs: the source's cells, the badge and the install cell."""
    notebook = jupytext.read(source)
    seen = {}
    for cell in notebook.cells:
        digest = hashlib.sha1(cell.source.encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    header = notebook.cells[0]
    title, _, rest = header.source.partition("\n")
    if header.cell_type != "markdown" or not title.startswith("# "):
        sys.exit(f"{source.name}: the first cell must be markdown and begin with '# NN · Title'")
    header.source = f"{title}\n\n{badge(f'notebooks/{source.stem}.ipynb')}\n{rest}".rstrip()
    install = nbformat.v4.new_code_cell(INSTALL.format(address=repository()).rstrip(), id="install")
    notebook.cells.insert(1, install)
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def execute(notebook, name, timeout=1800, show_progress=True):
    """Run a notebook top to bottom in a fresh kernel; return the seconds it took."""
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    begun = time.perf_counter()

    def progress(cell, cell_index, **_):
        if show_progress and cell_index in code:
            done = code.index(cell_index) + 1
            seconds = time.perf_counter() - begun
            end = "" if sys.stderr.isatty() else "\n"
            if sys.stderr.isatty() or done % 10 == 0 or done == len(code):
                print(
                    f"\r  {name}: cell {done} of {len(code)}, {seconds:.0f} s ",
                    end=end,
                    file=sys.stderr,
                    flush=True,
                )

    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(HERE)}},
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        on_cell_complete=progress,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        print(file=sys.stderr)
        sys.exit(f"{name} stopped:\n{error}")
    if show_progress and sys.stderr.isatty():
        print(file=sys.stderr)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    return time.perf_counter() - begun


def faults(notebook):
    """What a reader would stumble over in an executed notebook: one sentence each."""
    found = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        first = cell.source.strip().partition("\n")[0][:60]
        where = f"cell {number} ({first})"
        if cell.source.strip() and cell.execution_count is None:
            found.append(f"{where} was not executed")
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"{where} ends in {output.ename}")
            elif output.output_type == "stream":
                if output.name == "stderr":
                    found.append(f"{where} writes to stderr: {output.text.strip()[:100]}")
                elif "Warning" in output.text:
                    found.append(f"{where} prints a warning: {output.text.strip()[:100]}")
            elif "image/png" in output.get("data", {}):
                if not output.metadata.get("image/png", {}).get("alt"):
                    found.append(f"{where} shows a figure without alt text: use viz.show(figure, alt=…)")
                if len(base64.b64decode(output.data["image/png"])) > 600_000:
                    found.append(f"{where} shows a figure over 600 kB")
        lines = len([line for line in cell.source.splitlines() if line.strip()])
        if lines > 25:
            found.append(f"{where} has {lines} lines; 25 are the most")
    return found


def differences(source):
    """Where the committed notebook is not what its source builds: one sentence each."""
    if not target(source).exists():
        return ["it was never built"]
    committed = nbformat.read(target(source), as_version=4)
    expected = assemble(source)
    found = []
    if len(committed.cells) != len(expected.cells):
        found.append(f"it has {len(committed.cells)} cells, its source {len(expected.cells)}")
    for number, (have, want) in enumerate(zip(committed.cells, expected.cells)):
        if (have.cell_type, have.source, have.id) != (want.cell_type, want.source, want.id):
            found.append(f"cell {number} differs from its source")
            break
    return found or faults(committed)


def check(paths):
    """Report every lesson whose committed notebook is stale or unclean; return how many."""
    bad = 0
    for source in paths:
        found = differences(source)
        bad += bool(found)
        print(f"{'[fix]' if found else '[ok] '} {source.stem}")
        for sentence in found:
            print(f"      {sentence}")
    stray = {path.stem for path in HERE.glob("*.ipynb")} - {path.stem for path in sources()}
    for name in sorted(stray):
        bad += 1
        print(f"[fix] {name}.ipynb has no source in notebooks/src")
    if bad:
        print("Rebuild with: make notebooks")
    return bad


def write_html(notebook, path):
    """Write an executed notebook as one HTML page."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="lab", embed_images=True)
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": path.stem}})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, "utf-8")


def main(arguments=None):
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lessons", nargs="*", help="numbers or names; all if none is given")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a notebook is stale")
    parser.add_argument(
        "--html", metavar="DIR", type=Path, help="write HTML pages there instead of notebooks"
    )
    options = parser.parse_args(arguments)
    paths = sources(options.lessons)
    if options.check:
        return 1 if check(paths) else 0
    if not options.html:
        os.environ["CVLIB_DATA"] = "synthetic"  # pictures of real data are never committed
        os.environ["CVLIB_FAST"] = "1"
    bad = 0
    for source in paths:
        notebook = assemble(source)
        seconds = execute(notebook, source.stem)
        found = faults(notebook)
        bad += bool(found)
        if options.html:
            written = options.html / f"{source.stem}.html"
            write_html(notebook, written)
        else:
            written = target(source)
            nbformat.write(notebook, written)
        print(f"{source.stem}: {seconds:.0f} s → {os.path.relpath(written)}")
        for sentence in found:
            print(f"  [fix] {sentence}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
