"""The person of whom a provider says this or that: known by e-mail address, and by nothing that could be another id."""

import pytest

from dashboard.queries.visitor import NotSignedIn, person, person_of
from jobs.people import LONGEST_ID, Person, operator


def test_without_sign_in_it_is_whoever_runs_the_server() -> None:
    assert person() == operator()


def test_a_person_is_known_by_the_address_in_small_letters_whatever_the_name() -> None:
    first = person_of({"email": " Ada@Example.org ", "name": "Ada  Byron", "groups": ["reviewers", 3, " "]})
    assert first == Person("ada@example.org", "Ada Byron", ("reviewers",))
    assert person_of({"email": "ADA@example.org", "name": "Ada Lovelace"}).id == first.id
    assert person_of({"email": "ada@example.org"}).name == "ada@example.org"
    assert person_of({"email": "ada@example.org", "groups": "reviewers, admins ,"}).groups == ("reviewers", "admins")


@pytest.mark.parametrize("claims", [{}, {"email": None}, {"email": ""}, {"email": ["a@b"]}, {"sub": "ada"}])
def test_a_token_without_an_address_says_what_the_provider_must_send(claims: dict[str, object]) -> None:
    with pytest.raises(NotSignedIn, match="no e-mail address") as refused:
        person_of(claims)
    assert "claim “email”" in refused.value.advice


@pytest.mark.parametrize("verified", [False, "false", "False"])
def test_an_address_that_is_not_verified_is_refused(verified: object) -> None:
    with pytest.raises(NotSignedIn, match="not been verified"):
        person_of({"email": "ada@example.org", "email_verified": verified})
    assert person_of({"email": "ada@example.org", "email_verified": True}).id == "ada@example.org"


@pytest.mark.parametrize(
    "address", ["os:root", "os:root@example.org", "group:admins@x", "a@os:root", "ada", "@x", "a@b@c", "a b@c", "a@"]
)
def test_no_address_passes_for_the_operator_or_a_group(address: str) -> None:
    with pytest.raises(NotSignedIn, match="is no e-mail address"):
        person_of({"email": address})


def test_an_address_that_is_too_long_is_refused_and_a_name_that_is_too_long_is_cut() -> None:
    with pytest.raises(NotSignedIn):
        person_of({"email": f"{'a' * LONGEST_ID}@example.org"})
    assert len(person_of({"email": "ada@example.org", "name": "A" * 5_000}).name) == 200
