"""Point badges, install cells and citations at a repository: python notebooks/badges.py owner/name.

The address stands in pyproject.toml; everything rewritten here is made from it.
"""

import re
import sys

from build import HERE, ROOT, repository


def main(arguments):
    """The command line."""
    if len(arguments) != 1 or not re.fullmatch(r"[\w.-]+/[\w.-]+", arguments[0]):
        sys.exit("usage: make badges REPO=owner/name   (as in https://github.com/owner/name)")
    before = repository().removeprefix("https://github.com/")
    written = [
        ROOT / "pyproject.toml",
        ROOT / "README.md",
        ROOT / "CITATION.cff",
        *sorted(HERE.glob("*.ipynb")),
    ]
    for path in written:
        text = path.read_text("utf-8")
        changed = re.sub(rf"(github(?:\.com)?/){re.escape(before)}(?![\w.-])", rf"\g<1>{arguments[0]}", text)
        if changed != text:
            path.write_text(changed, "utf-8")
            print(f"{path.relative_to(ROOT)}: {before} → {arguments[0]}")


if __name__ == "__main__":
    main(sys.argv[1:])
