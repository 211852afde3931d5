"""The pack: a ZIP with a signed manifest. The same evidence gives the same bytes."""

import json
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import IO

from academic.evidence.gathering import FORMAT, Evidence
from academic.evidence.page import pdf_of
from shared.checkpoints import CheckpointKey

VERIFIER = Path(__file__).with_name("verify_evidence.py")
MADE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a ZIP can name: an entry has none of its own."""


def write_pack(target: IO[bytes], evidence: Evidence, key: CheckpointKey) -> None:
    files = files_of(evidence)
    manifest = spelled(
        {
            "format": FORMAT,
            "class_id": evidence.register["class"]["id"],
            "position": evidence.head.position,
            "chain_hash": evidence.head.chain_hash.hex(),
            "key_id": key.id,
            "files": {name: sha256(content).hexdigest() for name, content in files.items()},
        }
    )
    signature = key.sign_bytes(FORMAT.encode() + b"\n" + manifest)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"manifest.json": manifest, "manifest.sig": signature.hex().encode(), **files}.items():
            entry = zipfile.ZipInfo(name, date_time=MADE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def files_of(evidence: Evidence) -> dict[str, bytes]:
    register = spelled(evidence.register)
    return {
        "register.json": register,
        "register.pdf": pdf_of(evidence.register, sha256(register).hexdigest()),
        "chain.json": spelled(evidence.chain),
        "verify_evidence.py": VERIFIER.read_bytes(),
        **{name: evidence.images[name] for name in sorted(evidence.images)},
    }


def spelled(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"
