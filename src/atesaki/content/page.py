"""What a page of HTML shows."""

# ruff: noqa: SIM905 - a table of names is read as words.

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field

_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


def named_charset(data: bytes) -> str:
    found = _META.search(data[:1024])
    return found[1].decode("ascii") if found else ""


# Not html.parser: up to Python 3.11.13 and its fellows an unclosed "<!--" or "<a " costs it the square of the
# page's length.  Here every character is passed once; the states are those of the HTML Standard, 13.2.5.
_NAME = re.compile(r"[A-Za-z][^\s/>]*+")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+(?:(>)|([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+))?)?)"""
)
_COMMENT_END = re.compile(r"--!?>")
_CONDITION = re.compile(r"<!--\[if[^\]>]{0,200}\]>", re.IGNORECASE)
_HIDDEN = {name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE) for name in ("script", "style", "title", "iframe")}
# Text, and a tag as nearly every one is made, in one step; it ends where `_ATTRIBUTE` would find its end.
_STEP = re.compile(
    r"""([^<]*+)<(/?+[A-Za-z][A-Za-z0-9]*+)"""
    r"""(?:\s++[^\s/>"'=<]++(?:=(?:"[^">]*+"|'[^'>]*+'|[^\s>"'=<`]++))?+)*+\s*+/?+>"""
)
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_PARAGRAPHS = "p h1 h2 h3 h4 h5 h6 ul ol dl blockquote form fieldset section article header footer".split()
_BLOCKS = "div li dt dd center address main nav aside caption figure figcaption option body".split()
# Their attributes are shown, or what stands in them is not.
_TOLD = frozenset(["a", "img", "area", "input", *_HIDDEN])


@dataclass(slots=True)
class Page:
    """Text of a page while it is put together; gaps are held back until the next text shows how wide they are."""

    out: list[str] = field(default_factory=list)
    lines: int = 0
    tabs: int = 0
    space: bool = False
    verbatim: int = 0
    cells: int = 0
    cell_empty: bool = True
    cell_broke: bool = False
    label_broke: bool = False
    links: list[str] = field(default_factory=list)
    images: bool = False
    why: str = ""

    @property
    def text(self) -> str:
        return "".join(self.out)

    def say(self, data: str) -> None:
        if self.verbatim:
            return self.say_verbatim(data)
        if not data.isprintable() or "  " in data:  # no line end, tab or run of blanks: the usual piece
            data = _BLANKS.sub(" ", data)
        text = data.strip(" ")
        if not text:
            self.space = self.space or data != ""
            return None
        self.space = self.space or data[0] == " "
        self.out.append(self.gap() + text)
        self.space = data[-1] == " "
        return None

    def say_verbatim(self, data: str) -> None:
        for number, line in enumerate(data.split("\n")):
            if number:
                self.break_line(self.lines + 1)
            self.space = self.space or line.startswith(" ")
            if line.strip(" "):
                self.out.append(self.gap() + line.strip(" "))
                self.space = line.endswith(" ")

    def gap(self) -> str:
        gap = " " if self.space else ""
        if self.lines:
            gap = "\n" * self.lines
            self.cell_broke = self.cell_broke or not self.cell_empty
            self.lines = 0
        if self.tabs:
            gap = "\t" * self.tabs
            self.tabs = 0
        self.space = self.cell_empty = False
        return gap if self.out else ""

    def break_line(self, lines: int) -> None:
        """A block at the very start of a cell does not part the cell from its label."""
        if not self.tabs and lines > self.lines:
            self.lines = 2 if lines > 2 else lines

    def row(self) -> None:
        self.tabs = 0
        # Rows of boxes are parted like boxes; rows of a list of labels and values are not.
        self.break_line(2 if self.label_broke else 1)
        self.cells, self.cell_broke, self.label_broke = 0, False, False

    def cell(self) -> None:
        """Cells beside each other are parted by a tab, or a blank line after one of several lines."""
        self.cells += 1
        if self.cells == 1:
            self.lines = self.lines or 1
        elif self.cell_broke:
            self.break_line(2)
        else:
            self.lines = 0
            self.tabs += 1
        self.cell_empty, self.cell_broke = True, False

    def paragraph(self) -> None:
        self.break_line(2)

    def block(self) -> None:
        self.break_line(1)

    def line(self) -> None:
        self.break_line(self.lines + 1)

    def rule(self) -> None:
        self.break_line(2)
        self.say("--------")
        self.break_line(2)

    def end_cell(self) -> None:
        if self.cells == 1:
            self.label_broke = self.cell_broke

    def table(self) -> None:
        self.tabs = 0
        self.break_line(2)

    def end_table(self) -> None:
        self.table()
        # Back in the row of the outer table, if there is one.
        self.cells, self.cell_broke = self.cells + 1, True

    def verbatim_begins(self) -> None:
        self.verbatim += 1
        self.break_line(2)

    def verbatim_ends(self) -> None:
        self.verbatim = max(self.verbatim - 1, 0)
        self.break_line(2)

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """A tag whose attributes are shown."""
        if name == "a":
            self.links.append(attributes.get("href", "").strip())
        elif name in ("img", "area"):
            self.say(" " + attributes.get("alt", "") + " ")
            self.images = self.images or attributes.get("src", "").strip().lower().startswith("data:")
        elif name == "input" and attributes.get("type", "").lower() not in ("hidden", "checkbox", "radio"):
            self.say(" " + attributes.get("value", "") + " ")

    def end_link(self) -> None:
        target = self.links.pop() if self.links else ""
        if target and not target.startswith("#") and not "".join(self.out[-1:]).endswith(target):
            self.say(f" <{target}> ")


# By the tag: what opens or closes, and what it does to the text.
_ACTS: dict[str, Callable[[Page], None]] = {
    **dict.fromkeys([*_PARAGRAPHS, *(f"/{name}" for name in _PARAGRAPHS)], Page.paragraph),
    **dict.fromkeys([*_BLOCKS, *(f"/{name}" for name in _BLOCKS)], Page.block),
    **{"td": Page.cell, "th": Page.cell, "tr": Page.row, "table": Page.table, "pre": Page.verbatim_begins},
    **{"/td": Page.end_cell, "/th": Page.end_cell, "/tr": Page.row, "/table": Page.end_table},
    **{"/pre": Page.verbatim_ends, "/a": Page.end_link},
    **{"br": Page.line, "/br": Page.line, "hr": Page.rule},
}


def read_page(source: str) -> Page:
    """What a page shows: no script, style or comment; alt texts and link targets kept."""
    page = Page()
    say, step, acts = page.say, _STEP.match, _ACTS
    at = 0
    while True:
        found = step(source, at)
        if found is None:
            start = source.find("<", at)
            if start < 0:
                break
            say(_unescaped(source[at:start]))
            at = _crooked(page, source, start)
            continue
        text, tag = found.groups()
        if text:
            say(_unescaped(text) if "&" in text else text)
        act = acts.get(tag) or acts.get(tag := tag.lower())
        if act is not None:
            act(page)
        elif tag in _TOLD:
            at = _crooked(page, source, found.end(1))
            continue
        at = found.end()
    say(_unescaped(source[at:]))
    for target in page.links[:100]:
        say(f" <{target}> ")
    return page


def _crooked(page: Page, source: str, start: int) -> int:
    """Past whatever a "<" begins."""
    after = source[start + 1 : start + 3]
    if after[:1].isascii() and after[:1].isalpha():
        return _tag(page, source, start + 1, False)
    if after[:1] == "/" and after[1:].isascii() and after[1:].isalpha():
        return _tag(page, source, start + 2, True)
    if after[:1] in ("!", "?", "/"):
        return _declaration(page, source, start)
    page.say("<")
    return start + 1


def _declaration(page: Page, source: str, start: int) -> int:
    """Past a comment; what Outlook shows of a conditional one is read like the rest."""
    if source.startswith("<!--", start):
        condition = _CONDITION.match(source, start)
        if condition:
            return condition.end()
        end = _COMMENT_END.search(source, start + 2)
        at = end.end() if end else 0
    else:
        at = source.find(">", start) + 1
    if not at:
        page.why = "The page breaks off inside a comment."
    return at or len(source)


def _tag(page: Page, source: str, start: int, closing: bool) -> int:
    """Past a tag that has its name at `start`; past its content too where that is never shown."""
    named = _NAME.match(source, start)
    assert named is not None  # noqa: S101 - the caller saw a letter
    name = named[0].lower()
    attributes: dict[str, str] = {}
    at = named.end()
    while True:
        found = _ATTRIBUTE.match(source, at)
        if found is None:
            page.why = "The page breaks off inside a tag."
            page.say(_unescaped(source[named.end() :]))
            return len(source)
        at = found.end()
        if found[1]:
            break
        if name in ("a", "img", "area", "input"):
            value = found[3] or found[4] or found[5] or ""
            attributes.setdefault(found[2].lower(), _unescaped(value))
    act = _ACTS.get(f"/{name}" if closing else name)
    if act is not None:
        act(page)
    if closing:
        return at
    page.open(name, attributes)
    if name not in _HIDDEN:
        return at
    end = _HIDDEN[name].search(source, at)
    if end is None:
        page.why = f"The page breaks off inside <{name}>."
        return len(source)
    return end.start()


_LONG_REFERENCE = re.compile(r"&#(?:[xX]0*+[0-9a-fA-F]{7,}+|0*+[0-9]{8,}+);?")


def _unescaped(text: str) -> str:
    # html.unescape hands int() as many digits as there are, and int() raises beyond 4,300.
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text)) if "&" in text else text
