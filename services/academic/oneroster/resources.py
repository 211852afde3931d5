"""The classes of OneRoster: their rows in SQL, with the ids of the source system in place of ours, and their fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "day", "instant", "flag", "texts", "sealed"]


@dataclass(frozen=True)
class Field:
    """`column` of the rows; a `sealed` one can be read only after it was opened."""

    column: str
    kind: Kind


@dataclass(frozen=True)
class Resource:
    """`one` and `many` are the names in documents, `fields` those of filters and sorting; `more` are only shown."""

    one: str
    many: str
    rows: str
    fields: Mapping[str, Field]
    more: frozenset[str] = frozenset()

    @property
    def selectable(self) -> frozenset[str]:
        """Names that `fields` can choose."""
        return self.more.union(name.partition(".")[0] for name in self.fields)


def told(**kinds: tuple[str, Kind]) -> dict[str, Field]:
    """Names of the standard, with column and kind; `_` in a name stands for the dot before sourcedId."""
    head = {
        "sourcedId": Field("sourced_id", "text"),
        "status": Field("status", "text"),
        "dateLastModified": Field("changed", "instant"),
    }
    return head | {name.replace("_", "."): Field(column, kind) for name, (column, kind) in kinds.items()}


HEAD = """t.tenant_id, t.id, t.sourced_id, date_trunc('milliseconds', t.changed) AS changed,
    CASE WHEN t.gone THEN 'tobedeleted' ELSE 'active' END COLLATE "C" AS status"""
ROOT = "%(root)s::text"
"""The sourcedId of the school's own root org."""

ORG = Resource(
    "org",
    "orgs",
    f"""SELECT {HEAD}, t.name, t.type, t.identifier, p.sourced_id AS parent
    FROM oneroster_org t LEFT JOIN oneroster_org p ON p.tenant_id = t.tenant_id AND p.id = t.parent_id
    WHERE t.tenant_id = %(tenant)s""",  # noqa: S608
    told(
        name=("name", "text"),
        type=("type", "text"),
        identifier=("identifier", "text"),
        parent_sourcedId=("parent", "text"),
    ),
)
SESSION = Resource(
    "academicSession",
    "academicSessions",
    f"""SELECT {HEAD}, t.title, t.type, t.start_on, t.end_on, t.school_year, p.sourced_id AS parent
    FROM oneroster_session t LEFT JOIN oneroster_session p ON p.tenant_id = t.tenant_id AND p.id = t.parent_id
    WHERE t.tenant_id = %(tenant)s""",  # noqa: S608
    told(
        title=("title", "text"),
        type=("type", "text"),
        startDate=("start_on", "day"),
        endDate=("end_on", "day"),
        schoolYear=("school_year", "text"),
        parent_sourcedId=("parent", "text"),
    ),
)
COURSE = Resource(
    "course",
    "courses",
    f"""SELECT {HEAD}, t.title, t.course_code, t.grades, t.subjects, y.sourced_id AS school_year,
        coalesce(o.sourced_id, {ROOT}) AS org
    FROM oneroster_course t
    LEFT JOIN oneroster_org o ON o.tenant_id = t.tenant_id AND o.id = t.org_id
    LEFT JOIN oneroster_session y ON y.tenant_id = t.tenant_id AND y.id = t.school_year_id
    WHERE t.tenant_id = %(tenant)s""",  # noqa: S608
    told(
        title=("title", "text"),
        courseCode=("course_code", "text"),
        grades=("grades", "texts"),
        subjects=("subjects", "texts"),
        org_sourcedId=("org", "text"),
        schoolYear_sourcedId=("school_year", "text"),
    ),
)
CLASS = Resource(
    "class",
    "classes",
    f"""SELECT {HEAD}, t.title, t.class_code, t.class_type, t.location, t.grades, t.subjects, t.periods,
        coalesce(c.sourced_id, t.sourced_id) AS course, coalesce(o.sourced_id, {ROOT}) AS school,
        ARRAY(SELECT s.sourced_id FROM unnest(t.session_ids) WITH ORDINALITY AS n(id, place)
              JOIN oneroster_session s ON s.tenant_id = t.tenant_id AND s.id = n.id ORDER BY n.place) AS terms
    FROM oneroster_class t
    LEFT JOIN oneroster_course c ON c.tenant_id = t.tenant_id AND c.id = t.course_id
    LEFT JOIN oneroster_org o ON o.tenant_id = t.tenant_id AND o.id = t.org_id
    WHERE t.tenant_id = %(tenant)s""",  # noqa: S608
    told(
        title=("title", "text"),
        classCode=("class_code", "text"),
        classType=("class_type", "text"),
        location=("location", "text"),
        grades=("grades", "texts"),
        subjects=("subjects", "texts"),
        periods=("periods", "texts"),
        course_sourcedId=("course", "text"),
        school_sourcedId=("school", "text"),
        terms_sourcedId=("terms", "texts"),
    ),
)
USER = Resource(
    "user",
    "users",
    f"""SELECT {HEAD}, t.given_name, t.family_name, t.middle_name, t.email, t.username, t.phone, t.identifier,
        t.roles, t.grades, NOT t.gone AS enabled,
        coalesce(nullif(ARRAY(
            SELECT o.sourced_id FROM unnest(t.org_ids) WITH ORDINALITY AS n(id, place)
            JOIN oneroster_org o ON o.tenant_id = t.tenant_id AND o.id = n.id ORDER BY n.place
        ), '{{}}'), ARRAY[{ROOT}]) AS orgs,
        ARRAY(SELECT u.sourced_id FROM oneroster_agent a
              JOIN oneroster_user u ON u.tenant_id = a.tenant_id AND u.id = a.guardian_id
              WHERE a.tenant_id = t.tenant_id AND a.person_id = t.id AND NOT u.gone ORDER BY u.sourced_id) AS agents
    FROM oneroster_user t
    WHERE t.tenant_id = %(tenant)s""",  # noqa: S608
    told(
        enabledUser=("enabled", "flag"),
        givenName=("given_name", "sealed"),
        familyName=("family_name", "sealed"),
        middleName=("middle_name", "sealed"),
        username=("username", "sealed"),
        email=("email", "sealed"),
        phone=("phone", "sealed"),
        identifier=("identifier", "sealed"),
        grades=("grades", "texts"),
        roles_role=("roles", "texts"),
        roles_org_sourcedId=("orgs", "texts"),
        agents_sourcedId=("agents", "texts"),
    ),
    frozenset({"primaryOrg"}),
)
ENROLLMENT = Resource(
    "enrollment",
    "enrollments",
    f"""SELECT {HEAD}, t.class_id, t.person_id, t.role, t.is_primary, t.begin_on, t.end_on,
        c.sourced_id AS class_sourced, u.sourced_id AS user_sourced, coalesce(o.sourced_id, {ROOT}) AS school
    FROM oneroster_enrollment t
    JOIN oneroster_class c ON c.tenant_id = t.tenant_id AND c.id = t.class_id
    JOIN oneroster_user u ON u.tenant_id = t.tenant_id AND u.id = t.person_id
    LEFT JOIN oneroster_org o ON o.tenant_id = c.tenant_id AND o.id = c.org_id
    WHERE t.tenant_id = %(tenant)s""",  # noqa: S608
    told(
        role=("role", "text"),
        primary=("is_primary", "flag"),
        beginDate=("begin_on", "day"),
        endDate=("end_on", "day"),
        class_sourcedId=("class_sourced", "text"),
        user_sourcedId=("user_sourced", "text"),
        school_sourcedId=("school", "text"),
    ),
)
