"""PyTorch's side of the speed benchmark, one piece of work in one process.

Reads lines from standard input and answers each with a line of JSON: first the plan (JSON: work, sizes, batches, side,
threads), then `warm-up`, `round`, ... until the input ends. Between rounds it does nothing.
"""

import json
import os
import sys
import time


def peak_bytes():
    """High-water mark of the process's memory."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def answer(value):
    print(json.dumps(value), flush=True)


def timed(body):
    started = time.perf_counter()
    body()
    return {"seconds": time.perf_counter() - started, "peakBytes": peak_bytes()}


def main():
    plan = json.loads(sys.stdin.readline())
    os.environ["OMP_NUM_THREADS"] = str(plan["threads"])
    import torch
    import transformers

    import works

    torch.set_num_threads(plan["threads"])
    torch.manual_seed(0)
    work = works.make(plan)
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    if plan["side"] == "onnxruntime":
        import onnxruntime

        versions["onnxruntime"] = onnxruntime.__version__
    answer({"versions": versions})
    actions = {"warm-up": work.warm_up, "round": work.round}
    for line in sys.stdin:
        answer(timed(actions[line.strip()]))


if __name__ == "__main__":
    main()
