"""The loop of a peer in an environment of its own: `python serving_peer.py MODULE.py ARGUMENT …`.

The module has a class `Server`, made of the arguments. A command is a line of JSON on stdin, which names what
to `do`, a method of the server, and its arguments; the answer is a line on stdout, with what it returned, or
the error.
"""

import json
import os
import runpy
import sys
import traceback


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    module, *arguments = sys.argv[1:]
    server = runpy.run_path(module)["Server"](*arguments)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"answer": getattr(server, command.pop("do"))(**command)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
