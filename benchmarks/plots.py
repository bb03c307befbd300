"""Small plots as SVG files: no script, no font of their own, readable on light and dark pages, in black and white too.

Each has a title for who cannot see it; the page says the same in a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_WIDTH, _LEFT, _ROW = 640, 190, 30
_HIGH, _FOOT = 220, 56
_DASHES = ("", "7 4", "2 3", "10 3 2 3")
_STYLE = """\
svg{color:#1f2328;background:#fff}
@media (prefers-color-scheme:dark){svg{color:#e6edf3;background:#0d1117}}
text{font:13px system-ui,sans-serif;fill:currentColor}
.small{font-size:11px}
.axis{fill:none;stroke:currentColor;stroke-width:1}
.grid{stroke:currentColor;stroke-opacity:.2}
.bar{fill:currentColor;fill-opacity:.55}
.other{fill:none;stroke:currentColor;stroke-width:1.2}
.line{fill:none;stroke:currentColor;stroke-width:1.8}
"""


def bars(title: str, rows: Sequence[tuple[str, float, float, float]], unit: str) -> str:
    """Bars that lie, each with a line from the least to the most. rows: name, median, least, most."""
    most = max([row[3] for row in rows] + [1e-9])
    scale = (_WIDTH - _LEFT - 90) / most
    out = []
    for place, (name, median, low, high) in enumerate(rows):
        y = 8 + place * _ROW
        x = [round(_LEFT + value * scale, 1) for value in (median, low, high)]
        out += [
            f'<text x="{_LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="bar" x="{_LEFT}" y="{y + 3}" width="{round(x[0] - _LEFT, 1)}" height="18"/>',
            f'<path class="axis" d="M{x[1]} {y + 12}H{x[2]}M{x[1]} {y + 7}v10M{x[2]} {y + 7}v10"/>',
            f'<text class="small" x="{x[2] + 6}" y="{y + 16}">{number(median)} {escape(unit)}</text>',
        ]
    high_ = 16 + len(rows) * _ROW
    out.append(f'<path class="axis" d="M{_LEFT} 4V{high_ - 6}"/>')
    return _svg(title, high_, out)


def columns(title: str, ends: Sequence[float], series: Mapping[str, Sequence[int]], unit: str) -> str:
    """Histograms over the same columns: the first filled, the second as an outline. Heights are shares of each."""
    width = (_WIDTH - 60) / (len(ends) + 1)
    out = [f'<path class="axis" d="M40 {_HIGH}H{_WIDTH - 10}"/>']
    shares = {name: [value / max(1, sum(counts)) for value in counts] for name, counts in series.items()}
    top = max([value for values in shares.values() for value in values] + [1e-9])
    for place, (name, values) in enumerate(shares.items()):
        for column, share in enumerate(values):
            high = round(share / top * (_HIGH - 30), 1)
            if high:
                shape = (
                    f'x="{round(42 + column * width, 1)}" y="{round(_HIGH - high, 1)}" width="{round(width - 4, 1)}"'
                )
                out.append(f'<rect class="{"other" if place else "bar"}" {shape} height="{high}"/>')
        out.append(_key(place, name, "other" if place else "bar"))
    for column, end in enumerate(ends):
        x = round(40 + (column + 1) * width, 1)
        out.append(f'<text class="small" x="{x}" y="{_HIGH + 16}" text-anchor="middle">{end:g}</text>')
    out.append(f'<text class="small" x="{_WIDTH - 10}" y="{_HIGH + 34}" text-anchor="end">{escape(unit)}</text>')
    return _svg(title, _HIGH + _FOOT, out)


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]], across: str, up: str) -> str:
    """Lines from nothing upwards, each in its own dashes."""
    most_x = max([x for points in series.values() for x, _ in points] + [1e-9])
    most_y = max([y for points in series.values() for _, y in points] + [1e-9]) * 1.05
    wide, high = _WIDTH - 70, _HIGH - 30
    out = [f'<path class="axis" d="M50 20V{_HIGH}H{_WIDTH - 10}"/>']
    for share in (0.5, 1.0):
        y = round(_HIGH - share * high, 1)
        out.append(f'<path class="grid" d="M50 {y}H{_WIDTH - 10}"/>')
        out.append(f'<text class="small" x="46" y="{y + 4}" text-anchor="end">{number(most_y * share)}</text>')
        x = round(50 + share * wide, 1)
        text = number(most_x * share)
        anchor = "end" if share == 1 else "middle"
        out.append(f'<text class="small" x="{x}" y="{_HIGH + 16}" text-anchor="{anchor}">{text}</text>')
    for place, (name, points) in enumerate(series.items()):
        path = " ".join(f"{50 + x / most_x * wide:.1f},{_HIGH - y / most_y * high:.1f}" for x, y in points)
        dashes = _DASHES[place % len(_DASHES)]
        out.append(f'<polyline class="line" stroke-dasharray="{dashes}" points="{path}"/>')
        out.append(_key(place, name, "line", dashes))
    out.append(f'<text class="small" x="50" y="14">{escape(up)}</text>')
    out.append(f'<text class="small" x="{_WIDTH - 10}" y="{_HIGH + 34}" text-anchor="end">{escape(across)}</text>')
    return _svg(title, _HIGH + _FOOT, out)


def number(value: float) -> str:
    """Three figures that count: 5,310, 84.2, 0.062."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _key(place: int, name: str, kind: str, dashes: str = "") -> str:
    x, y = 50 + place * 130, _HIGH + 30
    sign = f'<rect class="{kind}" x="{x}" y="{y}" width="20" height="11"/>'
    if kind == "line":
        sign = f'<path class="line" stroke-dasharray="{dashes}" d="M{x} {y + 6}h24"/>'
    return f'{sign}<text class="small" x="{x + 28}" y="{y + 10}">{escape(name)}</text>'


def _svg(title: str, high: float, inside: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {high:g}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>", *inside, "</svg>", ""])
