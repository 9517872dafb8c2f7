"""The contestant's side of bench/protocol.ts, for contestants written in Python."""

import json
import sys
import traceback


def serve(build, load=lambda: None):
    """Answer requests on stdin. `build(request)` returns a step, which trains once and returns its milliseconds and
    its loss, and the answer to `init`; `load()` imports the library and makes nothing."""
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["cmd"] == "load":
                load()
                reply = {"loaded": True}
            elif request["cmd"] == "init":
                step, reply = build(request)
            else:
                timed = [step() for _ in range(request["n"])]
                reply = {"ms": [ms for ms, _ in timed], "losses": [loss for _, loss in timed]}
        except ModuleNotFoundError as error:
            reply = {"missing": str(error)}
        except Exception as error:
            traceback.print_exc()
            reply = {"error": str(error)}
        print(json.dumps(reply), flush=True)
