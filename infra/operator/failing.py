"""What an operator hears when a command cannot do its work: one sentence that says what to do."""

import errno

import psycopg
from aiokafka.errors import KafkaConnectionError, KafkaError, UnknownTopicOrPartitionError
from psycopg import errors

from infra.native.problems import CannotStart
from infra.operator.access import NotConfigured
from shared.database import UnsafeDatabase
from shared.errors import DomainError
from shared.relay import TopicChanged, UnknownRecords
from shared.topics import WrongTopic

SPOKEN = (NotConfigured, CannotStart, UnsafeDatabase, WrongTopic)
"""Their messages are sentences for the operator already."""

Refusals = dict[type[BaseException] | tuple[type[BaseException], ...], str]

POSTGRES: Refusals = {
    (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction, errors.InvalidSchemaName): (
        "The database lacks what this release expects ({reason}): run `rollbook migrate` for the service."
    ),
    errors.DiskFull: "PostgreSQL's disk is full: make room on it, then run the command again. Nothing was changed.",
    errors.InsufficientPrivilege: "PostgreSQL does not let this role do it ({reason}): use the DSN of the right role.",
    errors.ReadOnlySqlTransaction: "This PostgreSQL server only reads: connect to the primary.",
    (errors.QueryCanceled, errors.LockNotAvailable): (
        "PostgreSQL was too busy to answer in time ({reason}): run the command again. Nothing was changed."
    ),
    errors.UniqueViolation: "Somebody else did this at the same time ({reason}): look at what there is now.",
    psycopg.OperationalError: (
        "PostgreSQL cannot be reached ({reason}): start it, or correct the DSN, then run the command again."
    ),
    psycopg.Error: "PostgreSQL refused ({reason}). Nothing was changed; `rollbook doctor` looks for the cause.",
}
OTHERS: Refusals = {
    UnknownTopicOrPartitionError: "Kafka does not have the topic: start the service's worker once, it makes it.",
    KafkaConnectionError: "Kafka cannot be reached: start it, or correct <SERVICE>_KAFKA, then run the command again.",
    KafkaError: "Kafka refused ({reason}): `rollbook doctor` looks for the cause.",
    (UnknownRecords, TopicChanged): (
        "Kafka holds what the log does not have: `rollbook relay verify` says where, `rollbook generation new` is the"
        " way out when history was cut."
    ),
    TimeoutError: "PostgreSQL or Kafka did not answer in time: `rollbook doctor` looks for the cause.",
    PermissionError: "This user may not read or write {reason}: run the command as the user who may.",
}


def sentence_of(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, DomainError):
        return error.detail
    if isinstance(error, SPOKEN):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full here: make room, then run the command again."
    for kinds, sentence in (POSTGRES | OTHERS).items():
        if isinstance(error, kinds):
            return sentence.format(reason=_reason(error))
    return (
        f"The command met something that it does not know ({type(error).__name__}: {_reason(error)}):"
        " set ROLLBOOK_TRACEBACK=1, run it again and report what it prints."
    )


def _reason(error: BaseException) -> str:
    """In the server's own words, on one line: of several lines libpq's last one names the cause."""
    if isinstance(error, PermissionError) and error.filename:
        return str(error.filename)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return error.diag.message_primary
    return lines[0].rstrip(".") if lines else type(error).__name__
