#!/usr/bin/env python3
"""The source article's own experiment, on `transformers`, for a look beside `millwright lab`.

    python benches/peers/transformers_lab.py [--model DIR|ID] [--tokens N]

Plays the lab's sample prompts one by one, as one batch, and through a micro-batcher that
gathers for 60 ms, in this process, greedy, on the CPU. Prints rows like the lab's (those fields
that such a loop can know). Needs torch and transformers; without them it says so and prints
nothing. Not part of any figure: it shows what the article's own loop does on this machine.
"""

import argparse
import json
import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

PROMPTS = (
    "Camera A has found a line-shaped scratch on a steel plate. Describe the defect in Chinese for the inspector.",
    "AGV B2 says that its path is blocked. Write the notice in English, and two things to do about it.",
    "The welding robot reports an unsteady current. List what to check, in order.",
    "A sensor on the packaging line shows the error E203. Name two ways to clear it.",
    "Write a notice in Spanish that line A is about to be restarted.",
    "Sum up this shift for the next one in three sentences.",
)
WINDOW_S = 0.060


def spread(values):
    values = sorted(values)

    def at(p):
        return values[max(1, -(-p * len(values) // 100)) - 1] if values else None

    return {"p50": at(50), "p95": at(95), "p99": at(99)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", default="sshleifer/tiny-gpt2")
    arguments.add_argument("--tokens", type=int, default=40)
    arguments.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    given = arguments.parse_args()
    try:
        import torch
        import transformers
    except ImportError as missing:
        print(f"skipped: this Python has no {missing.name} (pip install torch transformers)", file=sys.stderr)
        return 0
    torch.set_num_threads(given.threads)
    tokenizer = transformers.AutoTokenizer.from_pretrained(given.model, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = transformers.AutoModelForCausalLM.from_pretrained(given.model).eval()

    def generate(prompts):
        inputs = tokenizer(list(prompts), return_tensors="pt", padding=True)
        options = {"max_new_tokens": given.tokens, "min_new_tokens": given.tokens, "do_sample": False}
        with torch.inference_mode():
            model.generate(**inputs, **options, pad_token_id=tokenizer.pad_token_id)

    def row(mode, waits, totals):
        print(
            json.dumps(
                {
                    "engine": "transformers",
                    "mode": mode,
                    "model": given.model,
                    "devices": len(PROMPTS),
                    "requests": len(PROMPTS),
                    "refused": 0,
                    "wait_ms": spread(waits),
                    "total_ms": spread(totals),
                    "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
                }
            ),
            flush=True,
        )

    generate(PROMPTS[:1])
    begun, waits, totals = time.perf_counter(), [], []
    for prompt in PROMPTS:
        waits.append((time.perf_counter() - begun) * 1e3)
        generate([prompt])
        totals.append((time.perf_counter() - begun) * 1e3)
    row("single", waits, totals)
    for mode, window in (("static", 0.0), ("window", WINDOW_S)):
        begun = time.perf_counter()
        time.sleep(window)
        waited = (time.perf_counter() - begun) * 1e3
        generate(PROMPTS)
        total = (time.perf_counter() - begun) * 1e3
        row(mode, [waited] * len(PROMPTS), [total] * len(PROMPTS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
