"""The course's own packages, which travel to where submissions run."""

import ast
import importlib.util
import sys
from pathlib import Path

from cvgrade.run import sandbox as walls
from cvgrade.run.names import parse


def find_packages(books, files=()):
    """The course's own packages that notebooks import: those not installed where Python keeps packages.

    Args:
        books: notebooks.
        files: names of files that lie beside them.

    Returns:
        Dict from name to folder.
    """
    names = set()
    for book in books:
        for cell in book.cells:
            for part in ast.walk(parse(cell.source)) if cell.cell_type == "code" else ():
                if isinstance(part, ast.Import):
                    names.update(alias.name.partition(".")[0] for alias in part.names)
                elif isinstance(part, ast.ImportFrom) and part.module and not part.level:
                    names.add(part.module.partition(".")[0])
    beside = {Path(file).parts[0].removesuffix(".py") for file in files}
    there = [Path(folder) for folder in (*walls.python_folders(), *walls.SYSTEM)]
    found = {}
    for name in sorted(names - beside - set(sys.stdlib_module_names)):
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            continue
        if spec is None or not spec.submodule_search_locations or not spec.origin:
            continue
        folder = Path(spec.origin).resolve().parent
        if not any(folder.is_relative_to(one) or folder.is_relative_to(one.resolve()) for one in there):
            found[name] = folder
    return found
