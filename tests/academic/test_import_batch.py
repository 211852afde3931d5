"""What an import batch decides."""

from datetime import UTC, datetime

from academic.imports.counts import FileCounts
from academic.imports.findings import Finding
from academic.imports.import_batch import PAGE, ImportBatch
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, tzinfo=UTC)
COUNTS = (FileCounts("orgs.csv", rows=1, created=1),)
WRONG = Finding("orgs.csv", 2, "name", "error", "value-missing", "A required value is missing.")


def staged(mode: str = "all-or-nothing") -> ImportBatch:
    return ImportBatch(
        id=uuid7(),
        tenant_id=uuid7(),
        sha256="00",
        size=1,
        version="1.2",
        files=("orgs",),
        mode=mode,
        retire_missing=False,
        timestamp=NOW,
    )


def validated() -> ImportBatch:
    batch = staged()
    batch.validate(COUNTS, [], 0, 0, NOW)
    return batch


def test_A25_an_import_without_errors_is_validated() -> None:
    given(staged()).when(lambda b: b.validate(COUNTS, [], 0, 2, NOW)).then(
        ImportBatch.Validated, counts=COUNTS, errors=0, warnings=2
    )


def test_A25_errors_reject_an_import_that_was_to_be_applied_as_a_whole() -> None:
    given(staged()).when(lambda b: b.validate(COUNTS, [WRONG], 1, 0, NOW)).then_events(
        ImportBatch.FindingsReported, ImportBatch.Rejected
    )


def test_A25_errors_do_not_stop_the_good_rows_of_a_best_effort() -> None:
    given(staged("best-effort")).when(lambda b: b.validate(COUNTS, [WRONG], 1, 0, NOW)).then_events(
        ImportBatch.FindingsReported, ImportBatch.Validated
    )


def test_A25_many_findings_are_told_page_by_page() -> None:
    found = [WRONG] * (PAGE + 1)
    given(staged()).when(lambda b: b.validate(COUNTS, found, len(found), 0, NOW)).then_events(
        ImportBatch.FindingsReported, ImportBatch.FindingsReported, ImportBatch.Rejected
    )


def test_A25_an_import_is_validated_once() -> None:
    given(validated()).when(lambda b: b.validate(COUNTS, [WRONG], 1, 0, NOW)).then_nothing()


def test_A25_a_validated_import_can_be_applied() -> None:
    given(validated()).when(lambda b: b.apply(COUNTS, [], NOW)).then(ImportBatch.Applied, counts=COUNTS)


def test_A25_rows_that_were_refused_late_are_told_too() -> None:
    given(validated()).when(lambda b: b.apply(COUNTS, [WRONG], NOW)).then_events(
        ImportBatch.FindingsReported, ImportBatch.Applied
    )


def test_A25_an_import_that_was_not_validated_cannot_be_applied() -> None:
    given(staged()).when(lambda b: b.apply(COUNTS, [], NOW)).then_nothing()
