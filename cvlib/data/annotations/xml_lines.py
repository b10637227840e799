"""XML as a small tree that knows its lines; a document type, and with it every entity, is refused."""

from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

DEEPEST = 50


class XMLError(ValueError):
    """A file that is no well-formed XML, or not a harmless one: `line` says where."""

    def __init__(self, text, line):
        super().__init__(text)
        self.line = line


@dataclass
class Node:
    """An element: its tag, attributes, text and children, and the line it begins in."""

    tag: str
    attributes: dict
    line: int
    text: str = ""
    children: list = field(default_factory=list)

    def all(self, tag):
        """The children of that name."""
        return [child for child in self.children if child.tag == tag]

    def get(self, tag):
        """The text of the first child of that name, or None."""
        found = self.all(tag)
        return found[0].text.strip() if found else None

    def plain(self):
        """The element as nested tuples: (tag, attributes, text, children)."""
        children = tuple(child.plain() for child in self.children)
        return self.tag, self.attributes, self.text.strip(), children


def parse(path):
    """The root of an XML file.

    Expat alone reads it: nothing outside the file is ever opened, and a `<!DOCTYPE …>`, without which there
    can be no entity and so no expansion ("billion laughs"), is an error.

    Raises:
        XMLError: with the line, if the file is not well-formed, declares a document type, or is nested
            deeper than `DEEPEST`.
    """
    parser, stack, roots = expat.ParserCreate(), [], []

    def start(tag, attributes):
        node = Node(tag, attributes, parser.CurrentLineNumber)
        (stack[-1].children if stack else roots).append(node)
        stack.append(node)
        if len(stack) > DEEPEST:
            raise XMLError(f"elements nested deeper than {DEEPEST}", parser.CurrentLineNumber)

    def text(data):
        pieces[len(stack)].append(data)

    def end(tag):
        stack[-1].text = "".join(pieces[len(stack)])
        pieces[len(stack)].clear()
        stack.pop()

    def refuse(*_):
        raise XMLError("a document type (<!DOCTYPE …>) is not accepted: remove it", parser.CurrentLineNumber)

    pieces = [[] for _ in range(DEEPEST + 2)]
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(Path(path).read_bytes(), True)
    except expat.ExpatError as error:
        raise XMLError(f"not well-formed XML: {expat.ErrorString(error.code)}", error.lineno) from None
    except (LookupError, UnicodeDecodeError) as error:
        raise XMLError(f"its encoding cannot be read ({error})", 1) from None
    return roots[0]


def attach(parent, nodes):
    """Write nested tuples, as `Node.plain` gives them, below an element."""
    for tag, attributes, text, children in nodes:
        made = ElementTree.SubElement(parent, tag, attributes)
        made.text = text or None
        attach(made, children)


def save(root, path):
    """Write an element as an indented UTF-8 file."""
    ElementTree.indent(root, "\t")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    path.write_bytes(
        data.replace(b"<?xml version='1.0' encoding='utf-8'?>", b'<?xml version="1.0" encoding="utf-8"?>')
        + b"\n"
    )
