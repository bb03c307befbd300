"""A person at a browser: what they press and type is counted, and each page can be kept as a picture."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page


@dataclass
class Person:
    """Somebody with a browser of their own. `steps` are what they did; looking at a page is none."""

    name: str
    page: Page
    pictures: Path
    steps: list[str] = field(default_factory=list)
    revealed: list[str] = field(default_factory=list)

    @classmethod
    def with_browser(cls, browser: Browser, name: str, pictures: Path, **context: Any) -> Person:
        """`context`: Playwright's, such as `viewport`."""
        page = browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo", **context).new_page()
        page.set_default_timeout(20_000)
        return cls(name, page, pictures)

    def go(self, url: str) -> None:
        self.page.goto(url)

    def type(self, field: str | Locator, text: str, *, reveals: str = "") -> None:
        """Fills a field found by its label. `reveals`: what of themselves they had to hand over."""
        found = self._labelled(field)
        found.fill(text)
        self.steps.append(f"type {field if isinstance(field, str) else 'a field'}")
        if reveals:
            self.revealed.append(reveals)

    def choose(self, field: str | Locator, **option: Any) -> None:
        """Selects in a list, or ticks."""
        found = self._labelled(field)
        if option:
            found.select_option(**option)
        else:
            found.check()
        self.steps.append(f"choose {field if isinstance(field, str) else 'an option'}")

    def press(self, words: str | Locator) -> None:
        """Presses the button or follows the link of these words, and waits for what comes."""
        found = words if isinstance(words, Locator) else self._pressable(words)
        found.click()
        self.page.wait_for_load_state()
        self.steps.append(f"press {words if isinstance(words, str) else 'a button'}")

    def sees(self, words: str) -> bool:
        return words in self.page.locator("body").inner_text()

    def picture(self, name: str, *, whole: bool = True) -> str:
        """Keeps the page as it looks now; the picture's file name."""
        file = f"{name}.png"
        self.page.screenshot(path=self.pictures / file, full_page=whole, animations="disabled")
        return file

    def _labelled(self, field: str | Locator) -> Locator:
        return field if isinstance(field, Locator) else self.page.get_by_label(re.compile(field)).first

    def _pressable(self, words: str) -> Locator:
        wanted = re.compile(words)
        button = self.page.get_by_role("button", name=wanted)
        return button.first if button.count() else self.page.get_by_role("link", name=wanted).first
