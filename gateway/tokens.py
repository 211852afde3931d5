"""Consistency tokens on their way through: the client keeps one, whatever service answered."""

from uuid import UUID

from shared.ids import PLATFORM
from shared.problems import Problem
from shared.token import Token


class TokenMalformed(Problem):
    """The Consistency-Token is malformed."""

    def __init__(self) -> None:
        super().__init__(400, "consistency-token-malformed", str(self.__doc__))


def read_token(header: str | None) -> Token:
    if header is None:
        return Token()
    try:
        return Token.decode(header)
    except ValueError as error:
        raise TokenMalformed from error


def merged(sent: Token, answered: list[str], tenant_id: UUID) -> Token:
    """What the client sent, moved on by what services answered. Other tenants' entries are left behind."""
    token = Token({key: position for key, position in sent.entries.items() if key[1] in (tenant_id, PLATFORM)})
    for text in answered:
        token = token.merge(Token.decode(text))
    return token
