"""What is measured on every page in a real browser, and its picture: one place for all tests of pages."""

from __future__ import annotations

import os
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Each finding is a sentence. Contrast: WCAG 2.2, 1.4.3; `least`: the width and height of what is pressed, in px.
_MEASURES = """least => {
  const found = [];
  const shown = e => { const b = e.getBoundingClientRect(); return b.width > 0 && b.height > 0; };
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = c => { const v = c.slice(0, 3).map(x => x / 255).map(x => x <= .04045 ? x / 12.92
    : ((x + .055) / 1.055) ** 2.4); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
  const ground = e => { for (; e; e = e.parentElement) {
    const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c; } return [255, 255, 255]; };
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
  if (document.documentElement.scrollWidth > innerWidth) found.push('scrolls sideways');
  for (const e of document.querySelectorAll('button, .button, input:not([type=hidden]), select, summary, nav a')) {
    const tick = ['radio', 'checkbox'].includes(e.type) && e.labels.length;  // its label is pressed as well
    const b = (tick ? e.labels[0] : e).getBoundingClientRect();
    const small = b.height < least - .5 || b.width < least - .5;
    if (shown(e) && small) found.push('small target: ' + e.outerHTML.slice(0, 80));
  }
  for (const e of document.querySelectorAll('input:not([type=hidden]), select'))
    if (shown(e) && !e.labels.length) found.push('no label: ' + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll('[aria-describedby]'))
    for (const id of e.getAttribute('aria-describedby').split(' '))
      if (!document.getElementById(id)) found.push('describedby nothing: ' + id);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) found.push('an id twice');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(e)) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ` + walker.currentNode.data.trim().slice(0, 40));
  }
  const choices = [...document.querySelectorAll('.choices > section')].map(s => s.querySelector('button, .button'));
  const sizes = new Set(choices.filter(Boolean).map(e => { const b = e.getBoundingClientRect();
    const s = getComputedStyle(e); return [Math.round(b.width), Math.round(b.height), s.backgroundColor, s.color,
      s.fontSize, s.fontWeight].join(); }));
  if (sizes.size > 1) found.push('choices differ: ' + [...sizes].join(' | '));
  return found;
}"""


def picture(page: Page, name: str) -> None:
    """Keeps a picture of the page in `SCREENSHOTS`, if that names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def measured(page: Page, least: int = 44) -> list[str]:
    """What our own measures find on the page that is open; a page of the desk is denser (WCAG 2.2, 2.5.8: 24 px)."""
    return list(page.evaluate(_MEASURES, least))


def faults(page: Page, *, least: int = 44, tags: list[str] = TAGS) -> list[str]:
    """What axe and our own measures find."""
    page.wait_for_load_state("load")
    page.evaluate(AXE_SCRIPT)
    # What is in order is not described: to serialise that takes longer than to look.
    options = {"runOnly": {"type": "tag", "values": tags}, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(options).then(results => results.violations)", options)
    named = [
        f"{each['id']}: {node['html'][:140]} {node.get('failureSummary', '')[:160]}"
        for each in found
        for node in each["nodes"]
    ]
    return named + measured(page, least)
