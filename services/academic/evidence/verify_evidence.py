"""Verifies an evidence pack, alone: this file, Python 3.11 and `cryptography` are all it needs.

    python verify_evidence.py PACK --key PUBLIC_KEY [--key …]

The format is described in docs/reference/evidence-pack.md. Exit status: 0 intact, 1 not, 2 not to be judged."""

import argparse
import json
import sys
import zipfile
from base64 import b64decode
from hashlib import sha256
from struct import pack as packed
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "rollbook evidence 1"
MARK = ["enrolment_id", "person_id", "code", "code_version", "present", "billable", "arrived_at", "left_at"]
MARK += ["minutes", "guest"]
SIGNATURE = ("person_id", "enrolment_id", "method", "register_version", "content_hash", "image_sha256")
Json = dict[str, Any]


class Bad(Exception):
    pass


def need(holds: bool, why: str) -> None:
    if not holds:
        raise Bad(why)


def check_signature(keys: Json, key_id: str, signature: str, message: bytes, what: str) -> None:
    need(key_id in keys, f"{what} is signed with the key {key_id}, which was not given")
    try:
        keys[key_id].verify(bytes.fromhex(signature), message)
    except InvalidSignature:
        raise Bad(f"{what} is forged") from None


def check_files(pack: zipfile.ZipFile, keys: Json) -> Json:
    raw = pack.read("manifest.json")
    manifest: Json = json.loads(raw)
    message = FORMAT.encode() + b"\n" + raw
    check_signature(keys, manifest["key_id"], pack.read("manifest.sig").decode(), message, "the manifest")
    expected = sorted([*manifest["files"], "manifest.json", "manifest.sig"])
    need(manifest["format"] == FORMAT and sorted(pack.namelist()) == expected, "files are missing, or some were added")
    for name, digest in manifest["files"].items():
        need(sha256(pack.read(name)).hexdigest() == digest, f"{name} was changed")
    return manifest


def check_chain(chain: Json, manifest: Json, keys: Json) -> dict[int, str]:
    """The hashes of events that lead to a signed checkpoint, or to the head that the manifest signs, by position."""
    tenant, proven = UUID(chain["tenant_id"]), {}
    for segment in chain["segments"]:
        value, position, point = bytes.fromhex(segment["before"]), 0, segment["checkpoint"]
        for position, digest in segment["entries"]:
            value = sha256(b"rollbook entry 1\n" + value + bytes.fromhex(digest)).digest()
            proven[position] = digest
        end = point or manifest
        need([position, value.hex()] == [end["position"], end["chain_hash"]], f"the chain to {position} is broken")
        if point:
            when = packed(">qq", position, point["made_at"])
            message = b"rollbook checkpoint 1\n" + tenant.bytes + when + value + chain["service"].encode()
            check_signature(keys, point["key_id"], point["signature"], message, f"checkpoint {position}")
    return proven


def event_hash(tenant: UUID, event: Json) -> str:
    topic, ids = event["topic"].encode(), tenant.bytes + UUID(event["aggregate_id"]).bytes
    places = packed(">qqqi", event["position"], event["version"], event["recorded_at"], len(topic))
    return sha256(b"rollbook event 1\n" + ids + places + topic + event["state"].encode()).hexdigest()


def told(event: Json, lesson: Json) -> None:
    """What a stored event says of its lesson, told once more from its bytes."""
    stored = json.loads(event["state"])
    data, name, position = stored["data"], event["topic"].partition(".")[2], event["position"]
    by = {"position": position, "who": stored["meta"]["actor"], "at": stored["meta"]["time"]}
    if name in ("meeting_planned", "meeting_rescheduled"):
        lesson |= {key: data[key] for key in ("held_on", "starts", "ends")}
    elif name == "register_opened":
        lesson["opened"] = {key: data[key] for key in ("class_id", "meeting_id", "held_on", "minutes")}
    elif name in ("attendance_marked", "attendance_corrected"):
        marks = [{key: mark.get(key) for key in MARK} for mark in data.get("marks") or (data["before"], data["after"])]
        lesson["marks"] |= {mark["enrolment_id"]: mark for mark in marks}
        lesson["changed"] = position
        if name == "attendance_corrected":
            lesson["corrections"].append(by | {"from": marks[0], "to": marks[1]})
    elif name in ("register_signed", "meeting_signed"):
        lesson["signatures"].append(by | {key: data.get(key) for key in SIGNATURE})
        if name == "register_signed":
            content = lesson["opened"] | {"format": "rollbook register 1", "register_id": data["register_id"]}
            content["marks"] = [lesson["marks"][id] for id in sorted(lesson["marks"])]
            covered = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
            need(sha256(covered).hexdigest() == data["content_hash"], f"the signature at {position} is on other marks")


def check_lesson(stated: Json, tenant: UUID, proven: dict[int, str], pack: zipfile.ZipFile) -> None:
    lesson: Json = {"marks": {}, "corrections": [], "signatures": [], "changed": 0, "versions": {}}
    which = f"the lesson of {stated['held_on']}"
    for event in stated["events"]:
        position, before = event["position"], lesson["versions"].get(event["aggregate_id"], 0)
        need(proven.get(position) == event_hash(tenant, event), f"event {position} is not the one that was chained")
        need(event["version"] == before + 1, f"an event before {position} is missing")
        lesson["versions"][event["aggregate_id"]] = event["version"]
        told(event, lesson)
    need(all(stated[key] == lesson[key] for key in ("held_on", "starts", "ends")), f"{which} was at another time")
    marks = [lesson["marks"][id] for id in sorted(lesson["marks"])]
    need(stated["marks"] == marks, f"the marks of {which} are not those of its events")
    for name in ("corrections", "signatures"):
        lines, own = stated[name], lesson[name]
        same = len(lines) == len(own) and all(b | a == b for a, b in zip(own, lines, strict=True))
        need(same, f"the {name} of {which} are not those of its events")
    for line in stated["signatures"]:
        late = lesson["changed"] > line["position"] if line["register_version"] else None
        need(line["changed_since"] == late, f"what {which} says of changes after a signature is not true")
        image = line["image"] and sha256(pack.read(line["image"])).hexdigest()
        need(image in (None, line["image_sha256"]), f"{line['image']} is another image")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack")
    parser.add_argument("--key", action="append", required=True)
    given, status = parser.parse_args(), 0
    try:
        raw = [b64decode(text, validate=True) for text in given.key]
        keys = {sha256(key).hexdigest()[:16]: Ed25519PublicKey.from_public_bytes(key) for key in raw}
        with zipfile.ZipFile(given.pack) as pack:
            manifest = check_files(pack, keys)
            register, chain = json.loads(pack.read("register.json")), json.loads(pack.read("chain.json"))
            proven = check_chain(chain, manifest, keys)
            for lesson in register["meetings"]:
                check_lesson(lesson, UUID(chain["tenant_id"]), proven, pack)
        said = f"intact: {register['class']['title']}, lessons: {len(register['meetings'])}, at {manifest['position']}"
    except Bad as bad:
        said, status = f"BAD: {bad}", 1
    except Exception as error:  # noqa: BLE001 - whatever cannot be read was not made by this product
        said, status = f"cannot be judged: {type(error).__name__}: {error}", 2
    sys.stdout.write(said + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
