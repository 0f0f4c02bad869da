"""How the words of a command are understood, as every command of it does, and how the help is set out."""

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
from click.formatting import HelpFormatter

_NUMBER = re.compile(r"-\d*\.?\d+")


class Command(click.Command):
    """A command whose long options may be abbreviated, and whose arguments may be texts that begin with a hyphen."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words with the options put first."""
        try:
            return super().parse_args(ctx, self._options_first(ctx, args))
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # whose help is named
            raise

    def format_epilog(self, ctx: click.Context, formatter: HelpFormatter) -> None:
        """Add how runs are named where the command takes any."""
        super().format_epilog(ctx, formatter)
        if any("RUN" in (param.metavar or "") for param in self.params):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text("RUN is the id of a run, the beginning of its id, or its name.")

    def _options_first(self, ctx: click.Context, words: Sequence[str]) -> list[str]:
        """The options by their whole names with their values, then `--`, then all other words."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        takes_value = {name: not option.is_flag for option in options for name in option.opts}
        chosen, operands, rest = list[str](), list[str](), iter(words)
        for word in rest:
            start, separator, value = word.partition("=")
            name = _whole_name(start, takes_value)
            if word == "--":
                operands += rest
            elif name not in takes_value and _is_operand(word):
                operands.append(word)
            elif not takes_value.get(name):
                chosen.append(f"{name}{separator}{value}")
            elif separator or _is_operand(value := next(rest, "--")):
                chosen += [name, value]
            else:
                return [*chosen, name]  # whose value is missing, as click says
        return [*chosen, "--", *operands]


def _whole_name(start: str, known: Mapping[str, object]) -> str:
    """The one long option that begins so; what is no beginning, or that of several, stays as it is."""
    fitting = [name for name in known if len(start) > 2 and name.startswith(start)]
    return fitting[0] if len(fitting) == 1 else start


def _is_operand(word: str) -> bool:
    return not word.startswith("-") or word == "-" or " " in word or bool(_NUMBER.fullmatch(word))


def command(name: str, **attributes: Any) -> Callable[[Callable[..., int | None]], Command]:
    """Make a command of a function that returns its exit status, or nothing where it has worked."""
    return click.command(name, cls=Command, **attributes)


def refuse_both(**given: object) -> None:
    """Refuse options that exclude each other, by their names, where more than one of them is given."""
    names = [f"--{name}" for name, value in given.items() if value is not None and value is not False]
    if len(names) > 1:
        click.get_current_context().fail(f"{' and '.join(names)} exclude each other")


class Program(click.Group):
    """All commands, which the help shows in sections."""

    def __init__(self, sections: Mapping[str, Sequence[click.Command]], **attributes: Any) -> None:
        super().__init__(commands=[each for section in sections.values() for each in section], **attributes)
        self.sections = sections

    def format_commands(self, _ctx: click.Context, formatter: HelpFormatter) -> None:
        """Write each section, with all descriptions in one column."""
        widest = max(map(len, self.commands))
        for title, commands in self.sections.items():
            with formatter.section(title):
                limit = formatter.width - widest - 6
                formatter.write_dl([(f"{each.name:{widest}}", each.get_short_help_str(limit)) for each in commands])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is named; who reads its output may stop doing so."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            # The reader of a pipe, `head` say, has gone: nothing is wrong, and nobody is there to be told.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
