#!/usr/bin/env python3
"""Texts to vectors: millwright beside sentence-transformers, on the same texts and model.

    python benches/peers/embed.py MODEL_DIR TEXTS.jsonl [--threads 1] [--rounds 2]

TEXTS.jsonl has one JSON string a line. Needs `pip install sentence-transformers` in the
Python that runs it; millwright's part is `cargo bench --bench embed`. One JSON object a
line per engine, then how alike the vectors are and whether they rank alike. The engines
take turns, each round's best counts; `texts_per_cpu_s` is fairer on a busy machine.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"


def ours(command, model, texts, threads, out):
    run = subprocess.run(
        [*command, "texts", model, texts, str(threads), out], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(run.stdout.strip().splitlines()[-1])


def theirs(model, texts):
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
    return vectors, time.perf_counter() - wall, time.process_time() - cpu


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("model")
    arguments.add_argument("texts")
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--ours", default="cargo bench --quiet --bench embed --", help="command of our part")
    given = arguments.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)

    import numpy
    import sentence_transformers
    import torch

    torch.set_num_threads(given.threads)
    peer = sentence_transformers.SentenceTransformer(given.model, device="cpu")
    with open(given.texts, encoding="utf-8") as file:
        texts = [json.loads(line) for line in file]

    best, wall, cpu = None, float("inf"), float("inf")
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "vectors.jsonl")
        for _ in range(given.rounds):
            row = ours(given.ours.split(), given.model, given.texts, given.threads, out)
            best = row if best is None or row["texts_per_s"] > best["texts_per_s"] else best
            vectors, took, used = theirs(peer, texts)
            wall, cpu = min(wall, took), min(cpu, used)
        with open(out, encoding="utf-8") as file:
            mine = numpy.array([json.loads(line) for line in file], dtype=numpy.float32)

    question = ["What is the torque of the flange bolt of the pump?"]
    torch.set_num_threads(1)
    asked = []
    for _ in range(100):
        start = time.perf_counter()
        peer.encode(question, show_progress_bar=False)
        asked.append((time.perf_counter() - start) * 1e3)
    asked.sort()

    print(json.dumps(best))
    print(
        json.dumps(
            {
                "engine": "sentence-transformers",
                "versions": {"sentence-transformers": sentence_transformers.__version__, "torch": torch.__version__},
                "machine": platform.processor() or platform.machine(),
                "cores": os.cpu_count(),
                "threads": given.threads,
                "texts": len(texts),
                "texts_per_s": len(texts) / wall,
                "texts_per_cpu_s": len(texts) / cpu,
                "query_ms": {"p50": asked[50], "p99": asked[99]},
            }
        )
    )
    cosines = (mine * vectors).sum(1)
    a, b = vectors @ vectors.T, mine @ mine.T
    numpy.fill_diagonal(a, -2)
    numpy.fill_diagonal(b, -2)
    k = min(10, len(texts) - 1)
    a, b = numpy.argsort(-a, 1)[:, :k], numpy.argsort(-b, 1)[:, :k]
    print(
        json.dumps(
            {
                "texts_per_s_times": best["texts_per_s"] * wall / len(texts),
                "cosine_mean": float(cosines.mean()),
                "cosine_min": float(cosines.min()),
                "same_nearest": float((a[:, 0] == b[:, 0]).mean()),
                "same_of_ten_nearest": float(numpy.mean([len(set(x) & set(y)) / k for x, y in zip(a, b)])),
            }
        )
    )


if __name__ == "__main__":
    sys.exit(main())
