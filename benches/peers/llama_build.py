#!/usr/bin/env python3
"""llama.cpp for `millwright lab --peers`, built from the sources that llama-cpp-python carries.

    python benches/peers/llama_build.py [--cache DIR] [--jobs N]

Downloads the source package with pip, unpacks llama.cpp out of it, and builds llama-server,
llama-bench and llama-batched-bench for this machine's own CPU into
DIR/llama.cpp/VERSION/bin (DIR: millwright-peers in the user's cache directory). What is there
already is not done again. Needs pip, cmake and a C++ compiler. Prints the directory of the
programs as the last line.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "llama-cpp-python"
VERSION = "0.3.36"
SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
PROGRAMS = ("llama-server", "llama-bench", "llama-batched-bench")
SETTINGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=OFF",
    # The instructions of the machine that builds: the fastest that it can be here.
    "-DGGML_NATIVE=ON",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
)


def default_cache():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(home) / "millwright-peers"


def programs(cache):
    """Where the programs are, or will be."""
    return cache / "llama.cpp" / VERSION / "bin"


def are_there(directory):
    return all((directory / name).is_file() for name in PROGRAMS)


def run(*command):
    # Only the directory's name goes to stdout.
    subprocess.run([str(part) for part in command], check=True, stdout=sys.stderr)


def sources(folder):
    """Downloads and unpacks llama.cpp below `folder`; returns its directory."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"--no-binary={PACKAGE}"]
    with tempfile.TemporaryDirectory(dir=folder) as there:
        pin = pathlib.Path(there) / "requirements.txt"
        pin.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{SHA256}\n")
        run(*pip, "--require-hashes", "--dest", there, "--requirement", pin)
        (archive,) = pathlib.Path(there).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    (root,) = folder.glob("*/vendor/llama.cpp")
    return root


def build(cache, jobs):
    target = programs(cache)
    if are_there(target):
        return target
    for tool in ("cmake", "c++"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is needed to build llama.cpp (Debian: apt-get install cmake g++)")
    folder = target.parent
    folder.mkdir(parents=True, exist_ok=True)
    found = list(folder.glob("*/vendor/llama.cpp"))
    root = found[0] if found else sources(folder)
    run("cmake", "-S", root, "-B", folder / "build", *SETTINGS)
    run("cmake", "--build", folder / "build", "--parallel", jobs, "--target", *PROGRAMS)
    target.mkdir(exist_ok=True)
    for name in PROGRAMS:
        shutil.copy2(folder / "build" / "bin" / name, target / name)
    return target


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--cache", type=pathlib.Path, default=default_cache())
    arguments.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = arguments.parse_args()
    print(build(given.cache, given.jobs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
