"""The pictures of the shop, drawn here and nowhere else: `python -m reference.shop.drawings` writes static/*.svg anew.

One hand for all: a soft ground, a lamp from the upper left, a shadow below, no outlines. `static/` keeps what it wrote.
"""

# ruff: noqa: E501, PLR0917 - a path is read as one line, and its place, size and turn in their usual order
from __future__ import annotations

import sys
from math import cos, pi, sin
from pathlib import Path

HERE = Path(__file__).parent / "static"


# --- strokes ---


def path(d: str, fill: str = "none", **more: object) -> str:
    return f'<path d="{d}" fill="{fill}"{_more(more)}/>'


def line(d: str, colour: str, width: float, **more: object) -> str:
    """A stroke with round ends."""
    return path(d, "none", stroke=colour, stroke_width=width, stroke_linecap="round", stroke_linejoin="round", **more)


def oval(x: float, y: float, rx: float, ry: float, fill: str, **more: object) -> str:
    return f'<ellipse cx="{x:g}" cy="{y:g}" rx="{rx:g}" ry="{ry:g}" fill="{fill}"{_more(more)}/>'


def box(x: float, y: float, w: float, h: float, r: float, fill: str, **more: object) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{r:g}" fill="{fill}"{_more(more)}/>'


def group(inner: str, **more: object) -> str:
    return f"<g{_more(more)}>{inner}</g>"


def at(inner: str, x: float, y: float, turn: float = 0, size: float = 1) -> str:
    """`inner`, drawn around 0 0, moved there."""
    return group(inner, transform=f"translate({x:g} {y:g}) rotate({turn:g}) scale({size:g})")


def _more(more: dict[str, object]) -> str:
    return "".join(
        f' {name.replace("_", "-")}="{value:g}"' if isinstance(value, float) else f' {name.replace("_", "-")}="{value}"'
        for name, value in more.items()
    )


def ball(name: str, light: str, colour: str, dark: str) -> str:
    """A gradient for round things, lit from the upper left."""
    return (
        f'<radialGradient id="{name}" cx=".36" cy=".3" r=".8"><stop offset="0" stop-color="{light}"/>'
        f'<stop offset=".5" stop-color="{colour}"/><stop offset="1" stop-color="{dark}"/></radialGradient>'
    )


def fall(name: str, top: str, bottom: str, across: bool = False) -> str:
    """A gradient from top to bottom, or from left to right."""
    way = 'x2="1" y2="0"' if across else 'x2="0" y2="1"'
    return (
        f'<linearGradient id="{name}" x1="0" y1="0" {way}><stop offset="0" stop-color="{top}"/>'
        f'<stop offset="1" stop-color="{bottom}"/></linearGradient>'
    )


def svg(inner: str, width: int, height: int, defs: str = "") -> str:
    kept = f"<defs>{defs}</defs>" if defs else ""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{kept}{inner}</svg>\n'


GROUNDS = {
    "produce": ("#f1f8e4", "#dcedc4"),
    "meat-fish": ("#fdf0ec", "#f8dcd4"),
    "eggs-dairy": ("#fff8e4", "#fbebbf"),
    "bread-rice": ("#fcf3e6", "#f3e0c4"),
    "drinks": ("#eaf6fb", "#cfe8f4"),
    "household": ("#f0f0fa", "#dddff2"),
}


def good(kind: str, inner: str, defs: str = "", shadow: tuple[float, float] = (120, 74)) -> str:
    """An article on its ground. shadow: where its middle is, and half its width."""
    light, deep = GROUNDS[kind]
    ground = box(0, 0, 240, 240, 0, "url(#ground)") + oval(120, 214, 150, 58, "#fff", opacity=0.5)
    under = oval(shadow[0], 197, shadow[1], 11, "#3a3226", opacity=0.16)
    return svg(ground + under + inner, 240, 240, fall("ground", light, deep) + defs)


def shine(x: float, y: float, rx: float, ry: float, turn: float = -32, strength: float = 0.55) -> str:
    return at(oval(0, 0, rx, ry, "#fff", opacity=strength), x, y, turn)


# --- vegetables and fruit ---


def tomato() -> str:
    star = "".join(
        path("M0 0C-6 -8 -5 -20 0 -27C5 -20 6 -8 0 0Z", "#3f8f3a", transform=f"rotate({turn})")
        for turn in (-88, -42, 4, 50, 96)
    )
    one = (
        path("M0 -44C34 -56 62 -36 62 -2C62 34 34 54 0 54C-34 54 -62 34 -62 -2C-62 -36 -34 -56 0 -44Z", "url(#red)")
        + path(
            "M-2 -44C-14 -34 -14 -26 -15 -18M4 -44C16 -34 18 -26 18 -18", stroke="#b3261a", stroke_width=3, opacity=0.35
        )
        + shine(-30, -16, 11, 17)
        + at(star + line("M0 0C2 -8 4 -12 9 -16", "#2f7430", 5), 0, -42, 0, 1.05)
    )
    three = at(one, 78, 126, -8, 0.78) + at(one, 164, 122, 10, 0.78) + at(one, 121, 148, 0, 0.86)
    return good("produce", three, ball("red", "#ff8a6b", "#e8412b", "#b4241a"), (120, 92))


def cabbage() -> str:
    def leaf(turn: float, size: float, fill: str) -> str:
        veins = line(
            "M0 62C2 20 0 -10 -3 -48M0 30C14 16 26 8 40 2M0 6C-14 -6 -26 -12 -40 -14", "#eaf5cf", 3.4, opacity=0.75
        )
        edge = "M0 66C-40 64 -66 34 -60 -6C-64 -24 -46 -40 -36 -50C-20 -66 -4 -60 4 -64C20 -66 38 -58 44 -46C60 -34 66 -16 60 2C64 36 40 64 0 66Z"
        return at(path(edge, fill) + veins, 0, 0, turn, size)

    head = (
        at(leaf(-30, 1.18, "#78b24d"), -24, 6)
        + at(leaf(28, 1.18, "#83bb56"), 24, 4)
        + at(leaf(4, 1.06, "url(#green)"), 0, 4)
        + at(path("M-46 20C-52 -22 -14 -56 18 -48C-8 -34 -20 -6 -22 40Z", "#c2e08f", opacity=0.9), 2, 2)
        + at(path("M48 14C50 -22 20 -46 -6 -44C16 -28 26 0 24 42Z", "#b3d67c", opacity=0.85), 2, 2)
        + shine(-24, -30, 9, 18, 30, 0.35)
    )
    return good("produce", at(head, 120, 120), ball("green", "#dff0b4", "#a9d16f", "#75ab46"), (120, 84))


def carrot() -> str:
    tops = "".join(
        line(f"M0 0C{x / 3:g} -18 {x * 0.7:g} -30 {x:g} -46", "#4b9a3f", 6)
        + "".join(
            oval(x * f, -46 * f, 7, 4.4, "#5fb04d", transform=f"rotate({x * 1.3:g} {x * f:g} {-46 * f:g})")
            for f in (0.62, 0.85, 1.02)
        )
        for x in (-20, -7, 6, 19)
    )
    one = (
        tops
        + path("M-24 2C-26 -10 26 -10 24 2C22 44 10 92 2 116C1 121 -3 121 -4 116C-12 90 -22 44 -24 2Z", "url(#orange)")
        + line(
            "M-21 24C-14 27 -9 27 -6 26M22 40C16 43 11 43 8 42M-15 60C-11 62 -8 62 -5 61M13 76C10 78 7 78 5 77",
            "#c65a12",
            3,
            opacity=0.55,
        )
        + shine(-12, 26, 4, 22, 6, 0.4)
    )
    three = at(one, 76, 84, 14, 0.92) + at(one, 166, 84, -14, 0.92) + at(one, 121, 78, 0, 1)
    return good("produce", three, fall("orange", "#ffb05e", "#e8711c", True), (120, 70))


def onion() -> str:
    one = (
        path(
            "M0 -62C6 -44 14 -38 34 -26C58 -12 64 14 48 36C34 54 -34 54 -48 36C-64 14 -58 -12 -34 -26C-14 -38 -6 -44 0 -62Z",
            "url(#skin)",
        )
        + line(
            "M-4 -46C-30 -22 -34 8 -18 44M4 -46C30 -22 34 8 18 44M0 -44C2 -10 2 14 0 48", "#a9641f", 2.6, opacity=0.45
        )
        + line("M0 -58C-4 -68 -3 -74 2 -82M1 -60C6 -68 8 -72 12 -76", "#c98f3d", 5)
        + line("M-10 48C-12 54 -16 56 -18 58M0 49C0 55 0 57 1 60M10 48C12 54 15 56 18 57", "#d9c08a", 3)
        + shine(-30, -2, 8, 18, 14, 0.5)
    )
    pair = at(one, 88, 138, -10, 0.96) + at(one, 156, 144, 12, 0.86)
    return good("produce", pair, ball("skin", "#ffe0a3", "#e0a04a", "#b06a24"), (120, 88))


def apple() -> str:
    one = (
        path(
            "M0 -40C20 -58 62 -48 60 -2C58 36 34 60 14 56C4 53 -4 53 -14 56C-34 60 -58 36 -60 -2C-62 -48 -20 -58 0 -40Z",
            "url(#apple)",
        )
        + path(
            "M0 -40C18 -52 40 -50 50 -30C34 -36 16 -34 0 -28C-16 -34 -32 -36 -48 -30C-40 -50 -18 -52 0 -40Z",
            "#f7c95a",
            opacity=0.4,
        )
        + "".join(
            oval(x, y, 1.5, 1.5, "#ffe7b0", opacity=0.7)
            for x, y in ((-20, 10), (10, 22), (28, 0), (-34, 26), (2, -8), (20, 40), (-8, 36), (40, 18))
        )
        + path("M-14 -36C-4 -28 6 -28 14 -36C8 -30 4 -24 0 -24C-4 -24 -8 -30 -14 -36Z", "#7d1b1b", opacity=0.45)
        + line("M0 -30C0 -46 4 -56 10 -64", "#6d4322", 5.5)
        + at(
            path("M0 0C10 -20 34 -22 46 -12C34 4 14 8 0 0Z", "#58a544")
            + line("M4 -2C16 -8 28 -11 38 -11", "#3e8231", 2),
            5,
            -48,
            -4,
            0.9,
        )
        + shine(-34, -8, 9, 20, 14)
    )
    pair = at(one, 84, 132, -7, 0.94) + at(one, 160, 140, 9, 0.84)
    return good("produce", pair, ball("apple", "#ff7d6c", "#d92b32", "#97121f"), (120, 94))


def banana() -> str:
    def one(turn: float, fill: str) -> str:
        body = "M0 -4C-10 40 0 88 52 112C62 117 66 108 60 102C34 80 26 44 22 -2Z"
        return at(
            path(body, fill)
            + line("M12 4C10 44 24 82 54 106", "#c99012", 2.6, opacity=0.6)
            + path("M52 112C62 117 66 108 60 102C57 104 53 108 52 112Z", "#6a4a1c")
            + path("M0 -4L22 -2L18 -26L6 -26Z", "#b9ab35"),
            0,
            0,
            turn,
        )

    hand = (
        one(44, "#eebb2b")
        + one(24, "#f6c83c")
        + one(4, "#fcd650")
        + one(-16, "url(#yellow)")
        + path("M-6 -26C-2 -44 26 -44 30 -24C26 -12 0 -12 -6 -26Z", "#8b7a2c")
        + line("M12 -36L15 -52", "#6e5d21", 11)
    )
    return good("produce", at(hand, 112, 84, -6, 0.98), fall("yellow", "#ffe988", "#f3bb24"), (118, 80))


# --- meat and fish ---


def _tray(inner: str, label: str = "") -> str:
    """What lies under the film of a tray."""
    return (
        box(28, 78, 184, 118, 20, "#d9dfe2")
        + box(28, 72, 184, 116, 20, "#f8fafb")
        + box(40, 84, 160, 92, 13, "#e6ebee")
        + inner
        + path("M52 88C90 78 150 80 188 90L176 102C140 92 96 92 62 100Z", "#fff", opacity=0.35)
        + path("M170 96L190 96L150 172L132 172Z", "#fff", opacity=0.16)
        + label
    )


def _label(colour: str, x: float = 144, y: float = 146) -> str:
    return at(box(0, 0, 54, 36, 5, "#fff") + box(0, 0, 54, 11, 5, colour) + box(0, 6, 54, 5, 0, colour)
              + line("M8 19H40M8 27H30", "#9aa7ad", 3), x, y)  # fmt: skip


def chicken() -> str:
    piece = "M-44 -8C-40 -34 -6 -38 14 -30C40 -26 50 -2 38 16C26 34 -6 30 -22 26C-42 24 -50 10 -44 -8Z"
    one = (
        path(piece, "url(#meat)") + path("M-44 -8C-40 -34 -6 -38 14 -30C26 -28 36 -20 40 -10C16 -20 -18 -14 -44 -8Z", "#ffe3b0", opacity=0.95)
        + line("M-24 10C-8 2 12 6 24 12M-14 20C-2 16 10 18 18 22", "#f6c3b4", 3)
    )  # fmt: skip
    inner = at(one, 84, 124, -8, 0.86) + at(one, 150, 118, 16, 0.84) + at(one, 114, 150, 4, 0.84)
    return good("meat-fish", _tray(inner, _label("#e7a33a")), ball("meat", "#fbc3b2", "#ef9c89", "#d97b6a"), (120, 94))


def pork() -> str:
    def slice_(fill: str) -> str:
        return (
            path("M-40 4C-40 -18 -14 -26 8 -22C34 -22 44 -4 36 10C26 24 -4 22 -18 20C-32 22 -40 14 -40 4Z", fill)
            + path(
                "M-40 4C-40 -18 -14 -26 8 -22C34 -22 44 -4 36 10C38 -6 24 -14 6 -13C-16 -14 -32 -8 -40 4Z", "#fff1ea"
            )
            + line("M-20 8C-8 0 8 4 18 -1M-8 14C2 10 12 13 20 10", "#fbe0d8", 3.4)
        )

    spots = (
        (72, 112, -14),
        (118, 106, 10),
        (164, 114, -6),
        (80, 146, 12),
        (126, 150, -12),
        (164, 148, 14),
        (110, 128, 4),
    )
    inner = "".join(
        at(slice_(("#ec8f8d", "#e67c7c", "#f19b98")[n % 3]), x, y, turn, 0.8) for n, (x, y, turn) in enumerate(spots)
    )
    return good("meat-fish", _tray(inner, _label("#d9534f")), "", (120, 94))


def salmon() -> str:
    one = (
        path("M-62 10C-58 -26 -10 -42 40 -34C60 -30 66 -14 54 -2C34 18 -6 18 -32 30C-52 38 -64 28 -62 10Z", "#8f9ca6")
        + path(
            "M-60 4C-56 -30 -10 -46 40 -38C58 -34 62 -20 52 -8C32 10 -8 10 -34 22C-52 30 -62 22 -60 4Z", "url(#salmon)"
        )
        + line(
            "M-40 16C-44 2 -36 -14 -22 -22M-20 12C-26 -4 -16 -22 0 -32M4 6C-4 -10 6 -26 20 -36M28 0C18 -12 26 -28 40 -36",
            "#ffd9c4",
            4.2,
            opacity=0.85,
        )
        + shine(-28, -12, 6, 16, 50, 0.35)
    )
    leaf = path("M0 0C14 -26 44 -34 66 -28C58 -8 30 8 0 0Z", "#4f9a4a") + line(
        "M4 -3C22 -14 42 -22 60 -26", "#bfe0a6", 2.4
    )
    plate = oval(120, 162, 98, 34, "#c9d6de") + oval(120, 156, 98, 34, "#fff") + oval(120, 155, 80, 25, "#eef4f7")
    inner = (
        plate
        + at(leaf, 142, 148, -6, 0.9)
        + at(leaf, 96, 152, 196, 0.66)
        + at(one, 110, 132, 3, 0.98)
        + at(one, 134, 152, -4, 0.92)
    )
    lemon = (
        oval(0, 0, 20, 20, "#f7d84a")
        + oval(0, 0, 16, 16, "#fff6c2")
        + "".join(
            path("M0 -2L-5 -13C-2 -15 2 -15 5 -13Z", "#f9e27a", transform=f"rotate({turn})")
            for turn in range(0, 360, 60)
        )
    )
    return good("meat-fish", inner + at(lemon, 188, 148), ball("salmon", "#ffb08c", "#f68a63", "#e06a48"), (120, 96))


def mackerel() -> str:
    half = (
        path(
            "M-78 0C-60 -34 -10 -44 40 -26C54 -20 62 -12 66 -6L96 -30C94 -12 94 -4 98 12L64 4C40 6 -40 6 -78 0Z",
            "url(#fish)",
        )
        + path("M-62 -6C-44 -24 0 -32 44 -16C20 -8 -30 -4 -62 -6Z", "#f7dcb6")
        + line("M-54 -8C-20 -14 20 -14 56 -8", "#c4926a", 2.6)
        + line("M-34 -12L-40 -20M-18 -14L-24 -24M0 -15L-6 -26M18 -14L12 -24M34 -12L29 -19", "#c9a07a", 2)
    )
    eye = oval(-64, -8, 4.4, 4.4, "#2b2f33") + oval(-65, -9.4, 1.4, 1.4, "#fff")
    one = half + group(half, transform="scale(1 -1)") + eye
    rack = (
        box(26, 92, 188, 98, 14, "#c7995f")
        + box(26, 88, 188, 98, 14, "#dcb078")
        + "".join(line(f"M34 {y}H206", "#c99c62", 2.4) for y in range(100, 184, 12))
    )
    return good("meat-fish", rack + at(one, 112, 112, -4, 0.86) + at(one, 122, 160, 3, 0.86),
                fall("fish", "#7f95a6", "#b9c6cf"), (120, 94))  # fmt: skip


# --- eggs and dairy ---


def eggs() -> str:
    def egg(fill: str) -> str:
        return path(
            "M0 -34C16 -34 27 -8 27 8C27 24 14 33 0 33C-14 33 -27 24 -27 8C-27 -8 -16 -34 0 -34Z", f"url(#{fill})"
        ) + shine(-9, -8, 4.6, 9, 18)

    back = "".join(at(egg("brown" if n % 2 else "pale"), 52 + n * 34, 112, 0, 0.74) for n in range(5))
    front = "".join(at(egg("pale" if n % 2 else "brown"), 44 + n * 38, 136, 0, 0.86) for n in range(5))
    carton = path(
        "M16 138C24 150 40 150 44 138C50 150 76 150 82 138C88 150 114 150 120 138C126 150 152 150 158 138C164 150 190 150 196 138C200 150 216 150 224 138L214 190C213 196 208 198 202 198H38C32 198 27 196 26 190Z",
        "url(#carton)",
    )
    cups = "".join(
        path(f"M{x} 158C{x + 4} 178 {x + 22} 178 {x + 26} 158", stroke="#8d9a7c", stroke_width=3, opacity=0.5)
        for x in (32, 70, 108, 146, 184)
    )
    return good("eggs-dairy", back + front + carton + cups,
                ball("brown", "#fbdcb8", "#e2ac78", "#bd8250") + ball("pale", "#fffaf0", "#f6e2c4", "#d9b98c") + fall("carton", "#c6d0b2", "#a3b08c"), (120, 102))  # fmt: skip


def milk() -> str:
    carton = (
        path("M-46 -34L-30 -66H34L46 -34Z", "#dcebf5") + path("M-46 -34L-30 -66L-14 -34Z", "#c4dcec")
        + box(-31, -82, 66, 18, 3, "#2f86c6") + box(-46, -34, 92, 132, 3, "#fff") + path("M46 -34L64 -46V84L46 98Z", "#c9dbe6") + path("M34 -66L46 -34L64 -46L48 -72Z", "#b3cddd")
        + path("M-46 30C-26 18 -8 40 12 28C26 20 36 24 46 28V98H-46Z", "#7cc06a") + path("M46 28L64 16V84L46 98Z", "#63a653")
        + oval(0, -6, 25, 25, "#2f86c6") + path("M-9 -20C-14 -8 -14 6 0 8C14 6 14 -8 9 -20C4 -24 -4 -24 -9 -20Z", "#fff")
        + oval(-4, -8, 2.2, 3, "#2f86c6") + oval(4, -8, 2.2, 3, "#2f86c6") + oval(0, 1, 6.5, 4.6, "#f5b8b0")
        + path("M-12 -20L-20 -24L-14 -13ZM12 -20L20 -24L14 -13Z", "#fff")
        + oval(-22, 62, 12, 7, "#fff", opacity=0.7) + oval(16, 72, 15, 8, "#fff", opacity=0.7)
    )  # fmt: skip
    glass = (
        path("M-26 -44H26L20 46C20 50 16 52 12 52H-12C-16 52 -20 50 -20 46Z", "#fff", opacity=0.75)
        + path("M-24 -20H24L19 44C19 47 16 48 12 48H-12C-16 48 -19 47 -19 44Z", "#fffdf6")
        + oval(0, -20, 24, 5, "#fff")
        + path("M-17 -12L-13 40", stroke="#dfe9ee", stroke_width=4, stroke_linecap="round")
    )
    return good("eggs-dairy", at(carton, 98, 98, 0, 1) + at(glass, 186, 146, 0, 0.98), "", (126, 92))


def yogurt() -> str:
    cup = (
        path("M-66 -46H66L52 74C51 80 46 84 40 84H-40C-46 84 -51 80 -52 74Z", "url(#cup)")
        + oval(0, -46, 70, 17, "#e3eef5") + oval(0, -49, 70, 17, "#fff") + oval(0, -49, 60, 13, "#f4efe2")
        + path("M-56 -50C-40 -62 -14 -44 4 -56C22 -66 50 -58 56 -50C46 -40 -46 -40 -56 -50Z", "#fffdf8") + line("M-26 -52C-12 -58 4 -50 16 -55", "#ece3cd", 3)
        + path("M-60 4C-30 16 30 16 60 4L55 46C30 56 -30 56 -55 46Z", "#4a9cd3") + path("M-34 18C-26 40 -10 44 0 30C10 44 26 40 34 18", stroke="#fff", stroke_width=6, stroke_linecap="round")
    )  # fmt: skip
    mint = path("M0 0C-2 -16 8 -26 22 -26C24 -12 14 -2 0 0Z", "#5bb356")
    berries = "".join(
        at(oval(0, 0, 12, 12, "url(#berry)") + path("M-4 -8L0 -4L4 -8L3 -3H-3Z", "#26305f"), x, y)
        for x, y in ((34, 196), (54, 202), (198, 198))
    )
    inner = (
        at(cup, 120, 108)
        + at(mint, 124, 54)
        + at(mint, 122, 54, -82)
        + at(oval(0, 0, 11, 11, "url(#berry)"), 104, 52)
        + berries
    )
    return good(
        "eggs-dairy",
        inner,
        fall("cup", "#fff", "#e7f0f5", True) + ball("berry", "#8ea0e0", "#4b5bb0", "#2b3475"),
        (120, 70),
    )


def cheese() -> str:
    wheel = (
        path("M-74 -6C-74 -32 74 -32 74 -6V34C74 62 -74 62 -74 34Z", "#e7dfc9") + oval(0, -6, 74, 27, "url(#rind)")
        + path("M0 -6L66 -18C78 -10 76 4 62 10Z", "#e2d6b8") + path("M0 -6L62 10V48C40 56 20 58 0 56Z", "#ffe9a6") + path("M0 -6V56", stroke="#f6d777", stroke_width=2)
        + line("M10 20C22 16 40 24 52 22", "#f9dc84", 4) + oval(22, 38, 6, 4, "#f6d36d") + oval(44, 34, 4, 3, "#f6d36d")
        + "".join(oval(x, y, 9, 3, "#fff", opacity=0.7) for x, y in ((-40, -10), (-12, -22), (20, -22), (-24, 4)))
    )  # fmt: skip
    wedge = (
        path("M-44 10L30 -16C40 -10 42 2 40 10V36C20 42 -20 40 -44 34Z", "#ffe9a6")
        + path("M-44 10L30 -16C40 -10 42 2 40 10C16 18 -20 16 -44 10Z", "url(#rind)")
        + path("M-44 34V26C-20 34 18 36 40 30V36C20 42 -20 40 -44 34Z", "#e9e1cb")
    )
    board = path(
        "M22 170H206C216 170 220 178 216 186C214 192 208 196 200 196H30C20 196 16 176 22 170Z", "#c08a52"
    ) + path("M22 164H206C216 164 218 178 208 184H30C18 182 14 168 22 164Z", "#d9a56b")
    return good(
        "eggs-dairy",
        board + at(wheel, 104, 118) + at(wedge, 178, 150, 4, 0.86),
        ball("rind", "#ffffff", "#fbf6e8", "#e9dfc8"),
        (120, 100),
    )


# --- bread and rice ---


def bread() -> str:
    loaf = "M-58 -28C-72 -30 -70 -64 -36 -66H36C70 -64 72 -30 58 -28V58C58 64 54 68 48 68H-48C-54 68 -58 64 -58 58Z"
    inner = "M-48 -34C-60 -36 -56 -56 -34 -57H34C56 -56 60 -36 48 -34V52C48 56 46 58 42 58H-42C-46 58 -48 56 -48 52Z"
    block = path(
        "M-58 -28C-72 -30 -70 -64 -36 -66H90C124 -64 126 -30 112 -28V58C112 64 108 68 102 68H-48C-54 68 -58 64 -58 58Z",
        "url(#crust)",
    )
    slice_ = (
        path(loaf, "#c98a43")
        + path(inner, "url(#crumb)")
        + "".join(
            oval(x, y, r, r * 0.7, "#ecd09c", opacity=0.8)
            for x, y, r in (
                (-26, -30, 4),
                (12, -40, 3),
                (30, -8, 5),
                (-8, 6, 4),
                (-30, 26, 3),
                (18, 34, 4),
                (0, -18, 3),
            )
        )
    )
    return good("bread-rice", at(block, 110, 128, 0, 0.98) + at(slice_, 92, 128, 0, 0.98) + line("M152 76V190M178 78V188", "#a96c2c", 2.6, opacity=0.4),
                fall("crust", "#dd9f55", "#b1712f") + ball("crumb", "#fffaf0", "#fdeccb", "#f3d7a3"), (130, 92))  # fmt: skip


def croissant() -> str:
    one = (
        path(
            "M-86 30C-88 -6 -58 -40 0 -44C58 -40 88 -6 86 30C84 40 70 38 66 30C56 10 32 2 0 4C-32 2 -56 10 -66 30C-70 38 -84 40 -86 30Z",
            "url(#bake)",
        )
        + path("M-22 -42C-30 -24 -28 -8 -20 4C-8 2 8 2 20 4C28 -8 30 -24 22 -42C8 -46 -8 -46 -22 -42Z", "#f0b35d")
        + path(
            "M-22 -42C-44 -38 -58 -28 -66 -16C-54 -12 -44 -2 -42 10C-34 6 -28 5 -20 4C-28 -8 -30 -24 -22 -42Z",
            "#e5a14a",
        )
        + path("M22 -42C44 -38 58 -28 66 -16C54 -12 44 -2 42 10C34 6 28 5 20 4C28 -8 30 -24 22 -42Z", "#db9340")
        + line(
            "M-22 -42C-30 -24 -28 -8 -20 4M22 -42C30 -24 28 -8 20 4M-66 -16C-54 -12 -44 -2 -42 10M66 -16C54 -12 44 -2 42 10",
            "#b26a22",
            3,
            opacity=0.7,
        )
        + line(
            "M-10 -34C-6 -36 2 -37 8 -36M-48 -28C-44 -31 -40 -33 -36 -34M38 -33C44 -31 48 -28 52 -25",
            "#ffe3a8",
            4.4,
            opacity=0.9,
        )
    )
    return good("bread-rice", at(one, 84, 104, -10, 0.68) + at(one, 162, 116, 12, 0.68) + at(one, 120, 156, 0, 0.92),
                ball("bake", "#ffd891", "#dc943c", "#a9641f"), (120, 92))  # fmt: skip


def rice() -> str:
    bag = (
        path("M-58 -74C-50 -84 50 -84 58 -74L54 -56C64 -20 66 40 60 84C58 92 50 94 42 94H-42C-50 94 -58 92 -60 84C-66 40 -64 -20 -54 -56Z", "url(#bag)")
        + line("M-54 -56C-20 -48 20 -48 54 -56", "#c9b48c", 3) + line("M-46 -60C-16 -54 16 -54 46 -60", "#c2473a", 5)
        + box(-38, -32, 76, 96, 10, "#fff") + box(-38, -32, 76, 20, 10, "#3f8f4e") + box(-38, -22, 76, 10, 0, "#3f8f4e")
        + line("M0 50C0 26 2 8 8 -4", "#b58a2a", 3.4)
        + "".join(at(oval(0, 0, 5, 9.5, "#e9bd4b"), x, y, turn) for x, y, turn in ((0, 0, 12), (12, 8, 46), (-6, 14, -34), (10, 24, 50), (-9, 30, -40), (7, 38, 44), (-5, 4, -30)))
    )  # fmt: skip
    bowl = (
        path("M-42 0H42C42 28 22 38 0 38C-22 38 -42 28 -42 0Z", "#37618f")
        + line("M-38 10C-20 16 20 16 38 10", "#e9f0f7", 3)
        + path("M-42 0C-36 -30 -14 -34 0 -32C16 -36 38 -28 42 0Z", "#fffefa")
        + "".join(
            at(oval(0, 0, 5, 2.6, "#efe9da"), x, y, turn)
            for x, y, turn in ((-20, -10, 30), (-4, -20, -20), (12, -12, 14), (24, -6, -30), (2, -6, 40), (-28, -3, 0))
        )
    )
    return good(
        "bread-rice",
        at(bag, 104, 102, 0, 1) + at(bowl, 186, 160, 0, 0.86),
        fall("bag", "#f7edd8", "#e4d2ab", True),
        (124, 94),
    )


def onigiri() -> str:
    one = (
        path(
            "M0 -58C12 -58 20 -50 28 -36L54 14C62 32 54 48 36 48H-36C-54 48 -62 32 -54 14L-28 -36C-20 -50 -12 -58 0 -58Z",
            "url(#rice)",
        )
        + "".join(
            at(oval(0, 0, 5.4, 2.8, "#ebe5d5"), x, y, turn)
            for x, y, turn in (
                (-8, -38, 30),
                (10, -28, -24),
                (-22, -14, 50),
                (24, -6, -40),
                (-34, 10, 10),
                (38, 14, 30),
                (0, -16, 0),
            )
        )
        + path("M-22 6H22V48H-22Z", "#24352f")
        + line("M-14 14V42M-2 12V44M10 14V42", "#33493f", 2.4)
    )
    filling = path("M-12 -44C-4 -52 10 -50 14 -42C18 -34 6 -30 -2 -32C-10 -32 -16 -38 -12 -44Z", "#f58e67")
    plum = oval(1, -40, 11, 10, "url(#plum)")
    leaf = path("M-100 26C-70 8 70 8 100 26C70 44 -70 44 -100 26Z", "#5a9e4d") + line("M-92 26H92", "#8cc47c", 2.6)
    return good("bread-rice", at(leaf, 120, 166) + at(one + filling, 84, 132, -5, 0.92) + at(one + plum, 160, 138, 6, 0.86),
                ball("rice", "#ffffff", "#fdfaf2", "#e4ddca") + ball("plum", "#ff8f8f", "#d03a4b", "#952033"), (120, 96))  # fmt: skip


# --- drinks ---


def _bottle(label: str, inside: str, cap: str) -> str:
    return (
        box(-16, -104, 32, 16, 4, cap) + path("M-13 -88H13V-76C26 -64 36 -54 36 -36V82C36 92 30 96 22 96H-22C-30 96 -36 92 -36 82V-36C-36 -54 -26 -64 -13 -76Z", "#fff", opacity=0.55)
        + path("M-11 -70H11C24 -58 33 -50 33 -34V80C33 90 28 93 20 93H-20C-28 93 -33 90 -33 80V-34C-33 -50 -24 -58 -11 -70Z", inside)
        + label + path("M-26 -38C-26 -48 -20 -54 -14 -60M-26 70V-30", stroke="#fff", stroke_width=6, stroke_linecap="round", opacity=0.5)
    )  # fmt: skip


def tea() -> str:
    leaf = path("M0 0C4 -20 20 -28 34 -26C34 -10 20 2 0 0Z", "#4f9d4c")
    label = (
        path("M-36 -24H36V52H-36Z", "#f6fbee")
        + path("M-36 -24H36V-12H-36ZM-36 42H36V52H-36Z", "#3c8a45")
        + at(leaf, 0, 26)
        + at(leaf, -1, 26, -86)
        + at(leaf, 2, 16, -44, 0.8)
    )
    cup = (
        path("M-34 -20H34C34 14 22 26 0 26C-22 26 -34 14 -34 -20Z", "#e9f0ec")
        + oval(0, -20, 34, 9, "#fff")
        + oval(0, -19, 28, 6.4, "#b7cf5a")
        + path("M-10 28H10L14 34H-14Z", "#d5dfda")
        + line("M-12 -38C-16 -46 -8 -50 -12 -58M8 -38C4 -46 12 -50 8 -58", "#fff", 4, opacity=0.8)
    )
    return good("drinks", at(_bottle(label, "#c7d975", "#2f7a3a"), 98, 104, 0, 0.98) + at(cup, 176, 168), "", (124, 84))


def juice() -> str:
    fruit = (
        oval(0, 0, 27, 25, "url(#mikan)")
        + oval(0, -20, 5, 3, "#4a8a3a")
        + path("M2 -21C10 -34 24 -34 30 -30C24 -20 12 -16 2 -21Z", "#5aa548")
        + shine(-10, -6, 5, 8)
    )
    half = (
        oval(0, 0, 26, 26, "#f59a23")
        + oval(0, 0, 22, 22, "#fff1d6")
        + "".join(
            path("M0 -2L-6 -17C-3 -20 3 -20 6 -17Z", "#fbb03f", transform=f"rotate({turn})")
            for turn in range(0, 360, 45)
        )
    )
    label = path("M-36 -18H36V50H-36Z", "#fff7e6") + at(half, 0, 16, 0, 0.92)
    return good("drinks", at(_bottle(label, "#f9a62b", "#e2711d"), 96, 104, 0, 0.98) + at(fruit, 174, 172) + at(half, 148, 186, 0, 0.5),
                ball("mikan", "#ffcb6b", "#f79420", "#d96f0d"), (124, 88))  # fmt: skip


def sparkling() -> str:
    label = (
        path("M-36 -16H36V36H-36Z", "#2f86c6")
        + path("M-36 24C-24 14 -14 26 0 16C12 8 24 22 36 12V36H-36Z", "#8fd0f0")
        + path("M-14 6L0 -12L14 6Z", "#fff")
    )
    bubbles = "".join(
        oval(x, y, r, r, "#fff", opacity=0.85)
        for x, y, r in (
            (-16, 60, 4),
            (4, 74, 3),
            (16, 56, 5),
            (-4, -30, 3.4),
            (12, -44, 2.6),
            (-14, -40, 2.4),
            (-8, 82, 2.6),
        )
    )
    one = _bottle(label, "#bfe6f7", "#1e6ea8") + bubbles
    return good(
        "drinks", at(one, 62, 112, 0, 0.82) + at(one, 178, 112, 0, 0.82) + at(one, 120, 108, 0, 0.94), "", (120, 94)
    )


def coffee() -> str:
    bean = oval(0, 0, 12, 8.4, "url(#bean)") + line("M-10 1C-4 -5 4 5 10 -1", "#3c2213", 2.2)
    bag = (
        path("M-48 -70H48L52 90C52 94 48 96 44 96H-44C-48 96 -52 94 -52 90Z", "url(#kraft)") + path("M-48 -70H48L49 -50H-49Z", "#8d6a43") + box(-48, -80, 96, 14, 4, "#a98254")
        + line("M-40 -73H40", "#d7b98d", 3) + box(-34, -26, 68, 84, 8, "#fff8ec") + at(bean, 0, 4, -30, 1.5) + line("M-20 34H20M-13 44H13", "#b08b5c", 4)
    )  # fmt: skip
    cup = (
        path("M-30 -18H30C30 14 20 24 0 24C-20 24 -30 14 -30 -18Z", "#fff")
        + line("M30 -10C46 -12 44 10 26 8", "#fff", 6)
        + oval(0, -18, 30, 8, "#eef3f6")
        + oval(0, -17, 25, 5.8, "#5a3620")
        + oval(0, 30, 40, 7, "#eef3f6")
        + line("M-10 -36C-14 -44 -6 -48 -10 -56M8 -36C4 -44 12 -48 8 -56", "#fff", 4, opacity=0.85)
    )
    beans = "".join(at(bean, x, y, turn, 0.8) for x, y, turn in ((36, 194, 10), (54, 202, 60), (28, 206, -30)))
    return good(
        "drinks",
        at(bag, 100, 106) + at(cup, 182, 166) + beans,
        fall("kraft", "#d9b584", "#b68d58", True) + ball("bean", "#9a6a42", "#6b4023", "#472813"),
        (122, 88),
    )


# --- household ---


def soap() -> str:
    bottle = (
        path("M-12 -72H12V-52H-12Z", "#e9edf5") + path("M-16 -92H8C22 -92 34 -88 40 -80L34 -74C28 -80 18 -80 12 -80V-70H-16Z", "#f39a2b")
        + path("M-22 -54H22C40 -44 48 -20 48 8V78C48 90 40 96 30 96H-30C-40 96 -48 90 -48 78V8C-48 -20 -40 -44 -22 -54Z", "url(#gel)")
        + path("M-38 10C-38 -6 38 -6 38 10V66C38 76 -38 76 -38 66Z", "#fff")
        + oval(0, 36, 25, 25, "#f59a23") + oval(0, 36, 21, 21, "#fff1d6") + "".join(path("M0 -2L-5.6 -16C-3 -19 3 -19 5.6 -16Z", "#fbb03f", transform=f"translate(0 36) rotate({turn})") for turn in range(0, 360, 45))
        + path("M-38 -6C-34 -24 -28 -36 -18 -44", stroke="#fff", stroke_width=7, stroke_linecap="round", opacity=0.6)
    )  # fmt: skip
    sponge = (
        box(-34, -18, 68, 36, 8, "#ffe07a")
        + box(-34, 4, 68, 16, 7, "#5fae62")
        + "".join(oval(x, y, 3, 2.4, "#f0c84e") for x, y in ((-20, -8), (-4, -4), (14, -10), (24, -2), (-10, -13)))
    )
    foam = "".join(
        oval(x, y, r, r, "#fff", opacity=0.9) + oval(x - r * 0.3, y - r * 0.3, r * 0.25, r * 0.25, "#cfe3f5")
        for x, y, r in ((196, 150, 13), (176, 144, 9), (210, 136, 8), (54, 70, 9), (40, 90, 6))
    )
    return good(
        "household",
        at(bottle, 100, 102) + at(sponge, 180, 180) + foam,
        fall("gel", "#ffc46b", "#f08c24", True),
        (128, 84),
    )


def _roll(size: float) -> str:
    inner = (
        path("M-46 -30V40C-46 56 46 56 46 40V-30Z", "url(#roll)") + oval(0, -30, 46, 17, "#fff") + oval(0, -30, 36, 12, "#f1f2f8") + oval(0, -30, 27, 9, "#fff") + oval(0, -30, 15, 5.4, "#b98f61") + oval(0, -29, 10, 3.4, "#7d5c3a")
        + line("M-38 -8V40M-22 0V48M6 2V50", "#e3e5f0", 2.4)
    )  # fmt: skip
    return group(inner, transform=f"scale({size:g})")


def toilet_paper() -> str:
    sheet = path("M44 -24V44C44 52 52 54 62 52V-14C54 -14 46 -18 44 -24Z", "#f7f8fc") + line(
        "M62 18L44 14", "#d5d8e8", 2, stroke_dasharray="3 5"
    )
    inner = (
        at(_roll(0.86), 78, 82)
        + at(_roll(0.86), 160, 82)
        + at(_roll(0.98), 64, 150)
        + at(_roll(0.98), 172, 150)
        + at(_roll(1.02) + sheet, 118, 152)
    )
    return good("household", inner, fall("roll", "#ffffff", "#dcdfee", True), (120, 100))


def tissue() -> str:
    def pack(colour: str, dark: str) -> str:
        return (
            path("M-78 -12L-60 -28H78L64 -12Z", dark)
            + box(-78, -12, 142, 30, 3, colour)
            + path("M64 -12L78 -28V4L64 18Z", dark)
            + line("M-66 4C-50 -2 -40 8 -24 2C-8 -4 4 8 20 2C34 -2 44 6 54 2", "#fff", 3, opacity=0.7)
        )

    paper = path(
        "M-30 2C-36 -30 -20 -46 -6 -52C-2 -40 10 -44 18 -56C26 -38 34 -22 28 2C12 8 -14 8 -30 2Z", "#fff"
    ) + line("M-8 0C-12 -18 -8 -34 -4 -44M12 0C16 -16 16 -32 16 -44", "#dfe3f1", 3)
    stack = (
        ("#e98fa1", "#cf7186"),
        ("#f2b36b", "#d8954a"),
        ("#8cc5a0", "#6da983"),
        ("#86b7e0", "#6797c4"),
        ("#a99ad8", "#8b7cc0"),
    )
    boxes = "".join(at(pack(*colours), 122, 180 - n * 30, 0, 1) for n, colours in enumerate(stack))
    return good("household", boxes + at(paper, 122, 40, 0, 0.82), "", (122, 86))


def wrap() -> str:
    case = (
        path("M-92 -18L-78 -36H92L80 -18Z", "#dff0fb")
        + box(-92, -18, 172, 52, 4, "#2f86c6")
        + path("M80 -18L92 -36V16L80 34Z", "#21679c")
        + box(-92, 20, 172, 14, 3, "#ffd35c")
        + box(-66, -6, 84, 18, 9, "#fff")
        + line("M-54 3H4", "#8fb9d8", 4)
        + oval(48, 2, 16, 13, "#fff", opacity=0.9)
        + path("M38 4C42 -6 54 -6 58 4Z", "#7cc06a")
    )
    film = path("M-60 -36C-58 -74 -30 -84 10 -82C40 -80 60 -70 70 -36Z", "#fff", opacity=0.62) + line(
        "M-40 -46C-36 -66 -14 -72 8 -72M30 -48C28 -58 20 -62 12 -64", "#ffffff", 4, opacity=0.95
    )
    core = at(oval(0, 0, 17, 22, "#f3e3c8") + oval(0, 0, 10, 14, "#fff") + oval(0, 0, 6, 9, "#b98f61"), 0, 0)
    roll = path("M-84 -22H78V22H-84Z", "url(#roll)") + at(core, 78, 0) + oval(-84, 0, 12, 22, "#dfeaf3")
    return good(
        "household",
        at(roll, 124, 100, -4, 0.96) + at(film, 120, 150, 0, 0.9) + at(case, 122, 164),
        fall("roll", "#ffffff", "#cfe0ee"),
        (122, 98),
    )


GOODS = {
    "tomato": tomato, "cabbage": cabbage, "carrot": carrot, "onion": onion, "apple": apple, "banana": banana,
    "chicken": chicken, "pork": pork, "salmon": salmon, "mackerel": mackerel, "eggs": eggs, "milk": milk,
    "yogurt": yogurt, "cheese": cheese, "bread": bread, "croissant": croissant, "rice": rice, "onigiri": onigiri,
    "tea": tea, "juice": juice, "sparkling": sparkling, "coffee": coffee, "wrap": wrap, "soap": soap, "toilet-paper": toilet_paper, "tissue": tissue,
}  # fmt: skip


# --- what is not for sale ---


def cloud(x: float, y: float, size: float, opacity: float = 1.0) -> str:
    puffs = (
        oval(-30, 0, 26, 20, "#fff")
        + oval(0, -14, 34, 28, "#fff")
        + oval(34, -2, 28, 22, "#fff")
        + box(-54, 0, 116, 22, 11, "#fff")
    )
    return group(puffs, transform=f"translate({x:g} {y:g}) scale({size:g})", opacity=opacity)


def mark() -> str:
    rays = "".join(
        line(
            f"M{32 + 17 * cos(a):.1f} {27 + 17 * sin(a):.1f}L{32 + 23 * cos(a):.1f} {27 + 23 * sin(a):.1f}",
            "#f5b52e",
            4,
        )
        for a in (n * pi / 5 for n in range(10))
    )
    inner = (
        box(0, 0, 64, 64, 18, "url(#sky)") + rays + oval(32, 27, 13, 13, "#ffd35c")
        + group(cloud(32, 44, 0.46), opacity=1) + path("M0 50C16 42 44 60 64 48V46C64 56 56 64 46 64H18C8 64 0 56 0 50Z", "#4da356")
    )  # fmt: skip
    return svg(inner, 64, 64, fall("sky", "#4ba8e4", "#a9dbf7"))


def van(light: bool = True) -> str:
    """The delivery van, about 0 0, 200 wide, full of vegetables."""
    wheel = oval(0, 0, 21, 21, "#2f3b43") + oval(0, 0, 10, 10, "#d7dee2") + oval(0, 0, 4, 4, "#7d8b93")
    crate = (
        at(path("M0 -26C-30 -30 -34 6 -22 22H22C34 6 30 -30 0 -26Z", "#9ccc62"), -66, -64, 0, 0.9)
        + oval(-36, -60, 17, 16, "#e8412b")
        + oval(-10, -64, 15, 15, "#f79420")
        + at(path("M-8 0C-8 -40 8 -40 8 0Z", "#f0d49a"), 14, -54, 14, 1.1)
        + line("M-36 -74L-34 -82", "#3f8f3a", 4)
    )
    body = (
        crate + box(-100, -56, 132, 78, 10, "#fff") + path("M32 -40H62C72 -40 78 -34 84 -24L98 -4C102 2 104 6 104 14V22H32Z", "#2f86c6")
        + path("M44 -30H62C67 -30 70 -27 74 -20L83 -4H44Z", "#d9f0fc") + path("M-100 4H104V22C104 28 100 30 96 30H-92C-98 30 -100 28 -100 22Z", "#2a76b0")
        + path("M-100 4H32V14H-100Z", "#ffd35c") + at(oval(0, 0, 18, 18, "#bfe4fa") + oval(0, -2, 9, 9, "#ffd35c") + group(cloud(0, 8, 0.22)), -36, -26)
        + box(98, 10, 8, 10, 3, "#ffe9a6") + line("M46 4H54", "#fff", 3) + box(-106, 18, 10, 8, 3, "#bd3421")
    )  # fmt: skip
    return body + at(wheel, -60, 30) + at(wheel, 62, 30)


def hero() -> str:
    tree = (
        box(-4, -6, 8, 26, 3, "#8a5f38")
        + oval(0, -26, 22, 26, "#5aa553")
        + oval(-7, -32, 10, 12, "#74bb66", opacity=0.8)
    )
    house = (
        path("M-34 -20L0 -48L34 -20Z", "#d8583f")
        + box(-27, -20, 54, 40, 2, "#fff8ea")
        + box(-7, -4, 14, 24, 2, "#9c6b41")
        + box(10, -12, 12, 12, 2, "#bfe4fa")
        + box(-22, -12, 12, 12, 2, "#bfe4fa")
    )
    rows = "".join(
        line(
            f"M{40 + n * 34} {300 - n * 3}C{60 + n * 34} 322 {70 + n * 34} 346 {74 + n * 36} 372",
            "#8fbf5a",
            5,
            opacity=0.9,
        )
        for n in range(7)
    )
    cabbages = "".join(
        at(oval(0, 0, 12, 9, "#a9d16f") + oval(-3, -2, 6, 5, "#d0e8a0"), 60 + n * 36 + (y - 318) * 0.5, y)
        for n in range(6)
        for y in (318, 346)
    )
    sun = oval(536, 76, 62, 62, "#fff3c0", opacity=0.55) + oval(536, 76, 42, 42, "#ffd35c")
    inner = (
        sun + cloud(150, 88, 1.15) + cloud(366, 58, 0.8, 0.9) + cloud(590, 150, 0.7, 0.85) + cloud(30, 168, 0.55, 0.8)
        + path("M0 250C90 190 190 210 280 240C380 196 500 190 640 244V400H0Z", "#a6d59a")
        + path("M0 286C120 236 240 262 340 280C440 250 540 244 640 280V400H0Z", "#7fc074")
        + at(house, 470, 252, 0, 1.05) + at(tree, 522, 262, 0, 1) + at(tree, 424, 266, 0, 0.8) + at(tree, 120, 250, 0, 0.85) + at(tree, 152, 256, 0, 0.66) + at(house, 214, 262, 0, 0.6)
        + path("M0 306C140 280 220 300 320 318C430 336 540 330 640 310V400H0Z", "#65ad5e") + rows + cabbages
        + path("M0 372C160 340 330 352 640 332V400H0Z", "#e9e0cc") + line("M20 388C160 366 330 372 630 354", "#fff", 5, stroke_dasharray="26 22", opacity=0.9)
        + oval(430, 372, 112, 9, "#3a3226", opacity=0.2) + at(van(), 428, 322, -2, 1.06)
    )  # fmt: skip
    return svg(inner, 640, 400)


def empty() -> str:
    basket = (
        path("M-70 -20H70L56 48C55 54 50 58 44 58H-44C-50 58 -55 54 -56 48Z", "url(#weave)")
        + box(-78, -30, 156, 16, 8, "#b9854e")
        + line("M-52 -30C-46 -76 46 -76 52 -30", "#a37140", 9)
        + "".join(line(f"M{x} -10L{x * 0.8:g} 52", "#b07c45", 4, opacity=0.7) for x in (-50, -25, 0, 25, 50))
        + line("M-62 10H62M-58 32H58", "#b07c45", 4, opacity=0.7)
    )
    return svg(
        oval(110, 146, 82, 9, "#3a3226", opacity=0.14)
        + at(basket, 110, 86)
        + cloud(186, 30, 0.34)
        + cloud(34, 48, 0.26),
        220,
        160,
        fall("weave", "#e0b079", "#c88f52"),
    )


def thanks() -> str:
    return svg(
        oval(100, 74, 92, 62, "#dff0fb")
        + cloud(44, 36, 0.4)
        + cloud(158, 30, 0.32)
        + path("M8 104C50 88 120 96 192 100L180 124H20Z", "#8cc97f")
        + oval(100, 122, 82, 7, "#3a3226", opacity=0.16)
        + at(van(), 100, 96, 0, 0.74),
        200,
        140,
    )


def icon(inner: str, width: int = 24, height: int = 24) -> str:
    return svg(inner, width, height)


def _basket_icon(colour: str) -> str:
    return icon(
        line(
            "M3 9H21L19 19.5C18.8 20.4 18.2 21 17.3 21H6.7C5.8 21 5.2 20.4 5 19.5ZM7.5 9L11 3M16.5 9L13 3M9.5 13V17M14.5 13V17",
            colour,
            1.9,
        )
    )


def icons() -> dict[str, str]:
    ink = "#0f5f9e"
    return {
        "icon-basket": _basket_icon(ink),
        "icon-basket-white": _basket_icon("#ffffff"),
        "icon-person": icon(line("M12 12A4.2 4.2 0 1 0 12 3.6A4.2 4.2 0 0 0 12 12ZM4 20.5C4.6 16.6 7.8 14.8 12 14.8C16.2 14.8 19.4 16.6 20 20.5Z", ink, 1.9)),
        "icon-box": icon(line("M3.5 7.5L12 3.5L20.5 7.5V16.5L12 20.5L3.5 16.5ZM3.5 7.5L12 11.5L20.5 7.5M12 11.5V20.5M7.8 5.5L16.2 9.4", ink, 1.8)),
        "icon-van": svg(at(van(), 20, 17.5, 0, 0.185), 40, 28),
        "icon-leaf": icon(path("M5 19C3 9 9 3 21 3C22 14 16 21 7 19.5Z", "#65ad5e") + line("M4 21C7 15 11 11 16 8", "#1f7239", 1.8)),
        "icon-clock": icon(oval(12, 12, 9.4, 9.4, "#fff6dc", stroke="#e0a02e", stroke_width=1.8) + line("M12 6.6V12L15.6 14.2", "#7a5410", 1.9)),
    }  # fmt: skip


def shelf_icon(slug: str) -> str:
    """The department's picture: its first article without the ground."""
    drawn = {
        "produce": "tomato",
        "meat-fish": "salmon",
        "eggs-dairy": "eggs",
        "bread-rice": "bread",
        "drinks": "juice",
        "household": "soap",
    }
    return GOODS[drawn[slug]]().replace('rx="0" fill="url(#ground)"', 'rx="120" fill="url(#ground)"', 1)


def pictures() -> dict[str, str]:
    """All of them, by their file's name."""
    found = {f"goods/{slug}.svg": draw() for slug, draw in GOODS.items()}
    found |= {f"shelf-{slug}.svg": shelf_icon(slug) for slug in GROUNDS}
    found |= {f"{name}.svg": drawn for name, drawn in icons().items()}
    return found | {"mark.svg": mark(), "hero.svg": hero(), "empty.svg": empty(), "thanks.svg": thanks()}


def main() -> None:
    for name, drawn in pictures().items():
        place = HERE / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(drawn)
    print(f"{len(pictures())} pictures", file=sys.stderr)


if __name__ == "__main__":
    main()
