"""Attack 36: what a stranger writes, as markdown, HTML, text or picture, can do nothing on a page."""

import base64
import re
from html.parser import HTMLParser

import page_kit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvgrade.pages import code, outputs, sanitise, terminal
from cvgrade.pages.pictures import MOST_BYTES, Pictures

ATTACKS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src='data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+'>",
    "<img src='data:text/html,<script>alert(1)</script>'>",
    "<img src='https://tracker.example/x.png'>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='  jAvAsCrIpT&colon;alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<a href='https://fine.example' target=_blank onclick=alert(1) style='position:fixed'>x</a>",
    "<style>body{display:none}</style><link rel=stylesheet href=https://evil.example>",
    "<div style='position:fixed;inset:0;background:url(https://evil.example)'>x</div>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><object data=x></object><embed src=x>",
    "<form action=https://evil.example><input name=key><button formaction=javascript:alert(1)>x</button>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'><base href=https://evil.example>",
    "<details open ontoggle=alert(1)>x</details><body onload=alert(1)>",
    "<!--><img src=x onerror=alert(1)>--><![CDATA[<script>alert(1)</script>]]>",
    "</div></section></main></body></html><script>alert(1)</script>",
    "<p id=overview name=x class='check good'>forged</p>",
    "[x](javascript:alert(1)) ![x](https://evil.example/x.png) <javascript:alert(1)>",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "[x]: javascript:alert(1)\n\n[x] ![y][x]",
    '$"><img src=x onerror=alert(1)>$ $$<script>alert(1)</script>$$',
    "`<script>` \x1b]8;;javascript:alert(1)\x07x\x1b]8;;\x07",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<xmp><img src=x onerror=alert(1)></xmp><plaintext><script>alert(1)</script>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<template><script>alert(1)</script></template><portal src=x><dialog open>x</dialog>",
]
ALLOWED = set(sanitise.TAGS.split())


class Strict(HTMLParser):
    """Fails at what the allow-list does not have."""

    def __init__(self, text, allowed=ALLOWED):
        super().__init__()
        self.allowed = allowed
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        assert tag in self.allowed, tag
        for name, value in attributes:
            assert name in {
                "href",
                "rel",
                "title",
                "src",
                "alt",
                "colspan",
                "rowspan",
                "scope",
                "start",
                "class",
            }
            if name == "href":
                assert re.match(r"(https?://|mailto:)", value.strip(), re.I), value
                assert ("rel", "noopener noreferrer") in attributes
            if name == "src":
                assert re.match(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+$", value)
            if name == "class":
                assert value in ("math", "") or self.allowed == {"span"}

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_decl(self, decl):
        raise AssertionError(decl)

    def unknown_decl(self, data):
        raise AssertionError(data)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_passes_the_allow_list_as_html_or_as_markdown(attack):
    for text in (attack, f"a\n\n{attack}\n\nb", f"> - {attack}", f"| a |\n|---|\n| {attack} |"):
        Strict(sanitise.clean(text, Pictures()))
        Strict(sanitise.markdown(text, Pictures()))


@given(
    st.lists(
        st.sampled_from([*ATTACKS, "<", ">", '"', "'", "`", "$", "\n\n", "<b", "</", "<!--", "\0"]),
        max_size=5,
    )
)
@settings(max_examples=200, deadline=None)
def test_no_mixture_of_attacks_passes_either(parts):
    Strict(sanitise.clean("".join(parts), Pictures()))
    Strict(sanitise.markdown("".join(parts), Pictures()))


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_of_a_terminal_and_code_become_text_and_spans(attack):
    for text in (attack, f"\x1b[31m{attack}\x1b[0m", f'x = "{attack}"  # {attack}'):
        Strict(terminal.as_html(text), {"span"})
        Strict(code.as_html(text), {"span"})


@pytest.mark.parametrize("attack", ATTACKS)
def test_outputs_of_every_kind_are_harmless(attack):
    kinds = [
        "text/html",
        "text/markdown",
        "text/plain",
        "text/latex",
        "image/svg+xml",
        "image/png",
        "image/gif",
    ]
    kinds += ["application/javascript", "application/vnd.jupyter.widget-view+json"]
    made = [{"output_type": "display_data", "data": {kind: attack}, "metadata": {}} for kind in kinds]
    made += [
        {"output_type": "stream", "name": "stdout", "text": attack},
        {"output_type": "stream", "name": "stderr", "text": [attack, attack]},
        {"output_type": "error", "ename": attack, "evalue": attack, "traceback": [attack]},
        {
            "output_type": "display_data",
            "data": {"image/png": page_kit.png()},
            "metadata": {"image/png": {"alt": attack}},
        },
        {"output_type": attack, "data": attack},
        {"output_type": "display_data", "data": attack, "metadata": attack},
    ]
    for part in outputs.as_html(made, Pictures()):
        text = re.sub(r'^<(pre|div|p) class="[a-z ]+"( tabindex="0")?>', r"<\1>", part).replace(
            "<figure>", ""
        )
        text = re.sub(r'<span class="[a-z0-9 ]+">', "<span>", text).replace("</figure>", "")
        Strict(text)


def test_what_is_honest_survives():
    text = "# Result\n\n**Good**, see [this](https://example.org/a?b=1) and $a_1 * b_2$.\n\n|a|\n|---|\n|1|"
    made = sanitise.markdown(text, Pictures())
    for part in ("<h4>Result</h4>", "<strong>Good</strong>", 'href="https://example.org/a?b=1"', "<td>1</td>",
                 '<code class="math">a_1 * b_2</code>'):  # fmt: skip
        assert part in made
    table = '<table border="1"><thead><tr><th colspan="2">h</th></tr></thead>'
    table += "<tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
    assert sanitise.clean(table, Pictures()) == table.replace(' border="1"', "")
    assert "costs $5 and $6" in sanitise.markdown("it costs $5 and $6", Pictures())


def test_a_pasted_picture_is_kept_and_one_from_elsewhere_is_not():
    attached = {"a b.png": {"image/png": page_kit.png()}, "x.svg": {"image/svg+xml": "<svg onload=alert(1)>"}}
    made = sanitise.markdown("![mine](attachment:a%20b.png) ![x](attachment:x.svg)", Pictures(), attached)
    assert made.count("<img") == 2
    assert made.count("src=") == 1
    assert f'src="data:image/png;base64,{page_kit.png()}" alt="mine"' in made


def test_only_pictures_of_an_ordinary_size_are_taken():
    taken = Pictures()
    assert taken.uri(page_kit.png()).startswith("data:image/png;base64,")
    jpeg = base64.b64encode(
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00"
    ).decode()
    assert taken.uri(jpeg).startswith("data:image/jpeg;base64,")
    text = [
        base64.b64encode(start).decode() for start in (b"<svg>", b"GIF89a" + bytes(99), b"\xff\xd8\xff" * 9)
    ]
    sizes = [page_kit.png(60_000, 60_000), page_kit.png(0, 5), "A" * (2 * MOST_BYTES)]
    for bad in ("", "!", None, 7, *text, *sizes):
        assert taken.uri(bad) is None
    assert taken.left_out == 10
    assert Pictures(room=10).uri(page_kit.png()) is None


def test_colours_become_classes_and_other_escapes_vanish():
    text = "\x1b[1;31mred\x1b[0m plain \x1b[38;5;2mgreen\x1b[39m\x1b[2J\x1b]0;title\x07\x1b(B end\x08\x00"
    assert terminal.as_html(text) == '<span class="tb t1">red</span> plain <span class="t2">green</span> end'


def test_a_progress_bar_leaves_its_last_state():
    assert terminal.as_html("1/3\r2/3\r3/3\r\nnext") == "3/3\nnext"


def test_letters_that_turn_text_around_are_spelled_out():
    assert "⟨U+202E⟩" in code.as_html("access = 'user\u202e'")
    assert "\ud800" not in terminal.visible("a\ud800b")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 20_000_000,
        "\n" * 5_000_000,
        "\x1b[31m" * 2_000_000,
        "\x1b]" * 3_000_000,
        "a\r" * 3_000_000,
        "<b>" * 5_000_000,
    ],
)
def test_twenty_megabytes_become_a_few_kilobytes_with_a_note(text):
    made = terminal.as_html(text)
    assert len(made) < 400_000
    assert len(code.as_html(text)) < 400_000
    if text[0] in "x\n<":
        assert "left out" in made
    assert len(sanitise.clean(text, Pictures())) < 400_000
    assert len(sanitise.markdown(text, Pictures())) < 400_000


def test_a_flood_of_outputs_is_cut_with_a_note():
    item = {"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}}
    made = outputs.as_html([item] * 5000, Pictures())
    assert len(made) == outputs.MOST_OUTPUTS + 1
    assert "4,940 more outputs" in made[-1]


def test_tracebacks_do_not_name_the_folders_of_the_machine_that_graded():
    lines = [
        'File "/home/ada/.venv/lib/python3.12/site-packages/keras/src/a.py", line 3, in call',
        "File \x1b[32m/opt/my venv/lib/site-packages/numpy/b.py:30\x1b[39m and /x/site-packages/c",
        "a / b, site-packages/d, no/site-packages/e",
    ]
    (made,) = outputs.as_html(
        [{"output_type": "error", "ename": "E", "evalue": "", "traceback": lines}], Pictures()
    )
    for part in (
        "…/site-packages/keras/src/a.py",
        "…/site-packages/numpy/b.py:30",
        "…/site-packages/c",
        "a / b",
    ):
        assert part in made
    assert "ada" not in made
    assert "/lib" not in made


def test_a_figure_has_the_words_that_its_author_gave_it():
    def alt(metadata, plain):
        item = {"output_type": "display_data", "data": {"image/png": page_kit.png(), "text/plain": plain}}
        (made,) = outputs.as_html([{**item, "metadata": metadata}], Pictures())
        return re.search(r'alt="([^"]*)"', made)[1]

    assert alt({"image/png": {"alt": "Loss falls."}}, "x") == "Loss falls."
    assert alt({}, "Two curves") == "Two curves"
    assert alt({"image/png": "x"}, "<Figure size 640x480 with 1 Axes>") == outputs.UNNAMED
