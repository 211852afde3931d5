"""Dirty CSV files become findings with file, line, field and reason; good rows beside them are kept."""

from pathlib import Path

import pytest

from academic.imports.oneroster.bundle import Bundle, read_bundle
from academic.imports.oneroster.records import UserRow
from academic.imports.refusals import RowsTooMany
from infra.demo_files import bundle, csv_bytes, header, manifest, zipped

ORG = {"sourcedId": "o1", "name": "North", "type": "school"}
TERM = {
    "sourcedId": "t1",
    "title": "Autumn",
    "type": "term",
    "startDate": "2026-09-01",
    "endDate": "2026-12-24",
    "schoolYear": "2026",
}
USER = {"sourcedId": "u1", "enabledUser": "true", "givenName": "Ana", "familyName": "Sol"}
ENROLLMENT = {
    "sourcedId": "e1",
    "classSourcedId": "c1",
    "schoolSourcedId": "o1",
    "userSourcedId": "u1",
    "role": "student",
    "beginDate": "2026-09-01",
    "endDate": "2026-12-24",
}


def read(tmp_path: Path, content: bytes) -> Bundle:
    path = tmp_path / "upload.zip"
    path.write_bytes(content)
    return read_bundle(path)


def found(read: Bundle) -> list[tuple[str, int, str, str, str]]:
    return [(f.file, f.line, f.field, f.severity, f.code) for f in read.findings.kept]


def orgs(tmp_path: Path, text: bytes) -> Bundle:
    return read(tmp_path, zipped({"manifest.csv": manifest({"orgs": "bulk"}), "orgs.csv": text}))


def test_A25_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    result = orgs(tmp_path, b"\xef\xbb\xbfsourcedId,name,type\r\no1,North,school\r\n")
    assert found(result) == []
    assert result.rows["orgs"] == 1


def test_A25_a_row_in_latin_1_is_refused_and_its_neighbours_kept(tmp_path: Path) -> None:
    text = b"sourcedId,name,type\no1,Espa\xf1a,school\n" + "o2,España,school\n".encode()
    result = orgs(tmp_path, text)
    assert found(result) == [("orgs.csv", 2, "", "error", "encoding")]
    assert list(result.records["orgs"]) == ["o2"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_A25_a_file_in_utf_16_is_refused(tmp_path: Path, encoding: str) -> None:
    result = orgs(tmp_path, "sourcedId,name,type\no1,North,school\n".encode(encoding))
    assert ("orgs.csv", 1, "", "error", "encoding") in found(result)
    assert result.records["orgs"] == {}


@pytest.mark.parametrize("text", [b"", b"\n\n", b"\r\n"])
def test_A25_a_file_without_header_is_an_error(tmp_path: Path, text: bytes) -> None:
    assert found(orgs(tmp_path, text)) == [("orgs.csv", 1, "", "error", "header")]


def test_A25_a_missing_required_column_refuses_every_row(tmp_path: Path) -> None:
    result = orgs(tmp_path, b"sourcedId,type\no1,school\no2,school\n")
    assert found(result) == [("orgs.csv", 1, "name", "error", "missing-column")]
    assert (result.rows["orgs"], result.tally["orgs"]["refused"]) == (2, 2)


def test_A25_a_column_named_twice_refuses_the_file(tmp_path: Path) -> None:
    result = orgs(tmp_path, b"sourcedId,name,type,name\no1,North,school,South\n")
    assert found(result) == [("orgs.csv", 1, "name", "error", "duplicate-column")]


def test_A25_misspelt_unknown_and_empty_columns_are_warnings(tmp_path: Path) -> None:
    result = orgs(tmp_path, b"sourcedId,name,type,identifyer,Bank account,\no1,North,school,N,1,\n")
    assert found(result) == [
        ("orgs.csv", 1, "identifier", "warning", "misspelt-column"),
        ("orgs.csv", 1, "", "warning", "unknown-column"),
        ("orgs.csv", 1, "", "warning", "empty-column"),
    ]
    assert result.tally["orgs"]["refused"] == 0


def test_A25_rows_may_lack_the_cells_of_unnamed_last_columns(tmp_path: Path) -> None:
    result = orgs(tmp_path, b"sourcedId,name,type,,\no1,North,school\n")
    assert result.tally["orgs"]["refused"] == 0


@pytest.mark.parametrize("row", [b"o1,North", b"o1,North,school,more"])
def test_A25_a_row_with_another_number_of_fields_is_refused(tmp_path: Path, row: bytes) -> None:
    result = orgs(tmp_path, b"sourcedId,name,type\n" + row + b"\n")
    assert found(result) == [("orgs.csv", 2, "", "error", "field-count")]


def test_A25_a_nul_byte_is_refused(tmp_path: Path) -> None:
    result = orgs(tmp_path, b"sourcedId,name,type\no1,No\0rth,school\n")
    assert found(result) == [("orgs.csv", 2, "", "error", "control-character")]


def test_A25_quotes_that_do_not_match_refuse_the_row(tmp_path: Path) -> None:
    result = orgs(tmp_path, b'sourcedId,name,type\no1,"No"rth,school\no2,South,school\n')
    assert found(result) == [("orgs.csv", 2, "", "error", "quotes")]
    assert list(result.records["orgs"]) == ["o2"]


def test_A25_a_value_over_two_lines_counts_lines_as_an_editor_does(tmp_path: Path) -> None:
    result = orgs(tmp_path, b'sourcedId,name,type\no1,"North\nside",school\no2,,school\n')
    assert found(result) == [("orgs.csv", 4, "name", "error", "value-missing")]


def test_A25_a_second_row_of_one_id_is_refused(tmp_path: Path) -> None:
    result = read(tmp_path, bundle({"orgs": [ORG, ORG | {"name": "South"}]}))
    assert found(result) == [("orgs.csv", 3, "sourcedId", "error", "duplicate-id")]
    assert result.tally["orgs"]["refused"] == 1


def test_A25_a_value_that_is_too_long_is_refused(tmp_path: Path) -> None:
    result = read(tmp_path, bundle({"orgs": [ORG | {"name": "N" * 300}]}))
    assert found(result) == [("orgs.csv", 2, "name", "error", "too-long")]


def test_A25_words_outside_the_standard_are_warnings(tmp_path: Path) -> None:
    rows = [
        ORG | {"sourcedId": "o1", "type": "School"},
        ORG | {"sourcedId": "o2", "type": "castle"},
        ORG | {"sourcedId": "o3", "type": "ext:castle"},
        ORG | {"sourcedId": "o4", "status": "inactive"},
    ]
    result = read(tmp_path, bundle({"orgs": rows}))
    assert found(result) == [
        ("orgs.csv", 2, "type", "warning", "wrong-case"),
        ("orgs.csv", 3, "type", "warning", "unknown-value"),
        ("orgs.csv", 5, "status", "warning", "unknown-value"),
    ]
    assert [record.status for record in result.records["orgs"].values()] == ["active"] * 4


@pytest.mark.parametrize("value", ["1/05/2023", "yesterday", "2023-13-01", "2023-W01-1", "9" * 200])
def test_A25_a_strange_date_of_change_is_a_warning(tmp_path: Path, value: str) -> None:
    result = read(tmp_path, bundle({"orgs": [ORG | {"dateLastModified": value}]}))
    assert found(result) == [("orgs.csv", 2, "dateLastModified", "warning", "not-a-date")]


@pytest.mark.parametrize("value", ["2023-05-01", "2023-05-01T18:25:43.511Z", "2023-05-01T18:25:43+02:00"])
def test_A25_an_iso_date_of_change_is_fine(tmp_path: Path, value: str) -> None:
    assert found(read(tmp_path, bundle({"orgs": [ORG | {"dateLastModified": value}]}))) == []


@pytest.mark.parametrize("value", ["1/05/2023", "2026-02-30", "20260901", "2026-9-1", "9" * 200])
def test_A25_a_strange_begin_or_end_is_an_error(tmp_path: Path, value: str) -> None:
    result = read(tmp_path, bundle({"enrollments": [ENROLLMENT | {"endDate": value}]}))
    assert found(result) == [("enrollments.csv", 2, "endDate", "error", "not-a-date")]


def test_A25_dates_the_wrong_way_round_are_an_error(tmp_path: Path) -> None:
    files = {
        "academicSessions": [TERM | {"endDate": "2026-08-31"}],
        "enrollments": [ENROLLMENT | {"endDate": ENROLLMENT["beginDate"]}],
    }
    assert found(read(tmp_path, bundle(files))) == [
        ("academicSessions.csv", 2, "endDate", "error", "dates-reversed"),
        ("enrollments.csv", 2, "endDate", "error", "dates-reversed"),
    ]


def test_A25_a_strange_school_year_is_a_warning(tmp_path: Path) -> None:
    result = read(tmp_path, bundle({"academicSessions": [TERM | {"schoolYear": "9" * 30}]}))
    assert found(result) == [("academicSessions.csv", 2, "schoolYear", "warning", "not-a-year")]


def test_A25_a_student_cannot_be_primary(tmp_path: Path) -> None:
    result = read(tmp_path, bundle({"enrollments": [ENROLLMENT | {"primary": "true"}]}))
    assert found(result) == [("enrollments.csv", 2, "primary", "warning", "primary-not-teacher")]


def test_A25_lists_in_quotes_are_read_as_lists(tmp_path: Path) -> None:
    result = read(tmp_path, bundle({"users": [USER | {"agentSourcedIds": "u2, u3,,u2"}]}))
    (user,) = result.records["users"].values()
    assert isinstance(user, UserRow)
    assert user.agents == ("u2", "u3")


def test_A25_passwords_are_never_looked_at(tmp_path: Path) -> None:
    result = read(tmp_path, bundle({"users": [USER | {"password": "Secret-1" + "x" * 300}]}))
    assert found(result) == []
    assert "Secret" not in repr(result)


def test_A25_findings_never_repeat_what_stood_in_a_cell(tmp_path: Path) -> None:
    people = [
        USER | {"sourcedId": "u1", "enabledUser": "Mary", "dateLastModified": "Mary", "status": "Mary"},
        USER | {"sourcedId": "u2", "givenName": "Mary" * 100},
    ]
    result = read(tmp_path, bundle({"users": people, "roles": []}, orgs=b"Mary,Jones,mary@example.org\n"))
    headless = read(tmp_path, bundle({}, users=b"u1,Mary,Jones\nu2,Mary,Jones\n", manifest=manifest({"users": "bulk"})))
    assert result.findings.total > 3
    assert headless.findings.errors > 0
    assert "Mary" not in repr(result.findings) + repr(headless.findings)


def test_A28_a_delta_row_must_say_its_status(tmp_path: Path) -> None:
    rows = [ORG, ORG | {"sourcedId": "o2", "status": "active", "dateLastModified": "2026-01-01T00:00:00Z"}]
    result = read(tmp_path, bundle({"orgs": rows}, mode="delta"))
    assert found(result) == [
        ("orgs.csv", 2, "status", "error", "value-missing"),
        ("orgs.csv", 2, "dateLastModified", "warning", "value-missing"),
    ]


def test_A28_a_row_to_be_deleted_needs_only_its_id(tmp_path: Path) -> None:
    row = {"sourcedId": "t1", "status": "tobedeleted", "dateLastModified": "2026-01-01T00:00:00Z"}
    enrolment = row | {"classSourcedId": "c1"}
    files = {"enrollments": [enrolment], "academicSessions": [row], "classes": [row], "users": [row]}
    result = read(tmp_path, bundle(files, mode="delta"))
    assert found(result) == []


def test_A25_a_file_that_the_manifest_promises_must_be_there(tmp_path: Path) -> None:
    result = read(tmp_path, bundle({}, manifest=manifest({"users": "bulk"})))
    assert found(result) == [("users.csv", 1, "", "error", "file-missing")]


def test_A25_a_file_that_the_manifest_calls_absent_is_not_read(tmp_path: Path) -> None:
    content = bundle({"orgs": [ORG]}, manifest=manifest({}), notes=b"\xff\xfe not of the standard")
    result = read(tmp_path, content)
    assert found(result) == [
        ("orgs.csv", 1, "", "warning", "file-not-declared"),
        ("", 0, "", "warning", "unknown-file"),
    ]
    assert result.records == {}


def test_A25_roles_under_the_name_of_profiles_are_ignored_with_a_warning(tmp_path: Path) -> None:
    text = csv_bytes(header("roles"), [{"sourcedId": "r1", "userSourcedId": "u1", "role": "teacher"}])
    entries = manifest({}) + b"file.userProfiles,\r\nfile.scoreScales,\r\n"
    result = read(tmp_path, zipped({"manifest.csv": entries, "userprofiles.csv": text}))
    assert found(result) == [
        ("manifest.csv", 14, "value", "warning", "manifest-value"),
        ("manifest.csv", 15, "value", "warning", "manifest-value"),
        ("userProfiles.csv", 1, "", "warning", "file-not-declared"),
    ]


def test_A25_a_manifest_with_a_word_of_its_own_is_an_error(tmp_path: Path) -> None:
    entries = manifest({}, version="1.2.1").replace(b"file.orgs,absent", b"file.orgs,complete")
    result = read(tmp_path, zipped({"manifest.csv": entries + b"file.pupils,bulk\r\nfile.Users,Bulk\r\n"}))
    assert [code for *_, code in found(result)] == [
        "manifest-value",
        "unknown-file",
        "wrong-case",
        "duplicate-entry",
    ]


def test_A25_a_column_in_another_case_is_understood(tmp_path: Path) -> None:
    result = orgs(tmp_path, b"SOURCEDID,Name,TYPE\no1,North,school\n")
    assert found(result) == []
    assert list(result.records["orgs"]) == ["o1"]


def test_A25_more_rows_than_an_import_takes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("academic.imports.oneroster.bundle.MAX_ROWS", 2)
    with pytest.raises(RowsTooMany):
        read(tmp_path, bundle({"orgs": [ORG | {"sourcedId": f"o{n}"} for n in range(3)]}))
