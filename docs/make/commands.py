"""The page of the commands, from their own help."""

from __future__ import annotations

from collections.abc import Iterator

import click

from . import markdown

_WIDTH = 90
_LEAD = """\
What `atesaki COMMAND --help` prints. Commands that answer have `--json`: one object, or one for each line.
Exit codes: 0 done, 1 failed, 2 asked wrongly."""


def page() -> str:
    """Every command and what it takes."""
    from atesaki.cli import atesaki

    tree = list(_walk(atesaki, None, "atesaki"))
    rows = [(f"`{path}`", command.get_short_help_str(200)) for path, command, _ in tree[1:]]
    helps = [f"## {path}\n\n```text\n{command.get_help(context).rstrip()}\n```" for path, command, context in tree]
    return markdown.made("Commands", _LEAD, markdown.table(("command", "does"), rows), *helps)


def _walk(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterator[tuple[str, click.Command, click.Context]]:
    settings = command.context_settings | {"terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            yield from _walk(command.commands[each], context, each)
