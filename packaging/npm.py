#!/usr/bin/env python3
"""Writes npm packages that carry a built binary: npm.py BINARY OUT [--platform OS-CPU].

Two packages, as esbuild and others have it: one with the binary for one platform, and one for all
that names those of every platform as optional and starts the one that npm has installed. The same
binary gives the same bytes.
"""

import argparse
import gzip
import io
import json
import pathlib
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import about  # noqa: E402

PLATFORMS = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64", "win32-x64"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--platform", default="linux-x64", choices=PLATFORMS)
    args = parser.parse_args()
    system, cpu = args.platform.split("-")
    carrier = {
        "name": f"{about.PACKAGE}-{args.platform}",
        "os": [system],
        "cpu": [cpu],
    }
    binary = (f"bin/{args.binary.name}", args.binary.read_bytes(), 0o755)
    print(write(args.out, carrier, [binary]))
    starter = {
        "name": about.PACKAGE,
        "bin": {"firedrill": "firedrill.js"},
        "engines": {"node": ">=18"},
        "optionalDependencies": {f"{about.PACKAGE}-{one}": about.VERSION for one in PLATFORMS},
    }
    script = pathlib.Path(__file__).parent / "npm" / "firedrill.js"
    script = script.read_bytes().replace(b"$PACKAGE", about.PACKAGE.encode())
    readme = ("README.md", about.readme().encode(), 0o644)
    print(write(args.out, starter, [("firedrill.js", script, 0o755), readme]))


def write(out, package, files):
    package = {
        **package,
        "version": about.VERSION,
        "description": about.SUMMARY,
        "license": about.LICENCE,
    }
    text = json.dumps(package, indent=2) + "\n"
    files = [("package.json", text.encode(), 0o644), *files]
    files += [(path.name, path.read_bytes(), 0o644) for path in about.licences()]
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{package['name']}-{about.VERSION}.tgz"
    with open(path, "wb") as raw:
        with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
            with tarfile.open(fileobj=packed, mode="w") as archive:
                for name, data, mode in files:
                    entry = tarfile.TarInfo(f"package/{name}")
                    entry.size, entry.mode = len(data), mode
                    archive.addfile(entry, io.BytesIO(data))
    return path


if __name__ == "__main__":
    main()
