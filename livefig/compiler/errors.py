"""The errors of the compiler."""


class CompileError(NotImplementedError):
    """The function uses something that has no JavaScript here; the message names it and the user's line."""


class Unsupported(Exception):
    """What a rule cannot do, as a phrase; the equation's place is added where it is caught."""


def no_javascript(what: str, place: str) -> CompileError:
    """The error that something has no JavaScript; `place` is " at file:line", or empty."""
    return CompileError(f"livefig.compile has no JavaScript for {what}{', used' + place if place else ''}.")
