#!/usr/bin/env python3
"""sbom.py VERSION CHANGELOG.md NAME=VERSION=HOW…: prints what clawbox is made of as SPDX 2.3 (JSON).

HOW is static (it is in the program, also as headers), shared or loaded (at run time, where it is there; then there may be
no VERSION). The same arguments make the same bytes: its date is SOURCE_DATE_EPOCH, else that of the version.
"""
import datetime
import hashlib
import json
import os
import pathlib
import re
import sys

# Licenses as their projects state them, by SPDX's names.
LICENSES = {
    "CLI11": "BSD-3-Clause",
    "fmt": "MIT",
    "gcc-runtime": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "glibc": "LGPL-2.1-or-later",
    "libcap": "BSD-3-Clause OR GPL-2.0-only",
    "libcrypto": "Apache-2.0",
    "libidn2": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "libmnl": "LGPL-2.1-or-later",
    "libseccomp": "LGPL-2.1-only",
    "libsystemd": "LGPL-2.1-or-later",
    "libzstd": "BSD-3-Clause OR GPL-2.0-only",
    "nlohmann_json": "MIT",
    "tomlplusplus": "MIT",
}
RELATIONS = {"static": "STATIC_LINK", "shared": "DYNAMIC_LINK", "loaded": "OPTIONAL_DEPENDENCY_OF"}


def created(version: str, changelog: str) -> str:
    day = re.search(rf"^## {re.escape(version)} \((\S+)\)$", changelog, re.M)
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch else \
        datetime.datetime.fromisoformat(day[1] + "T00:00:00")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def reference(name: str) -> str:
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def package(name: str, version: str, license_: str) -> dict:
    found = {"name": name, "SPDXID": reference(name), "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
             "licenseConcluded": license_, "licenseDeclared": license_, "copyrightText": "NOASSERTION"}
    return {**found, "versionInfo": version} if version else found


def relation(name: str, how: str) -> dict:
    ends = [reference("clawbox"), reference(name)]
    first, second = reversed(ends) if how == "loaded" else ends
    return {"spdxElementId": first, "relationshipType": RELATIONS[how], "relatedSpdxElement": second}


def document(version: str, changelog: str, libraries: list[tuple[str, str, str]]) -> dict:
    packages = [package("clawbox", version, "Apache-2.0")]
    packages += [package(name, found, LICENSES[name]) for name, found, _ in libraries]
    digest = hashlib.sha256(repr((version, libraries)).encode()).hexdigest()[:16]
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"clawbox-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/clawbox-{version}-{digest}",
        "creationInfo": {"created": created(version, changelog), "creators": ["Tool: clawbox/tools/sbom.py"]},
        "packages": packages,
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
             "relatedSpdxElement": reference("clawbox")}, *(relation(name, how) for name, _, how in libraries)],
    }


def main(version: str, changelog: str, *words: str) -> None:
    libraries = [tuple(word.split("=")) for word in sorted(words)]
    print(json.dumps(document(version, pathlib.Path(changelog).read_text(encoding="utf-8"), libraries), indent=2))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
