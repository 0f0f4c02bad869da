"""Who asks: a person who has signed in, or whoever runs this process; and what each of them may do."""

import json
import os
import pwd
from dataclasses import asdict, dataclass
from enum import IntEnum

LONGEST_ID = 254
"""Characters of an e-mail address (RFC 5321, 4.5.3.1.3, without its angle brackets)."""
_OF_SYSTEM = "os:"


class Role(IntEnum):
    """What somebody may do; each may do what those before it may."""

    LOOK = 1
    REVIEW = 2
    LAUNCH = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """The role as it is written and stored."""
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> "Role | None":
        """The role of this word; None if there is none."""
        return {role.word: role for role in cls}.get(word.strip().lower())


@dataclass(frozen=True)
class Person:
    """Who asks for something: an e-mail address in small letters as `id`, or "os:NAME" of the operating system's user.

    `groups` are those that the provider named at sign-in.
    """

    id: str
    name: str
    groups: tuple[str, ...] = ()

    @property
    def is_operator(self) -> bool:
        """Whether it is the operating system's user, who owns the files of the store and so may do everything."""
        return self.id.startswith(_OF_SYSTEM)

    @property
    def written(self) -> str:
        """The person as a line of JSON, for `read_person` in another process."""
        return json.dumps(asdict(self))


def operator() -> Person:
    """Who runs this process, by the operating system."""
    name = system_user()
    return Person(f"{_OF_SYSTEM}{name}", name)


def name_or_id(person_id: str, name: str | None) -> str:
    """What to call somebody: by the name of the last sign-in, or else by the id."""
    return name or person_id.removeprefix(_OF_SYSTEM)


def read_person(written: str) -> Person:
    """The person that `Person.written` has written; whoever runs this process where nobody or an operator is."""
    values = json.loads(written) if written else {"id": _OF_SYSTEM}
    if values["id"].startswith(_OF_SYSTEM):
        return operator()
    return Person(values["id"], values["name"], tuple(values["groups"]))


def system_user() -> str:
    """What the operating system calls whoever runs this."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
