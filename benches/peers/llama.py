#!/usr/bin/env python3
"""llama.cpp beside millwright's engine, for `millwright lab --peers`.

    python benches/peers/llama.py [--bin DIR] version
    python benches/peers/llama.py [--bin DIR] speeds --model F.gguf [--threads N]
    python benches/peers/llama.py [--bin DIR] serve  --model F.gguf [--threads N] TRACE.jsonl
    python benches/peers/llama.py sentences < TEXTS.jsonl

DIR holds llama-server, llama-bench and llama-batched-bench; without --bin it is what
llama_build.py built. Standard library only. Every line on stdout is one JSON object.

`serve` starts llama-server on a free local port and plays the trace to it over HTTP, streamed: rows
{"id", "at_ms", "ids", "n_predict", "warm", "leaves_ms"}, the prompt as token ids (the same ones
that millwright reads), greedy, exactly n_predict tokens, the prompt cache on. Times are counted
from the moment at which the trace says that the request arrives. Warming rows are played first,
one after the other, and are not timed.
"""

import argparse
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time

from llama_build import default_cache, programs

# The rule of src/operations/lab/sentence.rs: see there.
LEAST_WORDS = 3
MOST_WORDS = 12


def say(**line):
    print(json.dumps(line), flush=True)


def is_there(text):
    """Is the first sentence of `text` there? The rule of src/operations/lab/sentence.rs."""
    words, before = 0, " "
    for c in text.lstrip():
        if c in "。！？":
            return True
        if c.isspace() and not before.isspace():
            words += 1
            ends = c == "\n" or before in ".!?"
            if words >= MOST_WORDS or (ends and words >= LEAST_WORDS):
                return True
        before = c
    return False


def version(given):
    told = subprocess.run([given.bin / "llama-server", "--version"], capture_output=True, text=True, check=True)
    lines = (told.stderr + told.stdout).splitlines()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("version:")]
    say(version=named[0] if named else "unknown")


def bench(program, *arguments):
    """Runs one of the benches; its JSON lines."""
    done = subprocess.run(
        [str(program), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        sys.exit(f"{program.name} failed: {done.stderr[-600:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def speeds(given):
    """One round: prefill, decode alone after the same number of tokens, and eight together."""
    common = ("-m", given.model, "-t", given.threads)
    single = (*common, "-r", 1, "-o", "jsonl")
    (read,) = bench(given.bin / "llama-bench", *single, "-p", given.prompt, "-n", 0)
    (write,) = bench(given.bin / "llama-bench", *single, "-p", 0, "-n", given.write, "-d", given.prompt)
    batch = ("-npp", given.batch_prompt, "-ntg", given.write, "-npl", given.together)
    context = given.together * (given.batch_prompt + given.write) + 64
    rows = bench(given.bin / "llama-batched-bench", *common, "-c", context, *batch, "--output-format", "jsonl")
    (eight,) = [row for row in rows if "speed_tg" in row]
    say(prefill_tps=read["avg_ts"], decode_tps=write["avg_ts"], eight_tps=eight["speed_tg"])


class Server:
    """llama-server, started and stopped."""

    def __init__(self, given):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        flags = {
            "--threads": given.threads,
            "--parallel": given.slots,
            "--ctx-size": given.context,
            # A prompt goes to the slot that shares the most with it, and chunks that only moved
            # are moved in the cache instead of being read again.
            "--slot-prompt-similarity": 0.05,
            "--cache-reuse": 64,
            "--cache-ram": 2048,
        }
        words = [str(word) for pair in flags.items() for word in pair]
        words += ["--cont-batching", "--cache-prompt", "--no-context-shift", "--no-webui"]
        self.setting = " ".join(words)
        command = [str(given.bin / "llama-server"), "--model", str(given.model), *words]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(1200):
            if self.process.poll() is not None:
                sys.exit(f"llama-server ended with {self.process.returncode}: {self.setting}")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.1)
        sys.exit("llama-server did not get ready in two minutes")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def peak_rss_bytes(self):
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return None
        kib = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(kib[0]) * 1024 if kib else None


def events(answer):
    """The JSON events of a stream."""
    while line := answer.readline():
        if line.startswith(b"data: ") and line.strip() != b"data: [DONE]":
            yield json.loads(line[6:])


def ask(server, row, arrives):
    """Plays one row; returns what its asker saw."""
    time.sleep(max(0.0, arrives - time.perf_counter()))

    def now():
        return (time.perf_counter() - arrives) * 1e3

    seen = {"id": row["id"], "end": "failed", "tokens": 0, "prompt_tokens": len(row["ids"]), "reused": 0}
    body = {
        "prompt": row["ids"],
        "n_predict": row["n_predict"],
        "temperature": 0.0,
        "samplers": ["temperature"],
        "ignore_eos": True,
        "cache_prompt": True,
        "stream": True,
    }
    text = ""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    try:
        connection.request("POST", "/completion", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            seen["why"] = f"status {answer.status}: {answer.read(300).decode(errors='replace')}"
            return seen
        for event in events(answer):
            if event.get("content"):
                seen.setdefault("first_token_ms", now())
                text += event["content"]
                if "first_sentence_ms" not in seen and is_there(text):
                    seen["first_sentence_ms"] = now()
            if event.get("stop"):
                timings = event.get("timings", {})
                seen["end"] = "whole"
                seen["tokens"] = timings.get("predicted_n", 0)
                seen["prefill_ms"] = timings.get("prompt_ms")
                seen["reused"] = timings.get("cache_n", len(row["ids"]) - timings.get("prompt_n", len(row["ids"])))
                seen.setdefault("first_sentence_ms", now())
                break
            leaves = row.get("leaves_ms")
            if leaves is not None and now() >= leaves:
                seen["end"] = "cancelled"
                break
    except OSError as error:
        seen["why"] = str(error)
    finally:
        connection.close()
        seen["total_ms"] = now()
        seen["text"] = text
    return seen


def serve(given):
    with open(given.trace, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    with Server(given) as server:
        say(setting=server.setting)
        for row in rows:
            if row.get("warm"):
                ask(server, row, time.perf_counter())
        start = time.perf_counter() + 0.2
        ended = threading.Lock()

        def play(row):
            seen = ask(server, row, start + row["at_ms"] / 1e3)
            with ended:
                say(**seen)

        threads = [threading.Thread(target=play, args=(row,)) for row in rows if not row.get("warm")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        say(seconds=time.perf_counter() - start, peak_rss_bytes=server.peak_rss_bytes())


def sentences(_):
    for line in sys.stdin:
        say(there=is_there(json.loads(line)["text"]))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bin", type=pathlib.Path, default=programs(default_cache()))
    what = arguments.add_subparsers(dest="what", required=True)
    what.add_parser("version").set_defaults(run=version)
    what.add_parser("sentences").set_defaults(run=sentences)
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument("--model", type=pathlib.Path, required=True)
    model.add_argument("--threads", type=int, default=2)
    alone = what.add_parser("speeds", parents=[model])
    for name, default in (("--prompt", 512), ("--write", 64), ("--together", 8), ("--batch-prompt", 128)):
        alone.add_argument(name, type=int, default=default)
    alone.set_defaults(run=speeds)
    played = what.add_parser("serve", parents=[model])
    played.add_argument("trace")
    played.add_argument("--slots", type=int, default=8)
    played.add_argument("--context", type=int, default=8192)
    played.set_defaults(run=serve)
    given = arguments.parse_args()
    if given.what != "sentences" and not (given.bin / "llama-server").is_file():
        sys.exit(f"no llama-server in {given.bin}: python benches/peers/llama_build.py")
    given.run(given)
    return 0


if __name__ == "__main__":
    sys.exit(main())
