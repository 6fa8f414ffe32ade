"""The command line: `longanimation VERB ...`. It knows files and words, not tensors."""

from __future__ import annotations

import json
import sys
from functools import partial

from longanimation.cli.processes import launched_as_team, run_together
from longanimation.errors import InputError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code: 0 done, 2 bad input (one line on stderr), 130 stopped with Ctrl-C.

    With --json an error is also one JSON object on stdout. A bug raises. Processes that torchrun started run `colorize`
    together and all return the same code.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if launched_as_team(arguments):
        return run_together(partial(_run, arguments))
    return _run(arguments)


def _run(arguments: list[str]) -> int:
    from longanimation.cli.app import app

    try:
        code = app(arguments, prog_name="longanimation", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except InputError as error:
        return _fail(str(error), 2, arguments)
    except KeyboardInterrupt:
        return _fail("stopped", 130, arguments)
    except Exception as error:
        if type(error).__name__ == "Abort":  # how older typer versions pass on Ctrl-C
            return _fail("stopped", 130, arguments)
        if not hasattr(error, "format_message"):  # typer's own errors have it, whatever their class in this version
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)
            return error.exit_code
        return _fail(error.format_message(), error.exit_code, arguments)


def _fail(message: str, code: int, arguments: list[str]) -> int:
    line = " ".join(message.split())
    print(f"longanimation: {line}", file=sys.stderr)
    if "--json" in arguments:
        print(json.dumps({"error": line}))
    return code
