#!/usr/bin/env python3
"""Writes a Python wheel that carries a built binary: wheel.py BINARY OUT [--platform TAG].

A wheel is a zip with metadata. maturin would build the binary a second time, so this writes it.
The same binary gives the same bytes.
"""

import argparse
import base64
import hashlib
import pathlib
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import about  # noqa: E402

# A static binary runs with every C library.
STATIC_LINUX = "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--platform", default=STATIC_LINUX, metavar="TAG")
    args = parser.parse_args()
    print(write(args.binary, args.out, args.platform))


def write(binary, out, platform):
    name = about.PACKAGE.replace("-", "_")
    stem = f"{name}-{about.VERSION}"
    info = f"{stem}.dist-info"
    tags = "".join(f"Tag: py3-none-{tag}\n" for tag in platform.split("."))
    files = [
        (f"{stem}.data/scripts/{binary.name}", binary.read_bytes(), 0o755),
        (f"{info}/METADATA", metadata().encode(), 0o644),
        (f"{info}/WHEEL", f"{WHEEL}{tags}".encode(), 0o644),
    ]
    files += [(f"{info}/{path.name}", path.read_bytes(), 0o644) for path in about.licences()]
    record = "".join(f"{path},{digest(data)},{len(data)}\n" for path, data, _ in files)
    record += f"{info}/RECORD,,\n"
    files.append((f"{info}/RECORD", record.encode(), 0o644))
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{stem}-py3-none-{platform}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data, mode in files:
            entry = zipfile.ZipInfo(member)
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path


def metadata():
    head = [
        "Metadata-Version: 2.4",
        f"Name: {about.PACKAGE}",
        f"Version: {about.VERSION}",
        f"Summary: {about.SUMMARY}",
        f"License-Expression: {about.LICENCE}",
        *(f"License-File: {path.name}" for path in about.licences()),
        "Description-Content-Type: text/markdown",
        "",
    ]
    return "\n".join(head) + "\n" + about.readme()


def digest(data):
    found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={found.decode()}"


WHEEL = "Wheel-Version: 1.0\nGenerator: packaging/wheel.py\nRoot-Is-Purelib: false\n"

if __name__ == "__main__":
    main()
