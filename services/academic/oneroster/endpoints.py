"""The endpoints of OneRoster's rostering service that are answered: one line each."""

from collections.abc import Iterator
from typing import NamedTuple

from academic.oneroster.documents import BASE
from academic.oneroster.resources import CLASS, COURSE, ENROLLMENT, ORG, SESSION, USER, Resource


class Endpoint(NamedTuple):
    """`condition` over the rows `r`; `parents`: what the ids in the path name, in their order. A path that ends with
    an id answers one document."""

    name: str
    path: str
    permission: str
    resource: Resource
    condition: str
    parents: tuple["Parent", ...] = ()

    @property
    def single(self) -> bool:
        return self.path.endswith("}")


class Parent(NamedTuple):
    resource: Resource
    condition: str


SCHOOL = Parent(ORG, "r.type = 'school'")
TERM = Parent(SESSION, "r.type = 'term'")
COURSES = Parent(COURSE, "true")
CLASSES = Parent(CLASS, "true")
STUDENT = Parent(USER, "'student' = ANY (r.roles)")
TEACHER = Parent(USER, "'teacher' = ANY (r.roles)")
USERS = Parent(USER, "true")


def _sits(role: str, class_id: str) -> str:
    """The people who have this role in the class whose sourcedId is the parameter."""
    return f"""r.id IN (
        SELECT e.person_id FROM oneroster_enrollment e
        JOIN oneroster_class c ON c.tenant_id = e.tenant_id AND c.id = e.class_id
        WHERE e.tenant_id = r.tenant_id AND c.sourced_id = %({class_id})s AND e.role = '{role}' AND NOT e.gone)"""  # noqa: S608


def _classes_of(roles: str) -> str:
    return f"""r.id IN (
        SELECT e.class_id FROM oneroster_enrollment e
        JOIN oneroster_user u ON u.tenant_id = e.tenant_id AND u.id = e.person_id
        WHERE e.tenant_id = r.tenant_id AND u.sourced_id = %(id0)s AND e.role IN ({roles}) AND NOT e.gone)"""  # noqa: S608


def _both(one: str, many: str, path: str, permission: str, among: Parent) -> Iterator[Endpoint]:
    """A collection and its single documents."""
    yield Endpoint(many, path, permission, among.resource, among.condition)
    by_id = f"{among.condition} AND r.sourced_id = %(id0)s"
    yield Endpoint(one, f"{path}/{{sourcedId}}", permission, among.resource, by_id)


def _of_school(many: str, path: str, permission: str, among: Parent, condition: str) -> Endpoint:
    both = f"{among.condition} AND {condition}"
    return Endpoint(
        f"get{many}ForSchool", f"/schools/{{sourcedId}}/{path}", permission, among.resource, both, (SCHOOL,)
    )


def _of_class_in_school(many: str, permission: str, resource: Resource, condition: str) -> Endpoint:
    path = f"/schools/{{sourcedId}}/classes/{{classSourcedId}}/{many.lower()}"
    parents = (SCHOOL, Parent(CLASS, "r.school = %(id0)s"))
    return Endpoint(f"get{many}ForClassInSchool", path, permission, resource, condition, parents)


ENDPOINTS: tuple[Endpoint, ...] = (
    *_both("getOrg", "getAllOrgs", "/orgs", "school.read", Parent(ORG, "true")),
    *_both("getSchool", "getAllSchools", "/schools", "school.read", SCHOOL),
    *_both("getAcademicSession", "getAllAcademicSessions", "/academicSessions", "school.read", Parent(SESSION, "true")),
    *_both("getTerm", "getAllTerms", "/terms", "school.read", TERM),
    *_both(
        "getGradingPeriod",
        "getAllGradingPeriods",
        "/gradingPeriods",
        "school.read",
        Parent(SESSION, "r.type = 'gradingPeriod'"),
    ),
    *_both("getCourse", "getAllCourses", "/courses", "school.read", COURSES),
    *_both("getClass", "getAllClasses", "/classes", "classes.read", CLASSES),
    *_both("getUser", "getAllUsers", "/users", "people.read", USERS),
    *_both("getStudent", "getAllStudents", "/students", "people.read", STUDENT),
    *_both("getTeacher", "getAllTeachers", "/teachers", "people.read", TEACHER),
    *_both("getEnrollment", "getAllEnrollments", "/enrollments", "enrolments.read", Parent(ENROLLMENT, "true")),
    _of_school("Terms", "terms", "school.read", TERM, "true"),
    _of_school("Courses", "courses", "school.read", COURSES, "r.org = %(id0)s"),
    _of_school("Classes", "classes", "classes.read", CLASSES, "r.school = %(id0)s"),
    _of_school("Enrollments", "enrollments", "enrolments.read", Parent(ENROLLMENT, "true"), "r.school = %(id0)s"),
    _of_school("Students", "students", "people.read", STUDENT, "%(id0)s = ANY (r.orgs)"),
    _of_school("Teachers", "teachers", "people.read", TEACHER, "%(id0)s = ANY (r.orgs)"),
    _of_class_in_school("Enrollments", "enrolments.read", ENROLLMENT, "r.class_sourced = %(id1)s"),
    _of_class_in_school("Students", "people.read", USER, _sits("student", "id1")),
    _of_class_in_school("Teachers", "people.read", USER, _sits("teacher", "id1")),
    Endpoint(
        "getClassesForTerm", "/terms/{sourcedId}/classes", "classes.read", CLASS, "%(id0)s = ANY (r.terms)", (TERM,)
    ),
    Endpoint(
        "getGradingPeriodsForTerm",
        "/terms/{sourcedId}/gradingPeriods",
        "school.read",
        SESSION,
        "r.type = 'gradingPeriod' AND r.parent = %(id0)s",
        (TERM,),
    ),
    Endpoint(
        "getClassesForCourse", "/courses/{sourcedId}/classes", "classes.read", CLASS, "r.course = %(id0)s", (COURSES,)
    ),
    Endpoint(
        "getStudentsForClass",
        "/classes/{sourcedId}/students",
        "people.read",
        USER,
        _sits("student", "id0"),
        (CLASSES,),
    ),
    Endpoint(
        "getTeachersForClass",
        "/classes/{sourcedId}/teachers",
        "people.read",
        USER,
        _sits("teacher", "id0"),
        (CLASSES,),
    ),
    Endpoint(
        "getClassesForStudent",
        "/students/{sourcedId}/classes",
        "enrolments.read",
        CLASS,
        _classes_of("'student'"),
        (STUDENT,),
    ),
    Endpoint(
        "getClassesForTeacher",
        "/teachers/{sourcedId}/classes",
        "enrolments.read",
        CLASS,
        _classes_of("'teacher'"),
        (TEACHER,),
    ),
    Endpoint(
        "getClassesForUser",
        "/users/{sourcedId}/classes",
        "enrolments.read",
        CLASS,
        _classes_of("'student', 'teacher'"),
        (USERS,),
    ),
)


def path_of(endpoint: Endpoint) -> str:
    return BASE + endpoint.path
