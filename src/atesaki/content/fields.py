"""The header lines of a message as bytes: their values, and the message without some of them."""

import re
from collections.abc import Iterator

# A space before the colon is obsolete but legal (RFC 5322 section 4.5.3), and email.parser ends the block there.
FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")


def _top_block(raw: bytes) -> Iterator[tuple[int, int, bool]]:
    """The lines of the top header block: start, end, whether it continues the line before.

    Lines end at LF alone, and the block at the first empty line, whatever stands between: of the
    readings that mailers differ in, this is the longest, so nothing hides from `without_headers` in it.
    """
    # email.parser goes on behind a first line without a name, and would read what stands below it as fields.
    if not (FIELD.match(raw) or raw[:1] in (b" ", b"\t", b":") or raw.startswith((b"From ", b">From "))):
        return
    at = 0
    while at < len(raw):
        end = raw.find(b"\n", at) + 1 or len(raw)
        if raw[at:end] in (b"\n", b"\r\n"):
            return
        yield at, end, raw[at : at + 1] in (b" ", b"\t")
        at = end


def header_values(raw: bytes, name: str) -> list[str]:
    """Values of every field of that name (any case) in the first header block, unfolded and stripped.

    Encoded words stay as they are (RFC 2047): a value is the sender's own spelling.
    """
    wanted = name.strip().lower().encode("utf-8", "replace")
    values: list[list[bytes]] = []
    inside = False
    for start, end, continues in _top_block(raw):
        line = raw[start:end].rstrip(b"\r\n")
        if continues:
            if inside:
                values[-1].append(line)
            continue
        named = FIELD.match(line)
        inside = named is not None and named[1].lower() == wanted
        if inside and named:
            values.append([line[named.end() :]])
    return [_raw_value(b"".join(lines)) for lines in values]


def _raw_value(value: bytes) -> str:
    value = value.replace(b"\0", b"").replace(b"\r", b" ")
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def without_headers(raw: bytes, prefix: str) -> bytes:
    """The same message without the fields whose name begins with `prefix`; every other byte is unchanged.

    Only the top header block is touched. A field goes with its folded lines (RFC 5322 section 2.2.3).
    Raises ValueError for an empty prefix.
    """
    start_of = prefix.lower().encode("ascii", "replace")
    if not start_of:
        raise ValueError("An empty prefix would remove every header field.")
    # A field after a bare CR: no line of its own by RFC 5322, but email.parser and others read one.
    hidden = re.compile(rb"\r" + re.escape(start_of) + rb"[^\n]*?(?=\r?\n?\Z)", re.IGNORECASE)
    kept: list[bytes] = []
    removing = False
    done = 0
    for start, end, continues in _top_block(raw):
        done = end
        if not (continues and removing):
            removing = raw[start:end].lower().startswith(start_of)
        if removing:
            continue
        line = raw[start:end]
        bare = hidden.search(line) if b"\r" in line[:-2] else None
        if bare:
            removing = True
            line = line[: bare.start()] + line[bare.end() :]
        kept.append(line)
    return b"".join(kept) + raw[done:]
