"""The command line: `sitong simulate | match | run | doctor`. One file a command; `app` is the run boundary."""

from sitong.commands.app import main

__all__ = ["main"]
